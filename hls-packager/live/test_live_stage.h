// A publisher, a stream and its audience, with one clock.
#pragma once

#include <algorithm>

#include "live/test_live_audience.h"

namespace fanlight::packager::test {

class LiveStage {
 public:
  explicit LiveStage(const Publisher::Options& publisher = {}, const LiveOptions& options = {},
                     bool insists_on_independence = true)
      : publisher_(publisher), stream_(options), audience_(insists_on_independence) {}

  // Frames as they are due, for `span` of the publisher's time.
  void play(Micros span) {
    const std::int64_t until = ticks_ + span.count * 9 / 100;
    for (;;) {
      const std::int64_t picture = publisher_.options().has_video ? publisher_.pictures_at() : until;
      const std::int64_t sound = publisher_.options().has_sound ? publisher_.sound_at() + sound_late_ : until;
      if (std::min(picture, sound) >= until) break;
      ticks_ = std::max(ticks_, std::min(picture, sound));
      feed(picture <= sound ? publisher_.picture() : publisher_.sound());
    }
    ticks_ = until;
  }
  void feed(const Bytes& bytes) {
    stream_.handle(bytes, now(), wall());
    const auto snapshot = stream_.poll();
    if (snapshot && ++snapshots_ % looks_at_each_ == 0) audience_.look(snapshot);
  }
  void lose_source() {
    stream_.handle_source_lost(now());
    audience_.look(stream_.poll());
  }
  // Nothing comes for so long.
  void pass(Micros span) {
    const Instant until = now() + span;
    while (stream_.next_deadline() <= until) {
      pause_ = pause_ + std::max(stream_.next_deadline() - now(), micros(0));
      stream_.handle_timeout(now());
      audience_.look(stream_.poll());
    }
    pause_ = pause_ + (until - now());
  }
  // Nothing comes for so long, and then at once all that was sent meanwhile.
  void hold_up(Micros span) {
    pass(span);
    let_go(span);
  }
  // What is of so long a time comes now.
  void let_go(Micros span) {
    const std::int64_t ticks = span.count * 9 / 100;
    while (std::min(publisher_.pictures_at(), publisher_.sound_at()) < ticks_ + ticks)
      feed(publisher_.pictures_at() <= publisher_.sound_at() ? publisher_.picture() : publisher_.sound());
    ticks_ += ticks;
    pause_ = pause_ + Micros{-span.count};
  }
  // Another publisher, whose clock begins now.
  void publish_anew(const Publisher::Options& options) {
    publisher_ = Publisher(options);
    pause_ = pause_ + Micros{ticks_ * 100 / 9};
    ticks_ = 0;
  }
  [[nodiscard]] Instant now() const { return kStart + played() + pause_; }
  [[nodiscard]] WallTime wall() const { return kWallStart + played() + pause_ + wall_set_; }
  [[nodiscard]] PlaylistEdge edge_of_video() const { return audience_.last().renditions[0]->edge; }

 protected:
  // By our clock; the publisher's may be slower or faster.
  [[nodiscard]] Micros played() const { return Micros{ticks_ * 100 / 9 + ticks_ * slowness_ppm_ / 90'000}; }

  Publisher publisher_;
  LiveStream stream_;
  Audience audience_;
  std::int64_t ticks_ = 0;  // Of the publisher's clock since it began.
  std::int64_t slowness_ppm_ = 0;
  std::int64_t sound_late_ = 0;    // Ticks that sound is sent later than pictures of its time.
  Micros wall_set_{};              // Somebody has set the host's clock ahead by it.
  std::size_t looks_at_each_ = 1;  // So many snapshots of one.
  std::size_t snapshots_ = 0;
  Micros pause_{};  // In which there was no publisher, or another.
};

inline std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

}  // namespace fanlight::packager::test
