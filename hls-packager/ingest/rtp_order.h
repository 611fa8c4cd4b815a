// RTP packets in the order in which they were sent, as far as a few packets and some milliseconds go: networks with
// several ways swap neighbours, and a demuxer that has gone on takes the one that comes late for lost.
//
// What is in order passes at once; only behind a gap is anything held, so who loses nothing waits for nothing. Packets
// of another source, and such as are far from where it was, begin anew.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace fanlight::packager {

class RtpOrder {
 public:
  static constexpr std::size_t kHeldMax = 4;  // Behind a gap. One more, and the gap is a loss.
  static constexpr Micros kWait = millis(20);

  // False: it came after its turn, or twice, and is left out.
  [[nodiscard]] bool handle(Instant now, std::uint32_t ssrc, std::uint16_t seq, ByteSpan payload);
  void handle_timeout(Instant now);
  // The next whose turn it is; good until the next call of any of these.
  [[nodiscard]] std::optional<ByteSpan> poll();

  [[nodiscard]] bool is_holding() const noexcept { return !held_.empty(); }
  void reset() noexcept { *this = {}; }

 private:
  struct Held {
    std::uint16_t seq = 0;
    std::vector<std::byte> payload{};
  };
  void hold(Instant now, std::uint16_t seq, ByteSpan payload);
  void give_up_gap(Instant now);

  std::optional<std::uint32_t> ssrc_{};
  std::uint16_t next_ = 0;
  std::optional<ByteSpan> passing_{};  // Whose turn it was when it came.
  std::vector<Held> ready_{};          // In their order; what was held and has its turn.
  std::size_t polled_ = 0;             // Of these.
  std::vector<Held> held_{};           // Likewise; the first is not the next.
  Instant since_{};                    // The gap in front of the first of them.
};

}  // namespace fanlight::packager
