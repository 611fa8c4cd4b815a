#include "codec/access_unit_gatherer.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {
namespace {

constexpr std::size_t kStartCode = 3;
constexpr std::size_t kHeadBytes = 3;  // That a role is told by; mostly what follows a shorter unit is as many.

// That a start code may begin with.
std::size_t zeros_behind(ByteSpan bytes) noexcept {
  std::size_t zeros = 0;
  while (zeros < std::min(bytes.size(), kStartCode - 1) && bytes[bytes.size() - 1 - zeros] == std::byte{0}) ++zeros;
  return zeros;
}

}  // namespace

auto AccessUnitGatherer::next() -> std::optional<Unit> {
  if (!is_in_step_) get_in_step();
  if (!is_in_step_) return std::nullopt;
  while (const std::optional<UnitRole> role = find_unit()) {
    if (!is_end(*role)) continue;
    const std::uint64_t at = at_;
    return Unit{at, take(opening_.value_or(found_))};
  }
  return std::nullopt;
}

auto AccessUnitGatherer::take_rest() -> Unit {
  Unit rest{at_, {}};
  if (is_in_step_) rest.bytes = take(bytes_.size());
  drop();
  return rest;
}

void AccessUnitGatherer::drop() noexcept {
  at_ = end();
  bytes_.clear();
  found_ = scanned_ = 0;
  has_slice_ = is_in_step_ = false;
  opening_.reset();
}

void AccessUnitGatherer::get_in_step() {
  while (const std::optional<UnitRole> role = find_unit()) {
    if (*role == UnitRole::kOther || *role == UnitRole::kSlice) continue;
    is_in_step_ = true;
    return void(take(found_));
  }
  (void)take(scanned_);
}

// The next one whose head is there.
std::optional<UnitRole> AccessUnitGatherer::find_unit() {
  const ByteSpan rest = ByteSpan(bytes_).subspan(scanned_);
  const std::size_t at = find_start_code(rest);
  if (at + kStartCode + kHeadBytes > rest.size()) {
    scanned_ += at == rest.size() ? at - zeros_behind(rest) : at;
    return std::nullopt;
  }
  found_ = scanned_ + at;
  scanned_ = found_ + kStartCode;
  return role_of_(rest.subspan(at + kStartCode, kHeadBytes));
}

// As take_access_unit() has it. Of slices only the first of a picture begins one: here none is missing.
bool AccessUnitGatherer::is_end(UnitRole role) noexcept {
  const bool is_first = role == UnitRole::kFirstSlice || role == UnitRole::kDelimiter;
  if (has_slice_ && is_first) return true;
  if (role == UnitRole::kFirstSlice || role == UnitRole::kSlice) {
    has_slice_ = true;
    opening_.reset();
  } else if (role == UnitRole::kOpening && has_slice_ && !opening_) {
    opening_ = found_;
  }
  return false;
}

std::vector<std::byte> AccessUnitGatherer::take(std::size_t size) {
  const auto end = bytes_.begin() + static_cast<std::ptrdiff_t>(size);
  std::vector<std::byte> taken(bytes_.begin(), end);
  bytes_.erase(bytes_.begin(), end);
  at_ += size;
  found_ = scanned_ = 0;
  has_slice_ = false;
  opening_.reset();
  return taken;
}

}  // namespace fanlight::packager
