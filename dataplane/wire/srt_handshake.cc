#include "wire/srt_handshake.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace fanlight::wire {
namespace {

constexpr std::size_t kBlockHeaderBytes = 4;
constexpr std::size_t kCapabilityBytes = 12;
constexpr std::size_t kGroupBytes = 8;
constexpr std::size_t kStreamIdBytesMax = 512;
constexpr std::size_t kPeerIpOffset = 32;

void reverse_word(std::uint8_t* to, const std::byte* from) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(from[3 - i]);
}

bool is_zero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

IpAddress read_peer_ip(ByteSpan words) {
  if (is_zero(words.subspan(4))) {
    IpAddress v4 = IpAddress::v4(0, 0, 0, 0);
    reverse_word(v4.bytes.data() + 12, words.data());
    return v4;
  }
  IpAddress ip;
  for (std::size_t at = 0; at < 16; at += 4) reverse_word(ip.bytes.data() + at, words.data() + at);
  return ip;
}

// Four bytes as one reversed group: the group's little-endian value in network order.
void write_reversed(ByteWriter& writer, const void* group, std::size_t size = 4) {
  std::uint32_t word = 0;
  std::memcpy(&word, group, size);
  writer.u32(word);
}

void write_peer_ip(ByteWriter& writer, const IpAddress& ip) {
  if (ip.is_v4()) {
    write_reversed(writer, ip.bytes.data() + 12);
    writer.zeros(12);
    return;
  }
  for (std::size_t at = 0; at < 16; at += 4) write_reversed(writer, ip.bytes.data() + at);
}

// Blocks of text: every group of 4 reversed, zero padded; what stands behind the first zero is padding.
std::string read_text(ByteSpan block) {
  std::string text;
  text.reserve(block.size());
  for (std::size_t i = 0; i < block.size(); ++i) text.push_back(static_cast<char>(block[i ^ 3]));
  text.resize(text.find_last_not_of('\0') + 1);  // Padding alone: a NUL within is what the caller said.
  return text;
}

void write_text(ByteWriter& writer, Extension type, std::string_view text) {
  if (text.empty()) return;
  writer.u16(static_cast<std::uint16_t>(type));
  writer.u16(static_cast<std::uint16_t>((text.size() + 3) / 4));
  for (std::size_t at = 0; at < text.size(); at += 4)
    write_reversed(writer, text.data() + at, std::min<std::size_t>(4, text.size() - at));
}

void write_capabilities(ByteWriter& writer, const HandshakePacket& packet) {
  if (!packet.capabilities) return;
  writer.u16(static_cast<std::uint16_t>(packet.is_response ? Extension::kHsRsp : Extension::kHsReq));
  writer.u16(kCapabilityBytes / 4);
  writer.u32(packet.capabilities->srt_version);
  writer.u32(packet.capabilities->flags);
  writer.u16(packet.capabilities->receiver_delay_ms);
  writer.u16(packet.capabilities->sender_delay_ms);
}

void write_key_block(ByteWriter& writer, const HandshakePacket& packet) {
  if (packet.key_message.empty()) return;
  DCHECK(packet.key_message.size() % 4 == 0);
  writer.u16(static_cast<std::uint16_t>(packet.is_response ? Extension::kKmRsp : Extension::kKmReq));
  writer.u16(static_cast<std::uint16_t>(packet.key_message.size() / 4));
  writer.bytes(packet.key_message);
}

// One block into `to`; of a repeated kind the first one counts. False when it is too short for its kind.
bool read_block(HandshakeExtensions& to, Extension type, ByteSpan block) {
  switch (type) {
    case Extension::kHsReq:
    case Extension::kHsRsp: {
      const auto capabilities = parse_capabilities(block);
      if (!capabilities) return false;
      if (to.capabilities) return true;
      to.capabilities = capabilities;
      to.is_response = type == Extension::kHsRsp;
      return true;
    }
    case Extension::kKmReq:
    case Extension::kKmRsp:
      if (to.key_message.empty()) to.key_message = block;
      return !block.empty();
    case Extension::kStreamId:
      if (block.empty() || block.size() > kStreamIdBytesMax)
        to.stream_id_oversized = true;
      else if (!to.stream_id)
        to.stream_id = read_text(block);
      return true;
    case Extension::kCongestion:
      if (!to.congestion) to.congestion = read_text(block);
      return !block.empty();
    case Extension::kFilter:
      if (!to.filter) to.filter = read_text(block);
      return !block.empty();
    case Extension::kGroup:
      to.has_group = true;
      return block.size() >= kGroupBytes;
  }
  return true;
}

