#include "io/ethernet_port.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "io/clock.h"

namespace fanlight::io {

Result<std::unique_ptr<EthernetPort>> EthernetPort::open(const EthernetPortOptions& options) {
  if (options.links.empty()) return Error{ErrorCode::kInvalid, "No Ethernet device was given."};
  std::unique_ptr<EthernetPort> port(new EthernetPort(options));
  for (const EthernetLinkOptions& link_options : options.links) {
    const auto door = static_cast<std::uint16_t>(port->links_.size());
    Result<std::unique_ptr<EthernetLink>> link = EthernetLink::open(link_options, door, port->counters_);
    if (!link) return link.error();
    port->links_.push_back(*std::move(link));
  }
  return port;
}

// Each call starts with the next link, so one that always fills the burst starves nobody.
std::size_t EthernetPort::receive(std::span<Arrival> arrivals) noexcept {
  now_ = MonotonicClock::now();
  std::size_t filled = 0;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    EthernetLink& link = *links_[(next_link_ + i) % links_.size()];
    if (filled < arrivals.size()) filled += link.receive(now_, arrivals.subspan(filled));
    link.keep_house(now_);
  }
  next_link_ = (next_link_ + 1) % links_.size();
  return filled;
}

std::size_t EthernetPort::transmit(std::span<Departure> departures) noexcept {
  if (departures.empty()) return 0;
  std::size_t left = 0;
  while (left < departures.size()) {
    EthernetLink& link = *links_[departures[left].envelope->door];
    const EthernetLink::Transmitted transmitted = link.transmit(now_, departures.subspan(left));
    left += transmitted.left;
    if (transmitted.is_full) break;
  }
  return left;
}

std::size_t EthernetPort::transmit_fresh(const FreshRun& run) noexcept {
  std::size_t left = 0;
  while (left < run.departures()) {
    EthernetLink& link = *links_[run.viewers[(run.packets_done + left) / run.packets.size()]->door];
    const EthernetLink::Transmitted transmitted = link.transmit_fresh(now_, run, left);
    left += transmitted.left;
    if (transmitted.is_full) break;
  }
  return left;
}

void EthernetPort::address(const Path& path, Envelope& envelope) noexcept {
  links_[path.door]->address(MonotonicClock::now(), path, envelope);
}

void EthernetPort::wait(Micros span) noexcept {
  span = std::min(span, idle_sleep_);
  if (span <= Micros{0}) return;
  pollfd bell{.fd = doorbell_, .events = POLLIN, .revents = 0};
  const timespec timeout{.tv_sec = span.count / 1'000'000, .tv_nsec = span.count % 1'000'000 * 1'000};
  eventfd_t rings = 0;
  if (ppoll(&bell, 1, &timeout, nullptr) > 0) eventfd_read(doorbell_, &rings);
}

}  // namespace fanlight::io
