#include "ingest/udp_door.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "wire/rtp_header.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kDatagramBytesMax = 65'536;
constexpr int kReceiveBufferBytes = 4 << 20;  // Or what the kernel allows.

// Either family's, as the kernel takes and gives it.
struct KernelAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* raw() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

KernelAddress kernel_address_v4(const Endpoint& at) {
  KernelAddress address;
  auto& raw = reinterpret_cast<sockaddr_in&>(address.storage);
  raw.sin_family = AF_INET;
  raw.sin_port = htons(at.port);
  std::memcpy(&raw.sin_addr, at.ip.bytes.data() + 12, sizeof raw.sin_addr);
  address.size = sizeof raw;
  return address;
}

KernelAddress kernel_address_v6(const Endpoint& at) {
  KernelAddress address;
  auto& raw = reinterpret_cast<sockaddr_in6&>(address.storage);
  raw.sin6_family = AF_INET6;
  raw.sin6_port = htons(at.port);
  std::memcpy(&raw.sin6_addr, at.ip.bytes.data(), at.ip.bytes.size());
  address.size = sizeof raw;
  return address;
}

Endpoint endpoint_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto& raw = reinterpret_cast<const sockaddr_in&>(storage);
    const auto* b = reinterpret_cast<const std::uint8_t*>(&raw.sin_addr);
    return {IpAddress::v4(b[0], b[1], b[2], b[3]), ntohs(raw.sin_port)};
  }
  const auto& raw = reinterpret_cast<const sockaddr_in6&>(storage);
  Endpoint endpoint{.ip = {}, .port = ntohs(raw.sin6_port)};
  std::memcpy(endpoint.ip.bytes.data(), &raw.sin6_addr, endpoint.ip.bytes.size());
  return endpoint;
}

Error system_error(const std::string& what) { return {ErrorCode::kFailed, what + ": " + std::strerror(errno)}; }

}  // namespace

UdpDoor::~UdpDoor() {
  if (descriptor_ >= 0) close(descriptor_);
}

int UdpDoor::make_socket(int family) { return socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

Result<Done> UdpDoor::make() {
  // IPv4 is mapped in our addresses as it is on it.
  descriptor_ = make_socket_(AF_INET6);
  if (descriptor_ < 0 && errno == EAFNOSUPPORT && (source_.at.ip.is_v4() || source_.at.ip.is_unspecified())) {
    is_v4_only_ = true;
    descriptor_ = make_socket_(AF_INET);
  }
  return descriptor_ < 0 ? Result<Done>{system_error("cannot make a UDP socket")} : Done{};
}

Result<Done> UdpDoor::open() {
  if (Result<Done> made = make(); !made) return made;
  const int no = 0, yes = 1;
  if (!is_v4_only_) setsockopt(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &kReceiveBufferBytes, sizeof kReceiveBufferBytes);
  // Others on this host may listen to the group as well.
  if (source_.at.ip.is_multicast()) setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  KernelAddress address = is_v4_only_ ? kernel_address_v4(source_.at) : kernel_address_v6(source_.at);
  if (bind(descriptor_, address.raw(), address.size) != 0)
    return system_error("cannot listen at " + source_.at.text() +
                        "; is it an address of this host, and the port free?");
  return source_.at.ip.is_multicast() ? join() : Done{};
}

Result<Done> UdpDoor::join() {
  group_req request{};
  const bool is_v4 = source_.at.ip.is_v4();
  request.gr_group = (is_v4 ? kernel_address_v4(source_.at) : kernel_address_v6(source_.at)).storage;
  if (setsockopt(descriptor_, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, MCAST_JOIN_GROUP, &request, sizeof request) != 0)
    return system_error("cannot join the group of " + source_.at.text() + "; is there a route to it?");
  return Done{};
}

void UdpDoor::handle_event(Instant now, IngestSink& sink) {
  std::array<std::byte, kDatagramBytesMax> datagram;
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    KernelAddress from;
    const ssize_t bytes = recvfrom(descriptor_, datagram.data(), datagram.size(), 0, from.raw(), &from.size);
    if (bytes < 0) return;
    const Endpoint sender = endpoint_of(from.storage);
    if (is_up_ && sender != *sender_) {
      ++counts_.strangers;
      continue;
    }
    take(now, sender, ByteSpan(datagram).first(static_cast<std::size_t>(bytes)), sink);
  }
}

void UdpDoor::take(Instant now, const Endpoint& sender, ByteSpan datagram, IngestSink& sink) {
  if (source_.has_rtp && wire::is_rtcp(datagram)) return;
  const auto packet = source_.has_rtp ? wire::parse_rtp(datagram) : std::nullopt;
  if (source_.has_rtp && !packet) return void(++counts_.not_rtp);
  const ByteSpan content = packet ? datagram.subspan(packet->payload_offset, packet->payload_bytes) : datagram;
  const bool has_sync = !phase_ || phase_->until_next < content.size();
  if (!goes_on(content)) return void(++counts_.not_ts);
  if (!has_sync) return sink.handle_bytes(number_, content);  // It may be anything, and keeps nobody up.
  sender_ = sender;
  last_ = now;
  if (!std::exchange(is_up_, true)) sink.handle_up(number_);
  if (!packet) return sink.handle_bytes(number_, content);
  if (!order_.handle(now, packet->header.ssrc, packet->header.seq, content)) ++counts_.late;
  hand_over(sink);
}

// RTP says nothing of what comes next: its packets may have changed places.
bool UdpDoor::goes_on(ByteSpan content) {
  std::optional<TsPhase> found = phase_ ? follow_ts_phase(*phase_, content) : std::nullopt;
  if (!found) found = find_ts_phase(content);
  phase_ = source_.has_rtp ? std::nullopt : found;
  return found.has_value();
}

void UdpDoor::hand_over(IngestSink& sink) {
  while (const auto content = order_.poll()) sink.handle_bytes(number_, *content);
}

void UdpDoor::handle_timeout(Instant now, IngestSink& sink) {
  order_.handle_timeout(now);
  hand_over(sink);
  if (!is_up_ || now - last_ < kSilence) return;
  is_up_ = false;
  phase_.reset();
  order_.reset();
  sink.handle_down(number_, "nothing came for two seconds", Micros{});
}

}  // namespace fanlight::packager
