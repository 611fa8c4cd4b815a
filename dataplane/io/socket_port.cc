#include "io/socket_port.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace fanlight::io {
namespace {

bool lists_v4_twin(const std::vector<Endpoint>& listen, const Endpoint& six) {
  return std::any_of(listen.begin(), listen.end(), [&](const Endpoint& other) {
    return other.ip.is_v4() && other.port == six.port && other.port != 0;
  });
}

bool is_buffer_full(int reason) {
  return reason == EAGAIN || reason == EWOULDBLOCK || reason == ENOBUFS || reason == ENOMEM;
}

}  // namespace

Result<std::unique_ptr<SocketPort>> SocketPort::open(const SocketPortOptions& options) {
  if (options.listen.empty()) return Error{ErrorCode::kInvalid, "No address to listen on was given."};
  CHECK(options.receive_pool != nullptr && options.receive_pool->room_bytes() > kDatagramBytesMax);
  std::unique_ptr<SocketPort> port(new SocketPort(options));
  for (const Endpoint& endpoint : options.listen) {
    const Result<Done> opened = port->open_door({.listen = endpoint,
                                                 .only_v6 = lists_v4_twin(options.listen, endpoint),
                                                 .workers = options.workers,
                                                 .worker = options.worker,
                                                 .receive_buffer_bytes = options.receive_buffer_bytes,
                                                 .send_buffer_bytes = options.send_buffer_bytes});
    if (!opened) return opened.error();
    // What ICMP says of any worker's datagram comes to the one that the kernel's hash has chosen.
    if (options.workers > 1) port->sockets_.back().hear_errors();
  }
  for (std::size_t i = 0; options.worker == 0 && i < options.feeds.size(); ++i) {
    const Result<Done> opened = port->open_door({.listen = options.feeds[i].address,
                                                 .receive_buffer_bytes = options.receive_buffer_bytes,
                                                 .groups = options.feeds[i].groups,
                                                 .may_come_later = true});
    if (!opened) return opened.error();
  }
  port->polls_.push_back({.fd = options.doorbell, .events = POLLIN, .revents = 0});
  return port;
}

Result<Done> SocketPort::open_door(const UdpSocketOptions& options) {
  Result<UdpSocket> socket = UdpSocket::open(options, notes_);
  if (!socket) return socket.error();
  polls_.push_back({.fd = socket->fd(), .events = POLLIN, .revents = 0});
  sockets_.push_back(*std::move(socket));
  return Done{};
}

void SocketPort::rejoin_groups() {
  for (UdpSocket& socket : sockets_) socket.rejoin();
}

// Each call starts with the next socket, so one that always fills the burst starves nobody.
std::size_t SocketPort::receive(std::span<Arrival> arrivals) noexcept {
  std::size_t filled = tell_refused(arrivals);
  bool was_short = false;
  for (std::size_t i = 0; i < sockets_.size() && filled < arrivals.size(); ++i) {
    const std::size_t door = (next_door_ + i) % sockets_.size();
    if (sockets_[door].has_errors) [[unlikely]]
      filled +=
          receive_batch_.receive_errors(sockets_[door], static_cast<std::uint16_t>(door), arrivals.subspan(filled));
    filled += receive_batch_.receive(sockets_[door], static_cast<std::uint16_t>(door), arrivals.subspan(filled));
    was_short |= receive_batch_.was_short();
  }
  next_door_ = (next_door_ + 1) % sockets_.size();
  is_dry_ = receive_batch_.was_dry();
  counters_.receive_pool_dry += was_short ? 1 : 0;
  counters_.received += filled;
  for (const Arrival& arrival : arrivals.first(filled)) counters_.received_bytes += arrival.packet.bytes().size();
  return filled;
}

// Departures are one FIFO taken from the front, so a full send buffer on one socket holds back those of the others.
std::size_t SocketPort::transmit(std::span<Departure> departures) noexcept {
  std::size_t left = 0;
  plain_packets_ = 0;
  while (left < departures.size()) {
    std::span<Departure> rest = departures.subspan(left);
    const bool must_be_plain = plain_packets_ > 0;
    if (must_be_plain) rest = rest.first(std::min(plain_packets_, rest.size()));
    UdpSocket& socket = sockets_[rest.front().envelope->door];
    send_batch_.gather(rest, socket.is_v6(), socket.can_segment && !must_be_plain);
    const std::size_t gone = send_batch(socket);
    for (Departure& departure : rest.first(gone)) departure.packet.reset();
    left += gone;
    if (must_be_plain) plain_packets_ -= gone;
    if (socket.is_blocked) break;
  }
  return left;
}

// No header buffer is needed: the kernel copies what the batch describes.
std::size_t SocketPort::transmit_fresh(const FreshRun& run) noexcept {
  std::size_t left = 0;
  plain_packets_ = 0;
  while (left < run.departures()) {
    const bool must_be_plain = plain_packets_ > 0;
    const std::size_t most = must_be_plain ? plain_packets_ : run.departures();
    UdpSocket& socket = sockets_[run.viewers[(run.packets_done + left) / run.packets.size()]->door];
    send_batch_.gather_fresh(run, left, most, socket.is_v6(), socket.can_segment && !must_be_plain);
    const std::size_t gone = send_batch(socket);
    left += gone;
    if (must_be_plain) plain_packets_ -= gone;
    if (socket.is_blocked) break;
  }
  return left;
}

