// What comes to a feed's address at any time, while its sender is heard and while it rests, and is none of its stream:
// single packets from other addresses, of whatever SSRC, and what the relay sent itself, for one of its destinations
// leads back to the feed. Each is refused and moves nothing. RFC 3550 §8.2, A.1
#pragma once

#include <cstdint>

#include "recipient.h"

namespace fanlight::sim {

class World;

class Strays {
 public:
  explicit Strays(World& world) : world_(world) {}
  // Keeps sending until shortly before the world's end.
  void begin();
  // When the sender has rested for so long that all has come: nothing of it was taken, and all of the sender's was.
  void balance();

 private:
  void send_one();
  World& world_;
  std::uint64_t sent_ = 0;
};

// The address that a destination of the relay leads to is the feed's own.
class Echo final : public Recipient {
 public:
  Echo(World& world, const Endpoint& feed) : Recipient(feed), world_(world) {}
  void note_sent(Books&, Instant, ByteSpan) override {}
  void receive(Instant now, ByteSpan datagram) override;
  void wake(Instant) override {}
  [[nodiscard]] Instant next_wake() const override { return Instant::never(); }
  [[nodiscard]] bool is_up() const override { return true; }
  [[nodiscard]] std::uint64_t heard() const { return heard_; }

 private:
  World& world_;
  std::uint64_t heard_ = 0;
};

}  // namespace fanlight::sim
