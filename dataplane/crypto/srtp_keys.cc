#include "crypto/srtp_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "crypto/ipsec_mb.h"

namespace fanlight::crypto {
namespace {

constexpr std::size_t kBlockBytes = 16;
constexpr std::size_t kAeadNonceBytes = 12;
constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kSha1BlockBytes = 64;
constexpr std::size_t kRolloverBytes = 4;
constexpr std::size_t kControlHeaderBytes = 8;
constexpr std::uint32_t kEncryptedBit = 0x8000'0000;

using Block = std::array<std::byte, kBlockBytes>;

std::uint8_t* raw(std::byte* bytes) { return reinterpret_cast<std::uint8_t*>(bytes); }
const std::uint8_t* raw(const std::byte* bytes) { return reinterpret_cast<const std::uint8_t*>(bytes); }

void xor_into(std::byte* to, ByteSpan from) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] ^= from[i];
}

// The state of SHA-1 behind the key's block, which HMAC begins from: once inside, once outside. RFC 2104
void begin_hmac(ByteSpan key, std::byte pad, std::array<std::uint32_t, 5>& state) {
  std::array<std::byte, kSha1BlockBytes> block;
  block.fill(pad);
  xor_into(block.data(), key);
  IMB_SHA1_ONE_BLOCK(ipsec_manager(), block.data(), state.data());
  OPENSSL_cleanse(block.data(), block.size());
}

}  // namespace

// The session keys of RTP, or of RTCP.
struct SrtpKeys::Half {
  alignas(64) std::array<std::byte, 15 * kBlockBytes> round_keys;  // AES-CM.
  alignas(64) gcm_key_data aead;                                   // AEAD.
  std::array<std::uint32_t, 5> hmac_inside;
  std::array<std::uint32_t, 5> hmac_outside;
  std::array<std::byte, 14> salt;
  bool is_aead;
  bool is_256;

  Half(SrtpSuite suite, const SrtpSessionKey& from);

  // Salt, SSRC and index, and room for a counter of blocks. RFC 3711 §4.1.1
  [[nodiscard]] Block counter(std::uint32_t ssrc, std::uint64_t index) const noexcept {
    Block block{};
    store_be32(block.data() + 4, ssrc);
    store_be64(block.data() + 8, index << 16);
    xor_into(block.data(), salt);
    return block;
  }
  // The same for AEAD: 12 bytes. RFC 7714 §8.1, §9.1: the index's 48 bits, or 31, stand at the end.
  [[nodiscard]] Block nonce(std::uint32_t ssrc, std::uint64_t index) const noexcept {
    Block block{};
    store_be64(block.data() + 4, index);
    store_be32(block.data() + 2, ssrc);
    xor_into(block.data(), std::span(salt).first(kAeadNonceBytes));
    return block;
  }
  [[nodiscard]] bool count_cipher(std::span<IMB_JOB> jobs) const noexcept;
  [[nodiscard]] bool count_cipher(const Block& block, MutableByteSpan text) const noexcept;
  void describe_cipher(IMB_JOB& job, const Block& block, MutableByteSpan text) const noexcept;
  void describe_hmac(IMB_JOB& job, ByteSpan text, std::byte* tag) const noexcept;
  [[nodiscard]] bool hmac(ByteSpan text, std::byte* tag) const noexcept;
  void seal(const Block& nonce, ByteSpan clear, MutableByteSpan text, std::byte* tag) const noexcept;
  void open(const Block& nonce, ByteSpan clear, MutableByteSpan text, std::byte* tag) const noexcept;
};

struct SrtpKeys::Both : InSecretMemory {
  Both(SrtpSuite suite, const SrtpSessionKeys& from) : rtp(suite, from.rtp), rtcp(suite, from.rtcp) {}
  ~Both() { OPENSSL_cleanse(this, sizeof *this); }
  Both(Both&&) = delete;
  Half rtp;
  Half rtcp;
};

