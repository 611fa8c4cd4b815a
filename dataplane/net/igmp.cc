#include "net/igmp.h"

#include <array>

#include "net/checksum.h"
#include "net/interface.h"
#include "net/ip_header.h"

namespace fanlight::net {
namespace {

constexpr std::uint8_t kQuery = 0x11;
constexpr std::uint8_t kJoinV1 = 0x12;
constexpr std::uint8_t kJoinV2 = 0x16;
constexpr std::uint8_t kLeaveV2 = 0x17;
constexpr std::uint8_t kReportV3 = 0x22;
constexpr std::size_t kQueryV3Bytes = 12;

constexpr std::size_t kHeaderBytes = kIpv4Bytes + 4;  // With one option.
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint32_t kRouterAlert = 0x9404'0000;  // RFC 2113 §2.1
constexpr std::uint8_t kInternetworkControl = 0xC0;  // RFC 3376 §4

constexpr IpAddress kAllRouters = IpAddress::v4(224, 0, 0, 2);
constexpr IpAddress kIgmpRouters = IpAddress::v4(224, 0, 0, 22);

// The frame up to IGMP; answers the writer behind it.
void write_heads(ByteWriter& writer, const ReportSender& from, const IpAddress& to, std::size_t igmp_bytes) {
  std::array<std::byte, kHeaderBytes> bytes{};
  ByteWriter header{bytes};
  header.u8(0x46);
  header.u8(kInternetworkControl);
  header.u16(static_cast<std::uint16_t>(kHeaderBytes + igmp_bytes));
  header.u16(0);
  header.u16(kDontFragment);
  header.u8(kHopLimitGroup);
  header.u8(kProtocolIgmp);
  header.u16(0);
  write_ip(header, from.ip);
  write_ip(header, to);
  header.u32(kRouterAlert);
  store_be16(bytes.data() + 10, checksum_of(sum_of(bytes)));
  write_ethernet(writer, {.destination = group_mac_of(to), .source = from.mac, .type = kEtherTypeIpv4});
  writer.bytes(bytes);
}

std::size_t finish(MutableByteSpan out, const ByteWriter& writer) {
  if (writer.written() == 0) return 0;
  const MutableByteSpan igmp = out.first(writer.written()).subspan(kEthernetBytes + kHeaderBytes);
  store_be16(igmp.data() + 2, checksum_of(sum_of(igmp)));
  return writer.written();
}

}  // namespace

std::optional<GroupQuery> parse_igmp_query(ByteSpan igmp) noexcept {
  const auto reader = FixedReader<kIgmpBytesMin>::over(igmp);
  if (!reader || reader->u8<0>() != kQuery) return std::nullopt;
  const std::uint8_t code = reader->u8<1>();
  GroupQuery query{.version = 2, .group = load_ipv4(igmp.data() + 4)};
  if (!query.is_general() && !query.group.is_multicast()) return std::nullopt;
  if (igmp.size() == kIgmpBytesMin) {  // RFC 3376 §7.1
    query.version = code == 0 ? 1 : 2;
    query.max_response = code == 0 ? seconds(10) : code * millis(100);
    return query;
  }
  const auto newer = FixedReader<kQueryV3Bytes>::over(igmp);
  if (!newer) return std::nullopt;
  query.version = 3;
  query.max_response = decode_8_bits(code) * millis(100);
  query.robustness = newer->u8<8>() & 7;
  query.interval = seconds(decode_8_bits(newer->u8<9>()));
  query.sources = newer->u16<10>();
  query.source_bytes = igmp.subspan(kQueryV3Bytes);
  if (query.source_bytes.size() < std::size_t{query.sources} * 4) return std::nullopt;
  return query;
}

std::size_t write_igmp_report(MutableByteSpan out, const ReportSender& from,
                              std::span<const GroupRecord> records) noexcept {
  std::size_t bytes = kIgmpBytesMin;
  for (const GroupRecord& record : records) bytes += 8 + record.sources.size() * 4;
  ByteWriter writer{out};
  write_heads(writer, from, kIgmpRouters, bytes);
  write_records(writer, kReportV3, records);
  return finish(out, writer);
}

std::size_t write_igmp_old(MutableByteSpan out, const ReportSender& from, OldReport what,
                           const IpAddress& group) noexcept {
  ByteWriter writer{out};
  write_heads(writer, from, what == OldReport::kLeave ? kAllRouters : group, kIgmpBytesMin);
  writer.u8(what == OldReport::kLeave ? kLeaveV2 : what == OldReport::kJoin ? kJoinV2 : kJoinV1);
  writer.zeros(3);
  write_ip(writer, group);
  return finish(out, writer);
}

}  // namespace fanlight::net
