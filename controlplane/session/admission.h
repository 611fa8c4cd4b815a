// How much the relay may send to viewers before newcomers are turned away (2402, overload), and how much that is now.
//
// A viewer counts with the rate of its stream: as measured between two looks at which its publisher was heard, a second
// apart, so 1 to 3 s after it came; until then as the rule says at most, so that those who wait for a publisher do not
// make more than the relay carries. A stream whose publisher is gone keeps the rate it had.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace fanlight::control {

struct AdmissionView {
  double bits_max = 0;  // 0: everybody is let in.
  double bits = 0;      // To all viewers, as reckoned.
  std::uint64_t refused = 0;
};

// Of one stream's payload, from its byte count at two moments.
class StreamRate {
 public:
  // Answers the newest span's own rate, bits/s, when it was long enough and the stream grew in all of it.
  std::optional<double> note(Instant now, std::uint64_t bytes);
  [[nodiscard]] double bits_or(double fallback) const { return bits_ > 0 ? bits_ : fallback; }

 private:
  Instant at_ = Instant::never();
  std::uint64_t bytes_ = 0;
  double bits_ = 0;
  bool was_growing_ = false;
};

class Admission {
 public:
  // 0: no limit.
  void limit(double bits_max) { bits_max_ = bits_max; }
  [[nodiscard]] bool is_limited() const { return bits_max_ > 0; }
  [[nodiscard]] bool has_room(double sent_bits, double viewer_bits) const {
    return !is_limited() || sent_bits + viewer_bits <= bits_max_;
  }
  // Whether a viewer of so many bits/s fits beside what is sent now; counts when not.
  [[nodiscard]] bool admit(double sent_bits, double viewer_bits);
  // One was turned away for a limit of its own.
  void note_refusal() { ++refused_; }
  // The streams' rates are wanted for something else as well: a publisher's bound.
  void watch(bool is_watching) { is_watching_ = is_watching; }
  [[nodiscard]] bool is_looking() const { return is_limited() || is_watching_; }
  // When the streams' rates are to be asked for next.
  [[nodiscard]] Instant next_look() const { return is_looking() ? next_look_ : Instant::never(); }
  void note_look(Instant now);
  [[nodiscard]] double bits_max() const { return bits_max_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  double bits_max_ = 0;
  Instant next_look_{};
  bool is_watching_ = false;
  std::uint64_t refused_ = 0;
};

}  // namespace fanlight::control
