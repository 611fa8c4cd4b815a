// A bad network in front of a port: each session's datagrams are lost, delayed, reordered and duplicated as its own two
// links decide (link_proxy/link.h), by what they are (tickets.h) and not by when they travel.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "contract/limits.h"
#include "fanlight_load/tickets.h"
#include "fanlight_load/virtual_port.h"
#include "link_proxy/link.h"

namespace fanlight::load {

class ImpairedPort final : public VirtualPort {
 public:
  struct Options {
    link_proxy::Impairment up;    // What we send.
    link_proxy::Impairment down;  // What we receive.
    std::uint64_t seed = 1;
  };
  // Copies come from `pool`, which has room for whole datagrams.
  ImpairedPort(std::unique_ptr<VirtualPort> port, PacketPool& pool, const Options& options);

  std::size_t receive(std::span<io::Arrival> arrivals) noexcept override;
  std::size_t transmit(std::span<io::Departure> departures) noexcept override;
  // Sessions are numbered as they are addressed first, which is in the order of their slots.
  void address(const Path& path, Envelope& envelope) noexcept override;
  void wait(Micros span) noexcept override;
  const io::PortCounters& counters() const noexcept override { return port_->counters(); }

  [[nodiscard]] link_proxy::LinkCounters up() const { return sum_of(up_); }
  [[nodiscard]] link_proxy::LinkCounters down() const { return sum_of(down_); }
  // Duplicates for which no buffer was left.
  [[nodiscard]] std::uint64_t copies_not_made() const { return copies_not_made_; }

 private:
  template <class T>
  struct Held {
    Instant at;
    std::uint64_t order = 0;  // Of equal moments the first comes first.
    T item;
    bool operator<(const Held& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  template <class T>
  class Line {  // What is under way, earliest first.
   public:
    void push(Instant at, T item);
    [[nodiscard]] bool has_due(Instant now) const { return !heap_.empty() && heap_.front().at <= now; }
    [[nodiscard]] Instant next() const { return heap_.empty() ? Instant::never() : heap_.front().at; }
    [[nodiscard]] T pop();

   private:
    std::vector<Held<T>> heap_;
    std::uint64_t pushed_ = 0;
  };
  struct Way {  // One session's, in one direction.
    link_proxy::Link link;
    Tickets tickets;
  };
  using Ways = std::vector<Way>;
  [[nodiscard]] link_proxy::Fate judge_arrival(Instant now, ByteSpan datagram);
  [[nodiscard]] link_proxy::Fate judge_departure(Instant now, const io::Departure& departure);
  [[nodiscard]] static Way& way_of(Ways& ways, const link_proxy::Impairment& impairment, std::uint64_t seed,
                                   std::uint32_t session);
  [[nodiscard]] PacketRef copy_of(const PacketRef& packet);
  [[nodiscard]] std::uint32_t session_of(const Envelope& envelope);
  void take_arrivals(Instant now);
  void send_due(Instant now);
  static link_proxy::LinkCounters sum_of(const Ways& ways);

  std::unique_ptr<VirtualPort> port_;
  PacketPool& pool_;
  Options options_;
  Ways up_;    // By session, made when first used.
  Ways down_;  // The same.
  std::unordered_map<const Envelope*, std::uint32_t> sessions_;
  Line<io::Arrival> arrivals_;
  Line<io::Departure> departures_;
  std::vector<io::Departure> leaving_;  // Due, and not yet taken by the port.
  std::array<io::Arrival, kReceiveBurst> burst_;
  std::uint64_t copies_not_made_ = 0;
};

}  // namespace fanlight::load
