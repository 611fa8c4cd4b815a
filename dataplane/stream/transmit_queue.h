// What a breath has to say, in order, until the port takes it. Bounded: who fills it pauses (fan-out) or is counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "contract/limits.h"
#include "io/port.h"

namespace fanlight {

class TransmitQueue {
 public:
  // Kept free by the fan-out for control packets and repairs.
  static constexpr std::size_t kControlReserve = 128;

  [[nodiscard]] std::size_t room() const noexcept { return kTransmitQueue - end_; }
  [[nodiscard]] std::size_t bulk_room() const noexcept {
    return room() > kControlReserve ? room() - kControlReserve : 0;
  }
  [[nodiscard]] bool is_empty() const noexcept { return begin_ == end_; }
  // Departures ever queued, and ever taken by the port. What was queued when pushed() answered n is gone, and its
  // envelope free, when taken() answers n or more.
  [[nodiscard]] std::uint64_t pushed() const noexcept { return pushed_; }
  [[nodiscard]] std::uint64_t taken() const noexcept { return pushed_ - (end_ - begin_); }
  // The caller has looked at room().
  void push(PacketRef packet, const Envelope& envelope) noexcept {
    departures_[end_++] = {std::move(packet), &envelope};
    ++pushed_;
  }
  // False when the port took nothing: there was nothing, or it is blocked.
  template <class P>  // io::Port or io::AnyPort
  bool flush(P&& port) noexcept {
    if (is_empty()) return false;
    const std::size_t taken = port.transmit(std::span(departures_).subspan(begin_, end_ - begin_));
    begin_ += taken;
    compact();
    return taken > 0;
  }

 private:
  void compact() noexcept {
    if (begin_ == 0) return;
    std::move(departures_.begin() + begin_, departures_.begin() + end_, departures_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  std::array<io::Departure, kTransmitQueue> departures_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t pushed_ = 0;
};

}  // namespace fanlight
