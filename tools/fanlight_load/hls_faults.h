// What can be wrong with a server's answers, by kind: how often, and the first of each in words.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fanlight::load {

enum class HlsFault : std::uint8_t {
  kConnect,    // Nobody answered the call.
  kCutOff,     // A connection ended before the answer did.
  kTimeout,    // No answer came in time.
  kHttp,       // What came is no HTTP, or of no use to a player.
  kStatus,     // Not 200.
  kPlaylist,   // No playlist, or one without what low latency needs.
  kSequence,   // Numbers went back, or left a hole.
  kChanged,    // What was told before is told otherwise.
  kDuration,   // Longer than it may be, or not the sum of its parts.
  kHint,       // A hint that did not come true.
  kReport,     // A report of another rendition that cannot be.
  kStale,      // A blocked reload was answered without what it waited for.
  kLength,     // An answer longer or shorter than others were given.
  kBytes,      // Other bytes than others were given.
  kBoxes,      // Boxes that do not add up.
  kTime,       // Media time that does not go on.
  kFellBehind  // The viewer was so late that its next part is not listed any more.
};
inline constexpr std::size_t kHlsFaults = 17;
[[nodiscard]] const char* name_of(HlsFault kind);

struct HlsFinding {
  HlsFault kind;
  std::string what;
  friend bool operator==(const HlsFinding&, const HlsFinding&) = default;
};
using HlsFindings = std::vector<HlsFinding>;

class HlsFaults {
 public:
  struct Count {
    std::uint64_t count = 0;
    std::string first;
  };
  void note(HlsFault kind, std::string_view where, std::string_view what);
  [[nodiscard]] const Count& of(HlsFault kind) const { return counts_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] std::uint64_t sum() const;

 private:
  std::array<Count, kHlsFaults> counts_;
};

}  // namespace fanlight::load