// A refused run goes again packet by packet, and only then counts as refused: its path may take plain datagrams only
// (a small MTU, a device without checksum offload). One refused address does not stop the others.
std::size_t SocketPort::send_batch(UdpSocket& socket) noexcept {
  std::size_t gone = 0;
  std::size_t message = 0;
  bool is_second_try = false;
  socket.is_blocked = false;
  while (message < send_batch_.size()) {
    const int sent = send_batch_.send(socket.fd(), message);
    const int reason = sent < 0 ? errno : 0;
    ++counters_.transmit_calls;
    if (sent > 0) {
      gone += count_sent(message, static_cast<std::size_t>(sent));
      message += static_cast<std::size_t>(sent);
      is_second_try = false;
    } else if (is_buffer_full(reason)) {
      socket.is_blocked = true;
      break;
    } else if (reason != EINTR && socket.hears_errors() && !std::exchange(is_second_try, true)) {
      socket.has_errors = true;  // Maybe about an earlier datagram, to somebody else: this one did not leave.
    } else if (reason != EINTR && send_batch_.run(message).is_segmented()) {
      // EIO is the device's word and holds for all; the other reasons are this destination's.
      if (reason == EIO) socket.can_segment = false;
      plain_packets_ = send_batch_.run(message).packets;
      break;
    } else if (reason != EINTR) {
      ++counters_.transmit_refused;
      note_refused(*send_batch_.run(message).envelope, socket.is_v6(), reason);
      ++message;
      ++gone;
      is_second_try = false;
    }
  }
  return gone;
}

// A route or a source that is gone, a filter: nothing goes there, whatever it is.
void SocketPort::note_refused(const Envelope& envelope, bool on_v6_socket, int reason) noexcept {
  constexpr std::array kOfThePath{EPERM, EACCES, ENETUNREACH, EHOSTUNREACH, ENETDOWN, EADDRNOTAVAIL, EINVAL, ENODEV};
  const bool is_of_path = std::ranges::find(kOfThePath, reason) != kOfThePath.end();
  if (!is_of_path || envelope.dress == Dress::kSrt || refused_count_ == refused_.size()) return;
  SocketAddress to;
  to.size = address_bytes(on_v6_socket);
  std::memcpy(&to.storage, envelope.head.data(), to.size);
  const Path path{.remote = to.endpoint(), .local = sockets_[envelope.door].bound(), .door = envelope.door};
  const auto told = std::span(refused_).first(refused_count_);
  if (std::ranges::find(told, path.remote, &Path::remote) == told.end()) refused_[refused_count_++] = path;
}

std::size_t SocketPort::tell_refused(std::span<Arrival> arrivals) noexcept {
  std::size_t told = 0;
  while (refused_count_ > 0 && told < arrivals.size()) {
    if (!receive_batch_.try_tell_unreachable(refused_[refused_count_ - 1], arrivals[told])) break;
    --refused_count_;
    ++told;
  }
  return told;
}

std::size_t SocketPort::count_sent(std::size_t first, std::size_t messages) noexcept {
  std::size_t packets = 0;
  for (std::size_t i = first; i < first + messages; ++i) {
    const SendBatch::Run& run = send_batch_.run(i);
    packets += run.packets;
    counters_.transmitted_bytes += run.bytes;
    if (run.is_segmented()) counters_.transmit_segmented += run.packets;
  }
  counters_.transmitted += packets;
  return packets;
}

// A destination does not say that it is gone: ICMP may.
void SocketPort::address(const Path& path, Envelope& envelope) noexcept {
  UdpSocket& socket = sockets_[path.door];
  if (envelope.dress != Dress::kSrt) socket.hear_errors();
  const SocketAddress to = SocketAddress::of(path.remote, socket.is_v6(), path.interface_index);
  static_assert(sizeof(sockaddr_in6) + kSourceControlBytesMax <= sizeof envelope.head);
  std::memcpy(envelope.head.data(), &to.storage, to.size);
  std::size_t bytes = to.size;
  const bool is_group = path.remote.ip.is_multicast();
  const std::uint32_t interface_index = is_group || path.local.ip.is_link_local() ? path.interface_index : 0;
  if (!path.local.ip.is_unspecified() || interface_index != 0) {
    const bool is_other_family = path.local.ip.is_unspecified() && path.remote.ip.is_v4();
    bytes += write_source(is_other_family ? IpAddress::v4(0, 0, 0, 0) : path.local.ip, socket.is_v6(), interface_index,
                          MutableByteSpan{envelope.head}.subspan(to.size));
  }
  envelope.head_bytes = static_cast<std::uint8_t>(bytes);
  envelope.door = path.door;
  envelope.neighbour = 0;
}

void SocketPort::wait(Micros span) noexcept {
  if (span <= Micros{0}) return;
  // Without a buffer to receive into, a readable socket is no reason to wake; ask again soon.
  if (is_dry_) span = std::min(span, millis(1));
  prepare_polls();
  const timespec timeout{.tv_sec = span.count / 1'000'000, .tv_nsec = span.count % 1'000'000 * 1'000};
  if (ppoll(polls_.data(), polls_.size(), &timeout, nullptr) <= 0) return;
  // A writable socket ends one wait, not all of them until something is sent through it again.
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if ((polls_[i].revents & POLLOUT) != 0) sockets_[i].is_blocked = false;
    if ((polls_[i].revents & POLLERR) != 0) sockets_[i].has_errors = sockets_[i].hears_errors();
  }
  eventfd_t rings = 0;
  if ((polls_.back().revents & POLLIN) != 0) eventfd_read(doorbell_, &rings);
}

void SocketPort::prepare_polls() noexcept {
  for (std::size_t i = 0; i < sockets_.size(); ++i)
    polls_[i].events = static_cast<short>((is_dry_ ? 0 : POLLIN) | (sockets_[i].is_blocked ? POLLOUT : 0));
}

}  // namespace fanlight::io
