#include "net/ndp.h"

#include <array>

#include "net/checksum.h"
#include "net/interface.h"
#include "net/ip_header.h"

namespace fanlight::net {
namespace {

constexpr std::size_t kFixedBytes = 24;
constexpr std::size_t kOptionBytes = 8;  // With an Ethernet address in it.
constexpr std::uint32_t kSolicitedFlag = 0x4000'0000;
constexpr std::uint32_t kOverrideFlag = 0x2000'0000;

constexpr std::uint8_t option_type(bool is_solicitation) { return is_solicitation ? 1 : 2; }

// Finds the link-layer address among the options. False when an option is empty or does not fit (RFC 4861 §7.1).
bool parse_options(ByteSpan options, NdpMessage& message) {
  while (!options.empty()) {
    if (options.size() < kOptionBytes) return false;
    const std::size_t size = static_cast<std::size_t>(options[1]) * 8;
    if (size == 0 || size > options.size()) return false;
    if (options[0] == std::byte{option_type(message.is_solicitation)}) {
      message.link_address = load_mac(options.data() + 2);
      if (size != kOptionBytes || !is_station(*message.link_address)) return false;
    }
    options = options.subspan(size);
  }
  return true;
}

std::size_t write_message(MutableByteSpan out, const NdpMessage& message) {
  ByteWriter writer{out};
  writer.u8(message.is_solicitation ? kIcmpv6Solicitation : kIcmpv6Advertisement);
  writer.u8(0);
  writer.u16(0);
  writer.u32((message.is_solicited ? kSolicitedFlag : 0) | (message.is_override ? kOverrideFlag : 0));
  write_ip(writer, message.target);
  if (message.link_address) {
    writer.u8(option_type(message.is_solicitation));
    writer.u8(1);
    write_mac(writer, *message.link_address);
  }
  return writer.written();
}

}  // namespace

std::optional<NdpMessage> parse_ndp(ByteSpan icmp) noexcept {
  const auto reader = FixedReader<kFixedBytes>::over(icmp);
  if (!reader || reader->u8<1>() != 0) return std::nullopt;
  const std::uint8_t type = reader->u8<0>();
  if (type != kIcmpv6Solicitation && type != kIcmpv6Advertisement) return std::nullopt;
  NdpMessage message{.is_solicitation = type == kIcmpv6Solicitation, .target = load_ipv6(icmp.data() + 8)};
  if (!message.is_solicitation) {
    message.is_solicited = (reader->u32<4>() & kSolicitedFlag) != 0;
    message.is_override = (reader->u32<4>() & kOverrideFlag) != 0;
  }
  // An IPv4-mapped target would be taken for the IPv4 neighbour of that address.
  if (message.target.is_v4() || is_multicast(message.target)) return std::nullopt;
  if (!parse_options(icmp.subspan(kFixedBytes), message)) return std::nullopt;
  return message;
}

std::size_t write_ndp_frame(MutableByteSpan out, const NdpEnvelope& envelope, const NdpMessage& message) noexcept {
  std::array<std::byte, kFixedBytes + kOptionBytes> icmp;
  const auto size = static_cast<std::uint16_t>(write_message(icmp, message));
  const ByteSpan body{icmp.data(), size};
  const std::uint64_t pseudo = pseudo_sum(envelope.source, envelope.destination, kProtocolIcmpv6);
  store_be16(icmp.data() + 2, checksum_of(pseudo + sum_of_field(size) + sum_of(body)));

  ByteWriter writer{out};
  write_ethernet(writer,
                 {.destination = envelope.mac_destination, .source = envelope.mac_source, .type = kEtherTypeIpv6});
  write_ip_header(writer, {envelope.source, envelope.destination, kProtocolIcmpv6, kHopLimitNdp}, size);
  writer.bytes(body);
  return writer.written();
}

}  // namespace fanlight::net
