// Others who send to the feed's address while its sender is heard: another source, the same source from elsewhere, and
// what no feed takes. Each is counted by its verdict and moves nothing. Of SRTP also recordings of the source, to the
// bit, and forgeries of its next packets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "base/verdict.h"

namespace fanlight::sim {

class World;

class Intruders {
 public:
  explicit Intruders(World& world) : world_(world) {}
  // Keeps sending until shortly before the world's end.
  void begin();
  // The source's datagram reaches the relay.
  void overhear(Instant now, ByteSpan datagram);
  // From the right address, but unusable whatever the moment.
  void send_unusable();
  // All they sent has the verdict it deserves. The world has not been shut down yet.
  void balance();

 private:
  struct Recording {
    Instant at;
    std::vector<std::byte> datagram;
  };
  void send_one();
  void send_recording();
  void send(Verdict verdict, std::uint32_t kind);
  [[nodiscard]] std::size_t write_packet(MutableByteSpan out, std::uint32_t ssrc, std::uint8_t payload_type,
                                         std::byte first);

  World& world_;
  std::array<std::uint64_t, kVerdictCount> sent_{};
  std::vector<Recording> recordings_;
};

}  // namespace fanlight::sim
