// What hosts and routers tell each other of multicast groups. IGMP and MLD are one protocol for two families: RFC 3376
// and RFC 3810 number their records alike and ask the same questions. Both are read into these, and written from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"
#include "net/ethernet.h"
#include "net/ip_header.h"

namespace fanlight::net {

// RFC 3376 §4.2.12, RFC 3810 §5.2.12
enum class RecordType : std::uint8_t {
  kModeIsInclude = 1,  // Current state: its sources alone ...
  kModeIsExclude = 2,  // ... or all but its sources.
  kChangeToInclude = 3,
  kChangeToExclude = 4,
  kAllowNewSources = 5,
  kBlockOldSources = 6,
};

struct GroupRecord {
  RecordType type = RecordType::kModeIsExclude;
  IpAddress group{};
  std::span<const IpAddress> sources{};
};

// What was said before there were records: of one group, without sources.
enum class OldReport : std::uint8_t { kJoinV1, kJoin, kLeave };  // kJoinV1: IGMP alone.

// A router's question.
struct GroupQuery {
  std::uint8_t version = 0;  // Of the protocol it speaks: IGMP 1 to 3, MLD 1 and 2.
  IpAddress group{};         // Unspecified: about all.
  Micros max_response{};     // Answers are spread over this span.
  std::uint8_t robustness =
      0;                      // How often a change is said; 0: as by default. The newest versions alone, as all below.
  Micros interval{};          // Between general queries; 0: not told.
  std::uint16_t sources = 0;  // 0: about the group as a whole.
  ByteSpan source_bytes{};    // That many addresses.

  [[nodiscard]] bool is_general() const { return group.is_unspecified(); }
  [[nodiscard]] bool asks_for(const IpAddress& source) const {
    const std::size_t size = source.is_v4() ? 4 : 16;
    for (std::size_t i = 0; i < sources; ++i)
      if (std::memcmp(source_bytes.data() + i * size, source.bytes.data() + 16 - size, size) == 0) return true;
    return false;
  }
};

// Who a report comes from, on both layers.
struct ReportSender {
  MacAddress mac{};
  IpAddress ip{};
};

// A report's message: version 3 of IGMP and version 2 of MLD differ in its type and in the size of addresses.
inline void write_records(ByteWriter& writer, std::uint8_t type, std::span<const GroupRecord> records) {
  writer.u8(type);
  writer.zeros(5);
  writer.u16(static_cast<std::uint16_t>(records.size()));
  for (const GroupRecord& record : records) {
    writer.u8(static_cast<std::uint8_t>(record.type));
    writer.u8(0);
    writer.u16(static_cast<std::uint16_t>(record.sources.size()));
    write_ip(writer, record.group);
    for (const IpAddress& source : record.sources) write_ip(writer, source);
  }
}

// RFC 3376 §4.1.1, §4.1.7: above 127 it is a small floating-point number.
constexpr std::uint32_t decode_8_bits(std::uint8_t code) {
  return code < 128 ? code : (static_cast<std::uint32_t>(code & 0x0F) | 0x10) << ((code >> 4 & 7) + 3);
}
// RFC 3810 §5.1.3
constexpr std::uint32_t decode_16_bits(std::uint16_t code) {
  return code < 32'768 ? code : (static_cast<std::uint32_t>(code & 0x0FFF) | 0x1000) << ((code >> 12 & 7) + 3);
}

}  // namespace fanlight::net
