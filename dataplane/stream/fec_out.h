// A stream's FEC on its way to the destinations that want it: made once (fec_encoder.h), with each pass of the release,
// and sent behind the pass's packets. Columns and rows have destinations of their own; who flows here is sent FEC as
// long as some destination of this worker is sent the packets.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "stream/audience.h"
#include "stream/destination.h"
#include "stream/fec_encoder.h"
#include "stream/place_pool.h"

namespace fanlight {

class FecOut {
 public:
  using Destinations = AudienceOf<Destination, PlaceBlocks>;
  static constexpr std::array kKinds{FecEncoder::Kind::kColumn, FecEncoder::Kind::kRow};

  explicit FecOut(const FecOptions& options) : encoder_(options) {}

  // Where its destinations stand. The worker names it before there is one.
  void lend_from(PlacePool& pool) noexcept {
    for (Part& its : kinds_) its.destinations.places().lend_from(pool);
  }
  // It gets what is made from now on. False when there is no place.
  [[nodiscard]] bool enter(Destination& destination) noexcept;
  void leave(Destination& destination) noexcept;
  [[nodiscard]] std::size_t size() const noexcept {
    return kinds_[0].destinations.size() + kinds_[1].destinations.size();
  }

  // What a pass releases, all before `end` that is not in it given up. Sums are made in buffers of `pool`.
  void begin_pass(std::span<const FreshPacket> packets, PacketPos end, PacketPool& pool) noexcept;
  void end_pass() noexcept;
  [[nodiscard]] Destinations& destinations(FecEncoder::Kind kind) noexcept { return part(kind).destinations; }
  [[nodiscard]] std::span<FreshPacket> packets(FecEncoder::Kind kind) noexcept { return encoder_.made(kind); }

  [[nodiscard]] std::uint64_t packets_sent_to(const Destination& destination) const noexcept;
  [[nodiscard]] std::uint64_t bytes_sent_to(const Destination& destination) const noexcept;
  [[nodiscard]] FecEncoder& encoder() noexcept { return encoder_; }

 private:
  struct Part {
    Destinations destinations;
    std::uint64_t packets = 0;  // What a destination that was always there got.
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] Part& part(FecEncoder::Kind kind) noexcept { return kinds_[static_cast<std::size_t>(kind)]; }
  static FecEncoder::Kind kind_of(const Destination& destination) noexcept {
    return destination.leg == DestinationPart::kFecRows ? FecEncoder::Kind::kRow : FecEncoder::Kind::kColumn;
  }
  [[nodiscard]] const Part& part_of(const Destination& destination) const noexcept {
    return kinds_[static_cast<std::size_t>(kind_of(destination))];
  }

  FecEncoder encoder_;
  std::array<Part, 2> kinds_;
};

}  // namespace fanlight