SrtpKeys::Half::Half(SrtpSuite suite, const SrtpSessionKey& from)
    : salt(from.salt), is_aead(form_of(suite).is_aead), is_256(form_of(suite).key_bytes == 32) {
  IMB_MGR* const with = ipsec_manager();
  if (is_aead && is_256) {
    IMB_AES256_GCM_PRE(with, from.key.data(), &aead);
  } else if (is_aead) {
    IMB_AES128_GCM_PRE(with, from.key.data(), &aead);
  } else {
    alignas(16) std::array<std::byte, sizeof round_keys> backwards;  // Counter mode has no use for it.
    IMB_AES_KEYEXP_128(with, from.key.data(), round_keys.data(), backwards.data());
    OPENSSL_cleanse(backwards.data(), backwards.size());
    begin_hmac(from.authentication, std::byte{0x36}, hmac_inside);
    begin_hmac(from.authentication, std::byte{0x5C}, hmac_outside);
  }
}

void SrtpKeys::Half::describe_cipher(IMB_JOB& job, const Block& block, MutableByteSpan text) const noexcept {
  job.iv = raw(block.data());
  job.iv_len_in_bytes = kBlockBytes;
  job.cipher_mode = IMB_CIPHER_CNTR;
  job.cipher_direction = IMB_DIR_ENCRYPT;
  job.hash_alg = IMB_AUTH_NULL;
  job.chain_order = IMB_ORDER_CIPHER_HASH;
  job.enc_keys = round_keys.data();
  job.key_len_in_bytes = 16;
  job.src = raw(text.data());
  job.dst = raw(text.data());
  job.msg_len_to_cipher_in_bytes = text.size();
}

bool SrtpKeys::Half::count_cipher(std::span<IMB_JOB> jobs) const noexcept {
  if (jobs.empty()) return true;
  const auto many = static_cast<std::uint32_t>(jobs.size());
  return IMB_SUBMIT_CIPHER_BURST(ipsec_manager(), jobs.data(), many, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
                                 IMB_KEY_128_BYTES) == many;
}

bool SrtpKeys::Half::count_cipher(const Block& block, MutableByteSpan text) const noexcept {
  if (text.empty()) return true;
  IMB_JOB job{};
  describe_cipher(job, block, text);
  return count_cipher({&job, 1});
}

// `tag` has room for all of SHA-1.
void SrtpKeys::Half::describe_hmac(IMB_JOB& job, ByteSpan text, std::byte* tag) const noexcept {
  job.cipher_mode = IMB_CIPHER_NULL;
  job.hash_alg = IMB_AUTH_HMAC_SHA_1;
  job.chain_order = IMB_ORDER_HASH_CIPHER;
  job.src = raw(text.data());
  job.msg_len_to_hash_in_bytes = text.size();
  job.u.HMAC._hashed_auth_key_xor_ipad = reinterpret_cast<const std::uint8_t*>(hmac_inside.data());
  job.u.HMAC._hashed_auth_key_xor_opad = reinterpret_cast<const std::uint8_t*>(hmac_outside.data());
  job.auth_tag_output = raw(tag);
  job.auth_tag_output_len_in_bytes = kSha1Bytes;
}

bool SrtpKeys::Half::hmac(ByteSpan text, std::byte* tag) const noexcept {
  IMB_JOB job{};
  describe_hmac(job, text, tag);
  return hash_sha1({&job, 1});
}

void SrtpKeys::Half::seal(const Block& nonce, ByteSpan clear, MutableByteSpan text, std::byte* tag) const noexcept {
  gcm_context_data context;
  const auto* const iv = raw(nonce.data());
  if (is_256) {
    IMB_AES256_GCM_ENC(ipsec_manager(), &aead, &context, raw(text.data()), raw(text.data()), text.size(), iv,
                       raw(clear.data()), clear.size(), raw(tag), kSrtpTagBytesMax);
  } else {
    IMB_AES128_GCM_ENC(ipsec_manager(), &aead, &context, raw(text.data()), raw(text.data()), text.size(), iv,
                       raw(clear.data()), clear.size(), raw(tag), kSrtpTagBytesMax);
  }
}

