#include "fanlight_load/stamp.h"

#include <bit>
#include <cstring>

namespace fanlight::load {
namespace {

// Offsets in a payload; the words of the hash start at multiples of 8.
constexpr std::size_t kMagicAt = 4;
constexpr std::size_t kStreamAt = 8;
constexpr std::size_t kRunAt = 12;
constexpr std::size_t kPositionAt = 16;
constexpr std::size_t kSentAt = 24;
constexpr std::size_t kHashAt = 32;
static_assert(kHashAt + 8 == kStampedBytes && kHashAt % 8 == 0);
constexpr std::uint32_t kMagic = 0x31534C46;  // "FLS1"

constexpr std::uint16_t kPatPid = 0x0000;
constexpr std::uint16_t kPmtPid = 0x1000;
constexpr std::uint16_t kVideoPid = 0x0100;
constexpr std::uint16_t kStampPid = 0x0110;
constexpr std::uint8_t kVideoType = 0x1B;    // H.264
constexpr std::uint8_t kPrivateType = 0x06;  // Private data.
constexpr std::int64_t kVideoPackets = kTsPackets - 1;
constexpr std::int64_t kTablePackets = 2;
constexpr std::uint8_t kCounterMask = 0x0F;

template <class T>
T load(ByteSpan bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class T>
void store(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

// Four lanes of multiply and rotate, eight bytes at a time. The word that holds the hash is left out.
std::uint64_t hash_of(ByteSpan payload) {
  constexpr std::uint64_t kPrime = 0x9E37'79B9'7F4A'7C15;
  std::array<std::uint64_t, 4> lanes = {kPrime, ~kPrime, payload.size(), kPrime >> 7};
  const std::size_t words = payload.size() / 8;
  for (std::size_t i = 0; i < words; ++i) {
    if (i == kHashAt / 8) continue;
    std::uint64_t& lane = lanes[i % 4];
    lane = std::rotl((lane ^ load<std::uint64_t>(payload, i * 8)) * kPrime, 29);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, payload.data() + words * 8, payload.size() - words * 8);
  std::uint64_t hash = rest ^ payload.size();
  for (const std::uint64_t lane : lanes) hash = std::rotl((hash ^ lane) * kPrime, 31);
  return hash ^ hash >> 32;
}

// ISO 13818-1 annex A.
std::uint32_t crc_of(ByteSpan section) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::byte byte : section) {
    crc ^= static_cast<std::uint32_t>(byte) << 24;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000'0000) != 0 ? crc << 1 ^ 0x04C1'1DB7 : crc << 1;
  }
  return crc;
}

// The four bytes in front of a TS packet's payload; the counter is set later.
void write_ts_header(std::byte* at, std::uint16_t pid, bool starts_unit) {
  at[0] = std::byte{0x47};
  store_be16(at + 1, static_cast<std::uint16_t>(pid | (starts_unit ? 0x4000 : 0)));
  at[3] = std::byte{0x10};
}

void set_counter(std::byte* packet, std::int64_t count) {
  packet[3] = (packet[3] & std::byte{0xF0}) | std::byte(static_cast<std::uint8_t>(count) & kCounterMask);
}

void write_section(std::byte* packet, std::uint16_t pid, std::uint8_t table, std::uint16_t id, ByteSpan content) {
  std::memset(packet, 0xFF, kTsBytes);
  write_ts_header(packet, pid, true);
  packet[4] = std::byte{0};  // The section starts right here.
  std::byte* section = packet + 5;
  section[0] = std::byte{table};
  store_be16(section + 1, static_cast<std::uint16_t>(0xB000 | (5 + content.size() + 4)));
  store_be16(section + 3, id);
  section[5] = std::byte{0xC1};  // Version 0, valid now.
  store_be16(section + 6, 0);    // The first section of one.
  std::memcpy(section + 8, content.data(), content.size());
  store_be32(section + 8 + content.size(), crc_of({section, 8 + content.size()}));
}

void write_tables(std::byte* at) {
  std::array<std::byte, 4> programs;
  store_be16(programs.data(), 1);
  store_be16(programs.data() + 2, 0xE000 | kPmtPid);
  write_section(at, kPatPid, 0x00, 1, programs);

  std::array<std::byte, 14> map{};
  store_be16(map.data(), 0xE000 | kVideoPid);  // Carries the PCR.
  store_be16(map.data() + 2, 0xF000);          // No descriptors.
  map[4] = std::byte{kVideoType};
  store_be16(map.data() + 5, 0xE000 | kVideoPid);
  store_be16(map.data() + 7, 0xF000);
  map[9] = std::byte{kPrivateType};
  store_be16(map.data() + 10, 0xE000 | kStampPid);
  store_be16(map.data() + 12, 0xF000);
  write_section(at + kTsBytes, kPmtPid, 0x02, 1, map);
}

constexpr std::size_t kAccessPointPacket = 1 + kTablePackets;

void write_access_point(std::byte* packet) {
  write_ts_header(packet, kVideoPid, true);
  packet[3] = std::byte{0x30};  // Adaptation field and payload.
  packet[4] = std::byte{7};
  packet[5] = std::byte{0x50};  // random_access_indicator, PCR.
  constexpr std::array<std::uint8_t, 25> kPes = {0, 0, 1, 0xE0, 0,   0,    0x80, 0x80, 5, 0x21, 0, 1, 0,
                                                 1,                         // PTS 0
                                                 0, 0, 0, 1,    9,   0xF0,  // Access unit delimiter.
                                                 0, 0, 0, 1,    0x65};      // IDR slice.
  std::memcpy(packet + 12, kPes.data(), kPes.size());
}

void write_clock(std::byte* at, std::int64_t ns) {
  const std::uint64_t base = static_cast<std::uint64_t>(ns) * 9 / 100'000;  // 90 kHz
  store_be32(at, static_cast<std::uint32_t>(base >> 1));
  store_be16(at + 4, static_cast<std::uint16_t>((base & 1) << 15 | 0x7E00));
}

}  // namespace

PayloadMaker::PayloadMaker(const Plan& plan) : plan_(plan) {
  std::uint64_t filler = plan.stream * std::uint64_t{0x9E37'79B9'7F4A'7C15} + 1;
  for (std::byte& byte : video_) {
    filler = filler * 6364136223846793005 + 1442695040888963407;
    byte = std::byte(filler >> 56);
  }
  write_ts_header(video_.data(), kStampPid, true);
  for (std::size_t i = 1; i < kTsPackets; ++i) write_ts_header(video_.data() + i * kTsBytes, kVideoPid, false);
  store(video_.data() + kMagicAt, kMagic);
  store(video_.data() + kStreamAt, plan.stream);
  store(video_.data() + kRunAt, plan.run);
  group_start_ = video_;
  write_tables(group_start_.data() + kTsBytes);
  write_access_point(group_start_.data() + kAccessPointPacket * kTsBytes);
}

void PayloadMaker::write(std::int64_t position, std::int64_t sent_ns,
                         std::span<std::byte, kPayloadBytes> out) const noexcept {
  const std::int64_t groups_before = (position + plan_.group_packets - 1) / plan_.group_packets;
  std::int64_t video = position * kVideoPackets - groups_before * kTablePackets;
  if (position % plan_.group_packets == 0) {
    write_group_start(position, out);
  } else {
    std::memcpy(out.data(), video_.data(), kPayloadBytes);
  }
  const std::size_t first_video = position % plan_.group_packets == 0 ? kAccessPointPacket : 1;
  for (std::size_t i = first_video; i < kTsPackets; ++i) set_counter(out.data() + i * kTsBytes, video++);
  set_counter(out.data(), position);
  store(out.data() + kPositionAt, position);
  store(out.data() + kSentAt, sent_ns);
  store(out.data() + kHashAt, hash_of(out));
}

void PayloadMaker::write_group_start(std::int64_t position, std::span<std::byte, kPayloadBytes> out) const noexcept {
  std::memcpy(out.data(), group_start_.data(), kPayloadBytes);
  const std::int64_t group = position / plan_.group_packets;
  set_counter(out.data() + kTsBytes, group);
  set_counter(out.data() + 2 * kTsBytes, group);
  write_clock(out.data() + kAccessPointPacket * kTsBytes + 6, position * plan_.interval_ns);
}

std::optional<Stamp> read_stamp(ByteSpan payload) noexcept {
  if (payload.size() < kStampedBytes || load<std::uint32_t>(payload, kMagicAt) != kMagic) return std::nullopt;
  return Stamp{.stream = load<std::uint32_t>(payload, kStreamAt),
               .run = load<std::uint32_t>(payload, kRunAt),
               .position = load<std::int64_t>(payload, kPositionAt),
               .sent_ns = load<std::int64_t>(payload, kSentAt)};
}

bool has_good_hash(ByteSpan payload) noexcept {
  return payload.size() >= kStampedBytes && load<std::uint64_t>(payload, kHashAt) == hash_of(payload);
}

}  // namespace fanlight::load
