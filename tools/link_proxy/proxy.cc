#include "proxy.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace fanlight::link_proxy {
namespace {

constexpr std::uint32_t kListening = ~0U;
constexpr int kDatagramsPerSocket = 64;  // Per turn, so that one busy socket does not delay what is due.
constexpr std::size_t kMaxClients = 4'096;

std::int64_t nanoseconds(clockid_t clock) {
  timespec now;
  ::clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

bool watch(int epoll, int fd, std::uint32_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = tag;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

MutableByteSpan receive_buffer() {
  static std::array<std::byte, 65'536> buffer;
  return buffer;
}

}  // namespace

Instant monotonic_now() { return {nanoseconds(CLOCK_MONOTONIC) / 1'000}; }

Result<std::unique_ptr<Proxy>> Proxy::open(const ProxySettings& settings) {
  auto listening = UdpSocket::bound_to(settings.listen);
  if (!listening) return listening.error();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0 || !watch(epoll, listening->fd(), kListening))
    return Error{ErrorCode::kFailed, std::string("cannot set up epoll: ") + std::strerror(errno)};
  return std::unique_ptr<Proxy>(new Proxy(settings, std::move(*listening), epoll));
}

Proxy::Proxy(const ProxySettings& settings, UdpSocket listening, int epoll)
    : settings_(settings),
      listening_(std::move(listening)),
      epoll_(epoll),
      up_(settings.up, settings.seed),
      down_(settings.down, settings.seed + 1) {
  if (settings.measure_skip_ns) meter_.emplace(*settings.measure_skip_ns);
}

Proxy::~Proxy() { ::close(epoll_); }

void Proxy::turn(Instant limit) {
  send_due();
  wait(limit);
  send_due();
}

void Proxy::wait(Instant limit) {
  const Instant wake = queue_.empty() ? limit : std::min(limit, queue_.top().due);
  const std::int64_t us = std::max<std::int64_t>(0, (wake - monotonic_now()).count);
  const timespec timeout{us / 1'000'000, us % 1'000'000 * 1'000};
  std::array<epoll_event, 64> events;
  const int ready = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < ready; ++i) {
    if (events[i].data.u32 == kListening)
      receive_from_clients();
    else
      receive_from_relay(static_cast<int>(events[i].data.u32));
  }
}

void Proxy::receive_from_clients() {
  for (int i = 0; i < kDatagramsPerSocket; ++i) {
    const auto datagram = listening_.receive(receive_buffer());
    if (!datagram) return;
    if (const auto client = client_of(datagram->from)) offer(Direction::kUp, *client, datagram->bytes);
  }
}

void Proxy::receive_from_relay(int client) {
  for (int i = 0; i < kDatagramsPerSocket; ++i) {
    const auto datagram = clients_[client].upstream.receive(receive_buffer());
    if (!datagram) return;
    if (meter_) meter_->received_for(client, datagram->bytes, datagram->arrived_ns);
    offer(Direction::kDown, client, datagram->bytes);
  }
}

// The client's number; a new address gets a socket of its own. Empty when there is none to give.
std::optional<int> Proxy::client_of(const Endpoint& address) {
  if (const auto known = by_address_.find(address); known != by_address_.end()) return known->second;
  if (clients_.size() == kMaxClients) return std::nullopt;
  auto upstream = UdpSocket::connected_to(settings_.relay);
  const int client = static_cast<int>(clients_.size());
  if (!upstream || !watch(epoll_, upstream->fd(), static_cast<std::uint32_t>(client))) return std::nullopt;
  clients_.push_back({address, std::move(*upstream)});
  by_address_.emplace(address, client);
  return client;
}

void Proxy::offer(Direction direction, int client, ByteSpan bytes) {
  const Fate fate = link(direction).offer(monotonic_now());
  for (int copy = 0; copy < fate.copies; ++copy)
    queue_.push({fate.arrivals[copy], order_++, direction, client, {bytes.begin(), bytes.end()}});
}

void Proxy::send_due() {
  while (!queue_.empty() && queue_.top().due <= monotonic_now()) {
    send(queue_.top());
    queue_.pop();
  }
}

void Proxy::send(const Queued& queued) {
  const Client& client = clients_[queued.client];
  const bool up = queued.direction == Direction::kUp;
  // The meter's moment is taken before the call: the relay may answer while send() still returns.
  if (up && meter_) meter_->sent_to_relay(queued.bytes, nanoseconds(CLOCK_REALTIME));
  const bool taken = up ? client.upstream.send(queued.bytes) : listening_.send_to(client.address, queued.bytes);
  Traffic& traffic = up ? sent_up_ : sent_down_;
  ++(taken ? traffic.sent : traffic.refused);
}

Proxy::Traffic Proxy::traffic(Direction direction) const {
  const bool up = direction == Direction::kUp;
  Traffic traffic = up ? sent_up_ : sent_down_;
  traffic.link = (up ? up_ : down_).counters();
  traffic.queued = traffic.link.offered - traffic.link.lost - traffic.link.lost_in_burst + traffic.link.duplicated -
                   traffic.sent - traffic.refused;
  return traffic;
}

}  // namespace fanlight::link_proxy