void SrtpKeys::Half::open(const Block& nonce, ByteSpan clear, MutableByteSpan text, std::byte* tag) const noexcept {
  gcm_context_data context;
  const auto* const iv = raw(nonce.data());
  if (is_256) {
    IMB_AES256_GCM_DEC(ipsec_manager(), &aead, &context, raw(text.data()), raw(text.data()), text.size(), iv,
                       raw(clear.data()), clear.size(), raw(tag), kSrtpTagBytesMax);
  } else {
    IMB_AES128_GCM_DEC(ipsec_manager(), &aead, &context, raw(text.data()), raw(text.data()), text.size(), iv,
                       raw(clear.data()), clear.size(), raw(tag), kSrtpTagBytesMax);
  }
}

SrtpKeys::SrtpKeys(const SrtpMaster& master) : SrtpKeys(master.suite, derive_srtp(master)) {
  packets_max_ = master.packets_max;
}

SrtpKeys::SrtpKeys(SrtpSuite suite, const SrtpSessionKeys& keys)
    : suite_(suite), both_(std::make_unique<Both>(suite, keys)) {}

SrtpKeys::~SrtpKeys() = default;

bool SrtpKeys::protect(std::span<const Packet> packets) const noexcept {
  const Half& half = both_->rtp;
  const std::size_t tag_bytes = form().rtp_tag_bytes;
  DCHECK(packets.size() <= kBatchMax);
  if (half.is_aead) {
    for (const Packet& packet : packets) {
      const std::size_t end = packet.bytes.size() - tag_bytes;
      half.seal(half.nonce(packet.ssrc, packet.index), packet.bytes.first(packet.header_bytes),
                packet.bytes.subspan(packet.header_bytes, end - packet.header_bytes), packet.bytes.data() + end);
    }
    return true;
  }
  std::array<IMB_JOB, kBatchMax> jobs{};
  std::array<Block, kBatchMax> counters;
  std::array<std::array<std::byte, kSha1Bytes>, kBatchMax> tags;
  std::size_t many = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const Packet& packet = packets[i];
    const std::size_t end = packet.bytes.size() - tag_bytes;
    if (end == packet.header_bytes) continue;
    counters[i] = half.counter(packet.ssrc, packet.index);
    half.describe_cipher(jobs[many++], counters[i],
                         packet.bytes.subspan(packet.header_bytes, end - packet.header_bytes));
  }
  if (!half.count_cipher(std::span(jobs).first(many))) return false;
  jobs = {};
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const std::span bytes = packets[i].bytes;
    const std::size_t end = bytes.size() - tag_bytes;
    store_be32(bytes.data() + end, static_cast<std::uint32_t>(packets[i].index >> 16));  // Where the tag will stand.
    half.describe_hmac(jobs[i], bytes.first(end + kRolloverBytes), tags[i].data());
  }
  if (!hash_sha1(std::span(jobs).first(packets.size()))) return false;
  for (std::size_t i = 0; i < packets.size(); ++i)
    std::copy_n(tags[i].begin(), tag_bytes, packets[i].bytes.end() - static_cast<std::ptrdiff_t>(tag_bytes));
  return true;
}

bool SrtpKeys::unprotect(const Packet& packet) const noexcept {
  const Half& half = both_->rtp;
  const std::size_t tag_bytes = form().rtp_tag_bytes;
  if (packet.bytes.size() < packet.header_bytes + tag_bytes) return false;
  const std::size_t end = packet.bytes.size() - tag_bytes;
  const MutableByteSpan text = packet.bytes.subspan(packet.header_bytes, end - packet.header_bytes);
  std::byte* const tag = packet.bytes.data() + end;
  std::array<std::byte, kSha1Bytes> expected;
  if (half.is_aead) {
    const Block nonce = half.nonce(packet.ssrc, packet.index);
    const ByteSpan clear = packet.bytes.first(packet.header_bytes);
    half.open(nonce, clear, text, expected.data());
    if (CRYPTO_memcmp(expected.data(), tag, tag_bytes) == 0) return true;
    half.open(nonce, clear, text, expected.data());  // Its own inverse but for the tag.
    return false;
  }
  std::array<std::byte, kSrtpTagBytesMax> given;
  std::copy_n(tag, tag_bytes, given.begin());
  store_be32(tag, static_cast<std::uint32_t>(packet.index >> 16));
  const bool is_ours = half.hmac(packet.bytes.first(end + kRolloverBytes), expected.data()) &&
                       CRYPTO_memcmp(expected.data(), given.data(), tag_bytes) == 0;
  std::copy_n(given.begin(), tag_bytes, tag);
  return is_ours && half.count_cipher(half.counter(packet.ssrc, packet.index), text);
}