void write_fields(ByteWriter& writer, const Handshake& handshake) {
  writer.u32(handshake.version);
  writer.u16(handshake.encryption);
  writer.u16(handshake.extension);
  writer.u32(handshake.first_seq.raw);
  writer.u32(handshake.mss);
  writer.u32(handshake.window_packets);
  writer.u32(static_cast<std::uint32_t>(handshake.request));
  writer.u32(handshake.socket.raw());
  writer.u32(handshake.cookie);
  write_peer_ip(writer, handshake.peer_ip);
}

}  // namespace

std::optional<Handshake> parse_handshake(ByteSpan content) noexcept {
  const auto reader = FixedReader<kHandshakeBytes>::over(content);
  if (!reader) return std::nullopt;
  return Handshake{.version = reader->u32<0>(),
                   .encryption = reader->u16<4>(),
                   .extension = reader->u16<6>(),
                   .first_seq = {reader->u32<8>()},
                   .mss = reader->u32<12>(),
                   .window_packets = reader->u32<16>(),
                   .request = static_cast<std::int32_t>(reader->u32<20>()),
                   .socket = SocketId{reader->u32<24>()},
                   .cookie = reader->u32<28>(),
                   .peer_ip = read_peer_ip(content.subspan(kPeerIpOffset, 16))};
}

// The fields are signed for libsrt, so a set top bit is out of range in all of them.
bool is_valid(const Handshake& handshake) noexcept {
  constexpr std::uint32_t kSignedMax = std::numeric_limits<std::int32_t>::max();
  const auto is_within = [](std::uint32_t value, std::uint32_t min) { return value >= min && value <= kSignedMax; };
  return is_within(handshake.version, 4) && handshake.first_seq.raw < kSeqMask && is_within(handshake.mss, 32) &&
         is_within(handshake.window_packets, 2);
}

// Up to 3 bytes may be left over: libsrt counts in words and never sees them.
std::optional<HandshakeBlock> HandshakeBlockReader::next() noexcept {
  if (is_broken_ || left_.size() < kBlockHeaderBytes) return std::nullopt;
  const auto type = static_cast<Extension>(load_be16(left_.data()));
  const std::size_t size = load_be16(left_.data() + 2) * std::size_t{4};
  is_broken_ = size > left_.size() - kBlockHeaderBytes;
  if (is_broken_) return std::nullopt;
  const ByteSpan content = left_.subspan(kBlockHeaderBytes, size);
  left_ = left_.subspan(kBlockHeaderBytes + size);
  return HandshakeBlock{type, content};
}

std::optional<HsCapabilities> parse_capabilities(ByteSpan content) noexcept {
  const auto reader = FixedReader<kCapabilityBytes>::over(content);
  if (!reader) return std::nullopt;
  return HsCapabilities{reader->u32<0>(), reader->u32<4>(), reader->u16<8>(), reader->u16<10>()};
}

std::optional<HandshakeExtensions> parse_handshake_extensions(ByteSpan content) {
  HandshakeExtensions extensions;
  HandshakeBlockReader blocks(content);
  while (const auto block = blocks.next())
    if (!read_block(extensions, block->type, block->content)) return std::nullopt;
  if (blocks.is_broken()) return std::nullopt;
  return extensions;
}

std::size_t write_handshake(MutableByteSpan out, const Handshake& handshake) noexcept {
  ByteWriter writer(out);
  write_fields(writer, handshake);
  return writer.written();
}

std::size_t write_handshake_packet(MutableByteSpan out, const HandshakePacket& packet, WireTime time,
                                   SocketId destination) noexcept {
  if (out.size() < kHeaderBytes) return 0;
  write_control_header(out.first<kHeaderBytes>(),
                       {.type = ControlType::kHandshake, .time = time, .destination = destination});
  ByteWriter writer(out.subspan(kHeaderBytes));
  write_fields(writer, packet.handshake);
  write_capabilities(writer, packet);
  write_text(writer, Extension::kStreamId, packet.stream_id);
  write_text(writer, Extension::kCongestion, packet.congestion);
  write_text(writer, Extension::kFilter, packet.filter);
  write_key_block(writer, packet);
  return writer.written() == 0 ? 0 : kHeaderBytes + writer.written();
}

}  // namespace fanlight::wire
