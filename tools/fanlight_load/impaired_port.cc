#include "fanlight_load/impaired_port.h"

#include <algorithm>
#include <cstring>

#include "fanlight_load/clock.h"
#include "wire/srt_header.h"

namespace fanlight::load {

using link_proxy::Fate;
using link_proxy::Impairment;
using link_proxy::LinkCounters;

namespace {

// Handed to the port at a time.
constexpr std::size_t kLeavingMax = 4096;
constexpr std::uint64_t kDownSeed = 0x9E37'79B9'7F4A'7C15;

}  // namespace

template <class T>
void ImpairedPort::Line<T>::push(Instant at, T item) {
  heap_.push_back({at, pushed_++, std::move(item)});
  std::push_heap(heap_.begin(), heap_.end());
}

template <class T>
T ImpairedPort::Line<T>::pop() {
  std::pop_heap(heap_.begin(), heap_.end());
  T item = std::move(heap_.back().item);
  heap_.pop_back();
  return item;
}

ImpairedPort::ImpairedPort(std::unique_ptr<VirtualPort> port, PacketPool& pool, const Options& options)
    : port_(std::move(port)), pool_(pool), options_(options) {}

std::size_t ImpairedPort::receive(std::span<io::Arrival> arrivals) noexcept {
  const Instant now = clock_now();
  take_arrivals(now);
  send_due(now);
  std::size_t filled = 0;
  while (filled < arrivals.size() && arrivals_.has_due(now)) arrivals[filled++] = arrivals_.pop();
  return filled;
}

void ImpairedPort::take_arrivals(Instant now) {
  const std::size_t got = port_->receive(burst_);
  for (io::Arrival& arrival : std::span(burst_).first(got)) {
    const Fate fate = judge_arrival(now, std::as_const(arrival.packet).bytes());
    if (fate.copies == 2) {
      PacketRef copy = copy_of(arrival.packet);
      if (copy) arrivals_.push(fate.arrivals[1], {std::move(copy), arrival.path});
    }
    if (fate.copies > 0) arrivals_.push(fate.arrivals[0], {std::move(arrival.packet), arrival.path});
    arrival.packet.reset();
  }
}

std::size_t ImpairedPort::transmit(std::span<io::Departure> departures) noexcept {
  const Instant now = clock_now();
  for (io::Departure& departure : departures) {
    const Fate fate = judge_departure(now, departure);
    if (fate.copies == 2) {
      PacketRef copy = copy_of(departure.packet);
      if (copy) departures_.push(fate.arrivals[1], {std::move(copy), departure.envelope});
    }
    if (fate.copies > 0) departures_.push(fate.arrivals[0], {std::move(departure.packet), departure.envelope});
    departure.packet.reset();
  }
  send_due(now);
  return departures.size();
}

// As far as the port takes it; what is left goes first the next time.
void ImpairedPort::send_due(Instant now) {
  do {
    while (leaving_.size() < kLeavingMax && departures_.has_due(now)) leaving_.push_back(departures_.pop());
    const std::size_t gone = leaving_.empty() ? 0 : port_->transmit(leaving_);
    leaving_.erase(leaving_.begin(), leaving_.begin() + static_cast<std::ptrdiff_t>(gone));
  } while (leaving_.empty() && departures_.has_due(now));
}

void ImpairedPort::wait(Micros span) noexcept {
  const Instant due = std::min(arrivals_.next(), departures_.next());
  if (due != Instant::never()) span = std::min(span, due - clock_now());
  port_->wait(span);
}

void ImpairedPort::address(const Path& path, Envelope& envelope) noexcept {
  static_cast<void>(session_of(envelope));
  port_->address(path, envelope);
}

// A session is known by the socket ID that its datagrams are for: the last 16 bits are its slot.
Fate ImpairedPort::judge_arrival(Instant now, ByteSpan datagram) {
  const auto socket = wire::peek_destination(datagram);
  const std::uint32_t session = socket ? socket->raw() & 0xFFFF : 0;
  Way& way = way_of(down_, options_.down, options_.seed ^ kDownSeed, session);
  return way.link.offer(now, way.tickets.ticket_of(datagram));
}

Fate ImpairedPort::judge_departure(Instant now, const io::Departure& departure) {
  Way& way = way_of(up_, options_.up, options_.seed, session_of(*departure.envelope));
  return way.link.offer(now, way.tickets.ticket_of(departure.packet.bytes()));
}

ImpairedPort::Way& ImpairedPort::way_of(Ways& ways, const Impairment& impairment, std::uint64_t seed,
                                        std::uint32_t session) {
  while (ways.size() <= session) ways.push_back({link_proxy::Link(impairment, seed + ways.size() * 7919), Tickets{}});
  return ways[session];
}

std::uint32_t ImpairedPort::session_of(const Envelope& envelope) {
  return sessions_.try_emplace(&envelope, static_cast<std::uint32_t>(sessions_.size())).first->second;
}

PacketRef ImpairedPort::copy_of(const PacketRef& packet) {
  PacketRef copy = pool_.take();
  if (!copy || !copy.resize(packet.total_bytes())) {
    ++copies_not_made_;
    return {};
  }
  std::byte* at = copy.bytes().data();
  packet.for_each_segment([&](ByteSpan segment) {
    std::memcpy(at, segment.data(), segment.size());
    at += segment.size();
  });
  return copy;
}

LinkCounters ImpairedPort::sum_of(const Ways& ways) {
  LinkCounters sum;
  for (const auto& [link, tickets] : ways) {
    sum.offered += link.counters().offered;
    sum.lost += link.counters().lost;
    sum.lost_in_burst += link.counters().lost_in_burst;
    sum.reordered += link.counters().reordered;
    sum.duplicated += link.counters().duplicated;
  }
  return sum;
}

}  // namespace fanlight::load