std::size_t SrtpKeys::protect_control(MutableByteSpan room, std::size_t bytes, std::uint32_t index) const noexcept {
  const Half& half = both_->rtcp;
  const std::size_t whole = bytes + form().rtcp_tag_bytes + kSrtcpIndexBytes;
  if (bytes < kControlHeaderBytes || whole > room.size() || index >= kSrtcpIndexEnd) return 0;
  const std::uint32_t ssrc = load_be32(room.data() + 4);
  const MutableByteSpan text = room.subspan(kControlHeaderBytes, bytes - kControlHeaderBytes);
  if (half.is_aead) {
    std::array<std::byte, kControlHeaderBytes + kSrtcpIndexBytes> clear;
    std::copy_n(room.begin(), kControlHeaderBytes, clear.begin());
    store_be32(clear.data() + kControlHeaderBytes, kEncryptedBit | index);
    half.seal(half.nonce(ssrc, index), clear, text, room.data() + bytes);
    store_be32(room.data() + whole - kSrtcpIndexBytes, kEncryptedBit | index);
    return whole;
  }
  std::array<std::byte, kSha1Bytes> tag;
  if (!half.count_cipher(half.counter(ssrc, index), text)) return 0;
  store_be32(room.data() + bytes, kEncryptedBit | index);
  if (!half.hmac(room.first(bytes + kSrtcpIndexBytes), tag.data())) return 0;
  std::copy_n(tag.begin(), form().rtcp_tag_bytes, room.data() + bytes + kSrtcpIndexBytes);
  return whole;
}

std::uint32_t SrtpKeys::peek_control_index(ByteSpan datagram) const noexcept {
  const std::size_t behind = kSrtcpIndexBytes + (form().is_aead ? 0 : form().rtcp_tag_bytes);
  if (datagram.size() < kControlHeaderBytes + form().rtcp_tag_bytes + kSrtcpIndexBytes) return kSrtcpIndexEnd;
  const std::uint32_t word = load_be32(datagram.data() + datagram.size() - behind);
  return (word & kEncryptedBit) != 0 ? word & ~kEncryptedBit : kSrtcpIndexEnd;
}

std::size_t SrtpKeys::unprotect_control(MutableByteSpan datagram) const noexcept {
  const Half& half = both_->rtcp;
  const std::uint32_t index = peek_control_index(datagram);
  if (index == kSrtcpIndexEnd) return 0;
  const std::uint32_t ssrc = load_be32(datagram.data() + 4);
  const std::size_t bytes = datagram.size() - form().rtcp_tag_bytes - kSrtcpIndexBytes;
  const MutableByteSpan text = datagram.subspan(kControlHeaderBytes, bytes - kControlHeaderBytes);
  std::array<std::byte, kSha1Bytes> expected;
  if (half.is_aead) {
    std::array<std::byte, kControlHeaderBytes + kSrtcpIndexBytes> clear;
    std::copy_n(datagram.begin(), kControlHeaderBytes, clear.begin());
    store_be32(clear.data() + kControlHeaderBytes, kEncryptedBit | index);
    half.open(half.nonce(ssrc, index), clear, text, expected.data());
    return CRYPTO_memcmp(expected.data(), datagram.data() + bytes, form().rtcp_tag_bytes) == 0 ? bytes : 0;
  }
  const std::byte* const tag = datagram.data() + bytes + kSrtcpIndexBytes;
  const bool is_ours = half.hmac(datagram.first(bytes + kSrtcpIndexBytes), expected.data()) &&
                       CRYPTO_memcmp(expected.data(), tag, form().rtcp_tag_bytes) == 0;
  return is_ours && half.count_cipher(half.counter(ssrc, index), text) ? bytes : 0;
}

}  // namespace fanlight::crypto
