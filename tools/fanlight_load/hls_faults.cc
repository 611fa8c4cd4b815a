#include "fanlight_load/hls_faults.h"

namespace fanlight::load {
namespace {

constexpr std::array<const char*, kHlsFaults> kNames = {
    "connect", "cut_off", "timeout", "http",   "status", "playlist", "sequence", "changed",    "duration",
    "hint",    "report",  "stale",   "length", "bytes",  "boxes",    "time",     "fell_behind"};

}  // namespace

const char* name_of(HlsFault kind) { return kNames[static_cast<std::size_t>(kind)]; }

void HlsFaults::note(HlsFault kind, std::string_view where, std::string_view what) {
  Count& its = counts_[static_cast<std::size_t>(kind)];
  if (its.count++ == 0) its.first = std::string(where) + ": " + std::string(what);
}

std::uint64_t HlsFaults::sum() const {
  std::uint64_t sum = 0;
  for (const Count& one : counts_) sum += one.count;
  return sum;
}

}  // namespace fanlight::load
