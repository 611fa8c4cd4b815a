#include "ts/framing.h"

#include <algorithm>

namespace fanlight::packager {
namespace {

constexpr std::byte kSync{0x47};
constexpr std::size_t kSpacings[] = {188, 192, 204};
// A sync byte is one of 256: so many in a row, where none is due, are one in four billion.
constexpr std::size_t kRhythmPackets = 4;

}  // namespace

// `at` and what follows it at `spacing`, as far as there is something.
bool Framing::has_rhythm(std::size_t at, std::size_t spacing) const noexcept {
  for (std::size_t i = 0; i < kRhythmPackets && at + i * spacing < pending_.size(); ++i)
    if (pending_[at + i * spacing] != kSync) return false;
  return true;
}

bool Framing::find_spacing() noexcept {
  for (; at_ + kPacketBytes <= pending_.size(); ++at_, ++bytes_skipped_) {
    for (const std::size_t spacing : kSpacings) {
      if (!has_rhythm(at_, spacing)) continue;
      spacing_ = spacing;
      return true;
    }
  }
  return false;
}

std::optional<std::size_t> Framing::next() noexcept {
  // The first bytes decide with more behind them: seven packets, which is what a datagram holds.
  constexpr std::size_t kBytesToJudge = 3 * 204 + 1;
  if (spacing_ == 0) {
    if (!is_ending_ && pending_.size() - at_ < kBytesToJudge) return std::nullopt;
    if (!find_spacing()) return std::nullopt;
  }
  if (at_ + (is_ending_ ? kPacketBytes : spacing_) > pending_.size()) return std::nullopt;
  if (pending_[at_] != kSync) {
    spacing_ = 0;
    return next();
  }
  const std::size_t found = at_;
  at_ = std::min(at_ + spacing_, pending_.size());
  return found;
}

}  // namespace fanlight::packager
