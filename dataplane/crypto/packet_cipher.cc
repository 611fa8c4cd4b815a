#include "crypto/packet_cipher.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "crypto/ipsec_mb.h"

namespace fanlight::crypto {
namespace {

constexpr std::size_t kBlockBytes = 16;
constexpr std::size_t kCounterOffset = 14;  // Where the block counter starts; the salt covers what stands before.

using Block = std::array<std::byte, kBlockBytes>;

// In two words of eight bytes: put together byte by byte, the block would not be ready when it is read.
Block counter_block(const std::array<std::byte, kCounterOffset>& salt, SeqNo seq) {
  std::uint64_t front, back;
  std::memcpy(&front, salt.data(), sizeof front);
  std::memcpy(&back, salt.data() + kCounterOffset - sizeof back, sizeof back);
  back = (back ^ std::uint64_t{__builtin_bswap32(seq.raw)} << 32) >> 16;
  Block block;
  std::memcpy(block.data(), &front, sizeof front);
  std::memcpy(block.data() + sizeof front, &back, sizeof back);
  return block;
}

}  // namespace

// A thread's own, for packets that come alone.
static CipherBatch& batch_of_one() {
  thread_local CipherBatch batch;
  return batch;
}

KeySchedule::KeySchedule(const Key& key, const wire::Salt& salt) : key_bytes_(static_cast<std::uint16_t>(key.size())) {
  std::copy_n(salt.begin(), salt_.size(), salt_.begin());
  alignas(16) std::array<std::byte, sizeof round_keys_> backwards;  // Counter mode has no use for it.
  IMB_MGR* const with = ipsec_manager();
  const void* const bytes = key.bytes().data();
  if (key.size() == 16) {
    IMB_AES_KEYEXP_128(with, bytes, round_keys_.data(), backwards.data());
  } else if (key.size() == 24) {
    IMB_AES_KEYEXP_192(with, bytes, round_keys_.data(), backwards.data());
  } else {
    IMB_AES_KEYEXP_256(with, bytes, round_keys_.data(), backwards.data());
  }
  OPENSSL_cleanse(backwards.data(), backwards.size());
}

KeySchedule::~KeySchedule() { OPENSSL_cleanse(round_keys_.data(), round_keys_.size()); }

PacketCipher::PacketCipher(const Key& key, const wire::Salt& salt)
    : schedule_(std::make_unique<KeySchedule>(key, salt)) {}

bool PacketCipher::apply(SeqNo seq, ByteSpan in, MutableByteSpan out) const noexcept {
  CHECK(out.size() >= in.size());
  return apply_one(*schedule_, seq, in, out.data());
}

bool apply_one(const KeySchedule& schedule, SeqNo seq, ByteSpan in, std::byte* out) noexcept {
  if (in.empty()) return true;
  CipherBatch& batch = batch_of_one();
  batch.add(schedule, seq, in, out);
  return batch.run();
}

struct CipherBatch::Jobs {
  std::array<IMB_JOB, kMax> jobs{};
  alignas(16) std::array<Block, kMax> counters{};
};

CipherBatch::CipherBatch() : jobs_(std::make_unique<Jobs>()) {
  for (std::size_t i = 0; i < kMax; ++i) {
    IMB_JOB& job = jobs_->jobs[i];
    job.iv = reinterpret_cast<const std::uint8_t*>(jobs_->counters[i].data());
    job.iv_len_in_bytes = kBlockBytes;
    job.cipher_mode = IMB_CIPHER_CNTR;
    job.cipher_direction = IMB_DIR_ENCRYPT;
    job.hash_alg = IMB_AUTH_NULL;
    job.chain_order = IMB_ORDER_CIPHER_HASH;
  }
}

CipherBatch::~CipherBatch() = default;

void CipherBatch::add(const KeySchedule& schedule, SeqNo seq, ByteSpan in, std::byte* out) noexcept {
  DCHECK(size_ < kMax && !in.empty());
  jobs_->counters[size_] = counter_block(schedule.salt_, seq);
  IMB_JOB& job = jobs_->jobs[size_++];
  job.enc_keys = schedule.round_keys_.data();
  job.key_len_in_bytes = schedule.key_bytes_;
  job.src = reinterpret_cast<const std::uint8_t*>(in.data());
  job.dst = reinterpret_cast<std::uint8_t*>(out);
  job.msg_len_to_cipher_in_bytes = in.size();
}

// The library takes one key length at a time; an audience has one as a rule.
bool CipherBatch::run() noexcept {
  bool is_done = true;
  for (std::size_t first = 0; first < size_;) {
    IMB_JOB* const job = &jobs_->jobs[first];
    std::size_t end = first + 1;
    while (end < size_ && jobs_->jobs[end].key_len_in_bytes == job->key_len_in_bytes) ++end;
    const auto many = static_cast<std::uint32_t>(end - first);
    const auto key_bytes = static_cast<IMB_KEY_SIZE_BYTES>(job->key_len_in_bytes);
    const std::uint32_t done =
        IMB_SUBMIT_CIPHER_BURST(ipsec_manager(), job, many, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, key_bytes);
    is_done = is_done && done == many;
    first = end;
  }
  size_ = 0;
  return is_done;
}

void prepare_thread() {
  static_cast<void>(ipsec_manager());
  static_cast<void>(batch_of_one());
}

}  // namespace fanlight::crypto
