// What all viewers of a run have seen together. Times and stalls count while `is_measuring`, faults and bytes always.
#pragma once

#include "base/time.h"
#include "fanlight_load/histogram.h"
#include "fanlight_load/hls_faults.h"

namespace fanlight::load {

struct HlsTally {
  bool is_measuring = false;
  HlsFaults faults;

  std::uint64_t playlists = 0;           // Answers.
  std::uint64_t playlists_distinct = 0;  // Texts; each was judged.
  std::uint64_t deltas = 0;              // Answers that were delta updates.
  std::uint64_t parts = 0;
  std::uint64_t parts_distinct = 0;
  std::uint64_t hinted = 0;  // Of `parts`: asked for before they were listed.
  std::uint64_t hints_in_vain = 0;
  std::uint64_t inits = 0;
  std::uint64_t bytes = 0;  // Of bodies.

  std::uint64_t measured = 0;  // Parts that count for `late`.
  std::uint64_t late = 0;
  std::uint64_t stalls = 0;
  Micros stalled{};
  Histogram release_us;  // A blocked reload's answer, after the first that had the same part.
  Histogram arrival_us;  // A part's last byte, after the first playlist that listed it.
};

}  // namespace fanlight::load
