// What everybody is told alike: the list of streams, and the metrics. Written when somebody asks, at most once for each
// news of the board, or once a second without any; all answers, of all threads, share the bytes.
//
// Slow askers hold the texts of long ago, for as long as an answer may be on its way. So long ones stand for longer:
// however many hold them, and however often they ask, of each there are so many bytes a second and no more.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/time.h"
#include "cmaf/shared_bytes.h"
#include "service/metrics.h"
#include "service/stream_board.h"

namespace fanlight::packager {

class ToldTexts {
 public:
  static constexpr Micros kStandsMost = seconds(1);  // Without news of the board: others count, too.
  static constexpr std::int64_t kBytesPerSecondMax = 1 << 19;

  // Both outlive it.
  ToldTexts(const StreamBoard& board, const HttpTallies& tallies) : board_(board), tallies_(tallies) {}

  // On any thread.
  [[nodiscard]] SharedBytes streams(Instant now);
  [[nodiscard]] SharedBytes metrics(Instant now);

 private:
  struct Text {
    SharedBytes newest{};
    std::optional<Instant> made_at{};
    Instant board_told_at{};
  };
  template <class Write>
  SharedBytes told(Text& text, Instant now, Write&& write);
  [[nodiscard]] static bool is_stale(const Text& text, Instant now, Instant board_told_at);

  const StreamBoard& board_;
  const HttpTallies& tallies_;
  std::mutex mutex_;
  Text streams_, metrics_;
};

}  // namespace fanlight::packager
