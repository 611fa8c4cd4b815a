// What sender reports say of a stream's time, and under which name.
//
// A source that reports has told which moment of its wall clock a timestamp is; its streams are played in step by that
// alone, for each of them may be late by another span when it comes here. So our reports are on its line, as a
// translator's are (RFC 3550 §7.2), and streams of one source have one name. Where it says nothing, arrival and our own
// wall clock are all there is, and the name is the stream's own, for nothing is in step with it.
#pragma once

#include <cstdint>

#include "engine/rtp/source_clock.h"

namespace fanlight {

class ReportClock {
 public:
  struct Moment {
    wire::NtpTime time;
    std::uint32_t ticks = 0;
    const rtp::CanonicalName* name = nullptr;  // Here.
  };

  void set_own_name(const rtp::CanonicalName& name) noexcept { own_name_ = name; }
  // What the source said last, on the stream's ticks; not known: nothing, or nothing that still holds.
  void note(const rtp::SourceClock& source) noexcept {
    if (source == source_) return;
    source_ = source;
    ++changes_;
  }
  [[nodiscard]] const rtp::SourceClock& source() const noexcept { return source_; }
  // How often that changed.
  [[nodiscard]] std::uint32_t changes() const noexcept { return changes_; }

  // Now, by the source; or what we know of it, `ours`. `rate`: ticks per second.
  [[nodiscard]] Moment at(Instant now, const Moment& ours, std::uint32_t rate) const noexcept {
    const Micros since = now - source_.at;
    if (!source_.is_known() || since > kSourceAgeMax) return {ours.time, ours.ticks, &own_name_};
    return {source_.time.later(since), source_.ticks + ticks_of(since, rate),
            source_.name.is_none() ? &own_name_ : &source_.name};
  }

 private:
  // Its two clocks may drift apart by 24 ms in it, at 200 ppm; reports are seconds apart.
  static constexpr Micros kSourceAgeMax = seconds(120);

  rtp::CanonicalName own_name_{};
  rtp::SourceClock source_{};
  std::uint32_t changes_ = 0;
};

}  // namespace fanlight
