#include "wire/ts_packet.h"

#include <algorithm>
#include <array>

namespace fanlight::wire {
namespace {

constexpr std::byte kSync{0x47};
constexpr std::size_t kSectionHeadBytes = 8;  // table_id to last_section_number.
constexpr std::size_t kCrcBytes = 4;

unsigned u8(ByteSpan bytes, std::size_t at) { return std::to_integer<unsigned>(bytes[at]); }

// CRC-32/MPEG-2. Over a whole section, its own CRC included, it is 0. A table comes ten times a second at most and has
// some dozen bytes: not worth a lookup table.
std::uint32_t crc_of(ByteSpan section) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::byte byte : section) {
    crc ^= std::to_integer<std::uint32_t>(byte) << 24;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000'0000) != 0 ? 0x04C1'1DB7u : 0u);
  }
  return crc;
}

constexpr bool is_video(unsigned stream_type) {
  constexpr std::array kVideo{0x01u, 0x02u, 0x10u, 0x1Bu, 0x24u, 0x33u, 0x42u, 0xD1u, 0xEAu};
  return std::find(kVideo.begin(), kVideo.end(), stream_type) != kVideo.end();
}

constexpr bool is_audio(unsigned stream_type) {
  constexpr std::array kAudio{0x03u, 0x04u, 0x0Fu, 0x11u, 0x1Cu, 0x81u, 0x87u};
  return std::find(kAudio.begin(), kAudio.end(), stream_type) != kAudio.end();
}

constexpr TsCodec codec_of(unsigned stream_type) {
  if (stream_type == 0x1B) return TsCodec::kH264;
  return stream_type == 0x24 ? TsCodec::kH265 : TsCodec::kOther;
}

}  // namespace

bool is_transport_stream(ByteSpan datagram) noexcept {
  if (datagram.empty() || datagram.size() % kTsPacketBytes != 0) return false;
  for (std::size_t at = 0; at < datagram.size(); at += kTsPacketBytes)
    if (datagram[at] != kSync) return false;
  return true;
}

std::optional<TsPacket> parse_ts_packet(ByteSpan bytes) noexcept {
  if (bytes.size() < kTsPacketBytes || bytes[0] != kSync) return std::nullopt;
  const unsigned flags = u8(bytes, 3);
  TsPacket packet{
      .pid = static_cast<std::uint16_t>(load_be16(bytes.data() + 1) & 0x1FFF),
      .starts_unit = (u8(bytes, 1) & 0x40) != 0,
      .scrambled = (flags & 0xC0) != 0,
  };
  std::size_t at = 4;
  if ((flags & 0x20) != 0) {
    const std::size_t length = u8(bytes, 4);
    if (length > kTsPacketBytes - 5) return std::nullopt;
    packet.random_access = length > 0 && (u8(bytes, 5) & 0x40) != 0;
    at = 5 + length;
  }
  if ((flags & 0x10) != 0) packet.payload = bytes.subspan(at, kTsPacketBytes - at);
  return packet;
}

std::size_t ts_section_bytes(ByteSpan bytes) noexcept {
  return bytes.size() < 3 ? 0 : 3 + (load_be16(bytes.data() + 1) & 0x0FFFu);
}

bool is_ts_section_intact(ByteSpan section) noexcept {
  return section.size() > kCrcBytes && ts_section_bytes(section) == section.size() && crc_of(section) == 0;
}

std::optional<ByteSpan> ts_section_body(ByteSpan section, std::uint8_t table_id) noexcept {
  if (section.size() < kSectionHeadBytes + kCrcBytes || ts_section_bytes(section) != section.size()) return {};
  const bool is_in_force = (u8(section, 5) & 1) != 0;
  if (u8(section, 0) != table_id || !is_in_force || crc_of(section) != 0) return {};
  return section.subspan(kSectionHeadBytes, section.size() - kSectionHeadBytes - kCrcBytes);
}

std::optional<TsProgram> parse_pat(ByteSpan section) noexcept {
  const std::optional<ByteSpan> body = ts_section_body(section, 0);
  if (!body) return std::nullopt;
  for (std::size_t at = 0; at + 4 <= body->size(); at += 4) {
    const std::uint16_t number = load_be16(body->data() + at);
    // Number 0 is the network information table.
    if (number != 0) return TsProgram{number, static_cast<std::uint16_t>(load_be16(body->data() + at + 2) & 0x1FFF)};
  }
  return std::nullopt;
}

std::optional<TsProgramMap> parse_pmt(ByteSpan section) noexcept {
  const std::optional<ByteSpan> body = ts_section_body(section, 2);
  if (!body || body->size() < 4) return std::nullopt;
  TsProgramMap map{.program = load_be16(section.data() + 3)};
  bool has_audio = false;
  std::size_t at = 4 + (load_be16(body->data() + 2) & 0x0FFFu);
  while (at + 5 <= body->size()) {
    const unsigned type = u8(*body, at);
    const auto pid = static_cast<std::uint16_t>(load_be16(body->data() + at + 1) & 0x1FFF);
    if (is_video(type)) return TsProgramMap{map.program, pid, true, codec_of(type)};
    if (is_audio(type) && !has_audio) {
      has_audio = true;
      map.pid = pid;
    }
    at += 5 + (load_be16(body->data() + at + 3) & 0x0FFFu);
  }
  return has_audio ? std::optional(map) : std::nullopt;
}

ByteSpan pes_content(ByteSpan bytes) noexcept {
  constexpr std::size_t kPesHeadBytes = 9;
  if (bytes.size() < kPesHeadBytes || u8(bytes, 0) != 0 || u8(bytes, 1) != 0 || u8(bytes, 2) != 1) return {};
  const std::size_t begin = kPesHeadBytes + u8(bytes, 8);
  return begin <= bytes.size() ? bytes.subspan(begin) : ByteSpan{};
}

}  // namespace fanlight::wire
