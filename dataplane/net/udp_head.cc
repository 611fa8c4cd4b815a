#include "net/udp_head.h"

#include "base/check.h"

namespace fanlight::net {
namespace {

void store_sum(std::byte* p, std::uint64_t sum) {
  const std::uint16_t folded = fold(sum);
  std::memcpy(p, &folded, sizeof folded);
}

}  // namespace

UdpHead make_udp_head(const Endpoint& local, const Endpoint& remote, std::uint8_t hop_limit) noexcept {
  DCHECK(local.ip.is_v4() == remote.ip.is_v4());
  UdpHead head;
  ByteWriter writer{head.bytes};
  write_ip_header(writer, {local.ip, remote.ip, kProtocolUdp, hop_limit}, 0);
  writer.u16(local.port);
  writer.u16(remote.port);
  writer.u32(0);
  head.size = static_cast<std::uint8_t>(writer.written());

  store_sum(head.bytes.data() + head.size - 2, pseudo_sum(local.ip, remote.ip, kProtocolUdp));
  if (!local.ip.is_v4()) return head;
  store_be16(head.bytes.data() + 2, 0);
  store_be16(head.bytes.data() + 10, 0);
  store_sum(head.bytes.data() + 10, sum_of(head.view().first(kIpv4Bytes)));
  return head;
}

}  // namespace fanlight::net
