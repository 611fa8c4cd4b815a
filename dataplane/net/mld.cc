#include "net/mld.h"

#include "net/checksum.h"
#include "net/interface.h"
#include "net/ip_header.h"

namespace fanlight::net {
namespace {

constexpr std::uint8_t kQuery = 130;
constexpr std::uint8_t kJoinV1 = 131;
constexpr std::uint8_t kDoneV1 = 132;
constexpr std::uint8_t kReportV2 = 143;
constexpr std::size_t kV1Bytes = 24;
constexpr std::size_t kQueryV2Bytes = 28;
constexpr std::size_t kReportHeadBytes = 8;

constexpr std::uint8_t kHopByHop = 0;
constexpr std::size_t kOptionsBytes = 8;
constexpr std::uint32_t kRouterAlert = 0x0502'0000;  // RFC 2711 §2.1: the value 0 is MLD's.
constexpr std::uint16_t kPadTwo = 0x0100;

constexpr IpAddress kAllRouters = {{0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
constexpr IpAddress kMldRouters = {{0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16}};

// The frame up to MLD.
void write_heads(ByteWriter& writer, const ReportSender& from, const IpAddress& to, std::size_t mld_bytes) {
  write_ethernet(writer, {.destination = group_mac_of(to), .source = from.mac, .type = kEtherTypeIpv6});
  write_ip_header(writer, {from.ip, to, kHopByHop, kHopLimitGroup},
                  static_cast<std::uint16_t>(kOptionsBytes + mld_bytes));
  writer.u8(kProtocolIcmpv6);
  writer.u8(0);
  writer.u32(kRouterAlert);
  writer.u16(kPadTwo);
}

std::size_t finish(MutableByteSpan out, const ByteWriter& writer, const ReportSender& from, const IpAddress& to) {
  if (writer.written() == 0) return 0;
  const MutableByteSpan mld = out.first(writer.written()).subspan(kEthernetBytes + kIpv6Bytes + kOptionsBytes);
  const std::uint64_t pseudo = pseudo_sum(from.ip, to, kProtocolIcmpv6);
  store_be16(mld.data() + 2, checksum_of(pseudo + sum_of_field(static_cast<std::uint16_t>(mld.size())) + sum_of(mld)));
  return writer.written();
}

}  // namespace

std::optional<GroupQuery> parse_mld_query(ByteSpan icmp) noexcept {
  const auto reader = FixedReader<kV1Bytes>::over(icmp);
  if (!reader || reader->u8<0>() != kQuery) return std::nullopt;
  GroupQuery query{.version = 1, .group = load_ipv6(icmp.data() + 8)};
  // An IPv4-mapped address would be taken for the IPv4 group of that address.
  if (query.group.is_v4() || (!query.is_general() && !query.group.is_multicast())) return std::nullopt;
  const std::uint16_t code = reader->u16<4>();
  query.max_response = millis(code);
  if (icmp.size() == kV1Bytes) return query;  // RFC 3810 §8.1
  const auto newer = FixedReader<kQueryV2Bytes>::over(icmp);
  if (!newer) return std::nullopt;
  query.version = 2;
  query.max_response = millis(decode_16_bits(code));
  query.robustness = newer->u8<24>() & 7;
  query.interval = seconds(decode_8_bits(newer->u8<25>()));
  query.sources = newer->u16<26>();
  query.source_bytes = icmp.subspan(kQueryV2Bytes);
  if (query.source_bytes.size() < std::size_t{query.sources} * 16) return std::nullopt;
  return query;
}

std::size_t write_mld_report(MutableByteSpan out, const ReportSender& from,
                             std::span<const GroupRecord> records) noexcept {
  std::size_t bytes = kReportHeadBytes;
  for (const GroupRecord& record : records) bytes += 20 + record.sources.size() * 16;
  ByteWriter writer{out};
  write_heads(writer, from, kMldRouters, bytes);
  write_records(writer, kReportV2, records);
  return finish(out, writer, from, kMldRouters);
}

std::size_t write_mld_old(MutableByteSpan out, const ReportSender& from, OldReport what,
                          const IpAddress& group) noexcept {
  const IpAddress& to = what == OldReport::kLeave ? kAllRouters : group;
  ByteWriter writer{out};
  write_heads(writer, from, to, kV1Bytes);
  writer.u8(what == OldReport::kLeave ? kDoneV1 : kJoinV1);
  writer.zeros(7);
  write_ip(writer, group);
  return finish(out, writer, from, to);
}

}  // namespace fanlight::net
