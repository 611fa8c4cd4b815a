#include "session/admission.h"

#include <utility>

namespace fanlight::control {
namespace {

constexpr Micros kLookInterval = seconds(1);
constexpr Micros kSpanMin = millis(500);  // Every worker reports a stream, without a limit whenever somebody asks.
constexpr double kWeight = 0.25;          // Of the newest second: a scene change is no reason to turn somebody away.

}  // namespace

std::optional<double> StreamRate::note(Instant now, std::uint64_t bytes) {
  const bool is_first = at_ == Instant::never();
  if (!is_first && now - at_ < kSpanMin) return std::nullopt;
  const bool has_grown = !is_first && bytes > bytes_;
  // The first span that grew may hold a moment of a publisher that has just come.
  const bool is_whole = std::exchange(was_growing_, has_grown) && has_grown;
  std::optional<double> newest;
  if (is_whole) {
    const double bits = static_cast<double>(bytes - bytes_) * 8e6 / static_cast<double>((now - at_).count);
    bits_ = bits_ > 0 ? bits_ + kWeight * (bits - bits_) : bits;
    newest = bits;
  }
  at_ = now;
  bytes_ = bytes;
  return newest;
}

bool Admission::admit(double sent_bits, double viewer_bits) {
  if (has_room(sent_bits, viewer_bits)) return true;
  ++refused_;
  return false;
}

void Admission::note_look(Instant now) { next_look_ = now + kLookInterval; }

}  // namespace fanlight::control
