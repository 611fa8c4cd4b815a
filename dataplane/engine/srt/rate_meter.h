// Receive speed over the last full second, and link capacity from packet pairs: a libsrt sender lets every packet with
// seq & 15 == 0 be followed at once by the next (srt-wire §3.6). Both only inform: ACKs carry them, operators read
// them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/seq.h"
#include "base/time.h"

namespace fanlight::srt {

class RateMeter {
 public:
  void note(Instant now, SeqNo seq, std::size_t bytes) noexcept {
    roll(now);
    ++packets_;
    bytes_ += static_cast<std::uint32_t>(bytes);
    if ((seq.raw & 15) == 1 && probe_seq_.raw + 1 == seq.raw && now > probe_at_) note_pair((now - probe_at_).count);
    probe_seq_ = seq;
    probe_at_ = now;
  }
  [[nodiscard]] std::uint32_t packets_per_second() const noexcept { return packets_rate_; }
  [[nodiscard]] std::uint32_t bytes_per_second() const noexcept { return bytes_rate_; }
  // Packets/s; 0 until pairs were seen.
  [[nodiscard]] std::uint32_t capacity() const noexcept {
    if (pairs_seen_ == 0) return 0;
    auto sorted = pair_us_;
    const std::size_t n = std::min<std::size_t>(pairs_seen_, sorted.size());
    std::nth_element(sorted.begin(), sorted.begin() + n / 2, sorted.begin() + n);
    return static_cast<std::uint32_t>(1'000'000 / std::max<std::uint32_t>(sorted[n / 2], 1));
  }

 private:
  void roll(Instant now) noexcept {
    if (now - window_start_ < seconds(1)) return;
    const std::int64_t us = (now - window_start_).count;
    const bool stale = us > 2'000'000;
    packets_rate_ = stale ? 0 : static_cast<std::uint32_t>(packets_ * 1'000'000LL / us);
    bytes_rate_ = stale ? 0 : static_cast<std::uint32_t>(bytes_ * 1'000'000LL / us);
    packets_ = 0;
    bytes_ = 0;
    window_start_ = now;
  }
  void note_pair(std::int64_t us) noexcept {
    pair_us_[pairs_seen_ % pair_us_.size()] = static_cast<std::uint32_t>(std::min<std::int64_t>(us, 1'000'000));
    ++pairs_seen_;
  }
  Instant window_start_;
  std::uint32_t packets_ = 0;
  std::uint32_t bytes_ = 0;
  std::uint32_t packets_rate_ = 0;
  std::uint32_t bytes_rate_ = 0;
  SeqNo probe_seq_;
  Instant probe_at_;
  std::uint32_t pairs_seen_ = 0;
  std::array<std::uint32_t, 16> pair_us_{};
};

}  // namespace fanlight::srt
