// Two streams of one group, and what an audience sees of it.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "live/group.h"
#include "live/test_live_stage.h"

namespace fanlight::packager::test {

class GroupTest : public testing::Test {
 protected:
  struct Member {
    Publisher publisher;
    LiveStream stream;
    std::int64_t begins = 0;  // Ticks of our time.
    bool is_silent = false;
    std::vector<Bytes> sent{};  // While it was silent.
  };

  void add(const Publisher::Options& options, Micros begins = {}) {
    const auto number = static_cast<unsigned>(members_.size());
    members_.push_back({Publisher(options), LiveStream({.window = seconds(12), .member = number, .members = 2}),
                        begins.count * 9 / 100});
    group_.add(members_.back().stream, number == 0 ? "high" : "low");
  }
  void play(Micros span) {
    const std::int64_t until = ticks_ + span.count * 9 / 100;
    for (;;) {
      std::int64_t soonest = until;
      std::size_t next = 0;
      for (std::size_t i = 0; i < members_.size(); ++i) {
        const std::int64_t at = members_[i].begins + next_of(members_[i]);
        if (at < soonest) soonest = at, next = i;
      }
      if (soonest >= until) break;
      ticks_ = std::max(ticks_, soonest);
      feed(next);
    }
    ticks_ = until;
  }
  static std::int64_t next_of(const Member& one) {
    const bool has_sound = one.publisher.options().has_sound;
    return has_sound ? std::min(one.publisher.pictures_at(), one.publisher.sound_at()) : one.publisher.pictures_at();
  }
  void feed(std::size_t i) {
    Member& one = members_[i];
    const bool is_picture = one.publisher.pictures_at() == next_of(one);
    const Bytes bytes = is_picture ? one.publisher.picture() : one.publisher.sound();
    if (one.is_silent) return one.sent.push_back(bytes);
    one.stream.handle(bytes, now(), wall());
    take(i);
  }
  void take(std::size_t i) {
    const auto fresh = members_[i].stream.poll();
    if (!fresh) return;
    const auto snapshot = group_.take(i, fresh, now(), wall());
    for (std::size_t one = 0; one < members_.size(); ++one) members_[one].stream.tell_of_others(group_.news_for(one));
    if (snapshot) audience_.look(snapshot);
  }
  void lose(std::size_t i) {
    members_[i].stream.handle_source_lost(now());
    take(i);
    members_[i].is_silent = true;
  }
  void bring_back(std::size_t i) {
    members_[i].is_silent = false;
    members_[i].stream.handle_source_returned(now());
  }
  // Its clock goes on while it is away.
  void lose(std::size_t i, Micros span) {
    lose(i);
    play(span);
    bring_back(i);
  }
  // What it has sent meanwhile comes at once.
  void let_go(std::size_t i) {
    bring_back(i);
    for (const Bytes& bytes : std::exchange(members_[i].sent, {})) {
      members_[i].stream.handle(bytes, now(), wall());
      take(i);
    }
  }
  // It comes at twice its speed.
  void catch_up(std::size_t i) {
    Member& one = members_[i];
    one.stream.handle_source_returned(now());
    std::size_t given = 0;
    for (std::size_t had = one.sent.size(); given < one.sent.size(); had = one.sent.size()) {
      play(millis(100));
      for (std::size_t due = 2 * (one.sent.size() - had); due > 0 && given < one.sent.size(); --due) {
        one.stream.handle(one.sent[given++], now(), wall());
        take(i);
      }
    }
    one.is_silent = false;
  }
  void begin_anew() {
    members_.clear();
    group_ = StreamGroup("live/main");
    audience_ = Audience();
    ticks_ = 0;
  }
  // What comes of it comes later from now on; below zero: earlier, and what is on its way comes at once.
  void delay(std::size_t i, Micros by) { members_[i].begins += by.count * 9 / 100; }
  void expect_in_step(const std::string& high = "v0", const std::string& low = "v1");
  [[nodiscard]] Instant now() const { return kStart + Micros{ticks_ * 100 / 9}; }
  [[nodiscard]] WallTime wall() const { return kWallStart + Micros{ticks_ * 100 / 9} + wall_set_; }
  [[nodiscard]] std::string multivariant() const { return text_of(audience_.last().multivariant); }
  [[nodiscard]] const ReadPlaylist& of(const std::string& folder) { return audience_.of(folder).newest(); }

  std::deque<Member> members_;
  StreamGroup group_{"live/main"};
  Audience audience_;
  std::int64_t ticks_ = 0;
  Micros wall_set_{};  // Somebody has set the host's clock ahead by it.
};

// The same numbers, at the same times, with the same discontinuities before them.
inline void GroupTest::expect_in_step(const std::string& high, const std::string& low) {
  const auto sequence = [](const ReadPlaylist& read) {
    return std::stoull(line_with(read.head, "#EXT-X-DISCONTINUITY-SEQUENCE:").substr(30));
  };
  const ReadPlaylist &one = of(high), &other = of(low);
  std::uint64_t discontinuities = sequence(other);
  std::size_t compared = 0;
  for (const ReadSegment& segment : other.segments) {
    discontinuities += segment.is_discontinuous ? 1 : 0;
    const auto same = std::ranges::find(one.segments, segment.msn, &ReadSegment::msn);
    if (same == one.segments.end() || segment.is_gap || same->is_gap) continue;
    ++compared;
    EXPECT_EQ(same->date, segment.date) << segment.msn;
    std::uint64_t theirs = sequence(one);
    for (auto at = one.segments.begin(); at <= same; ++at) theirs += at->is_discontinuous ? 1 : 0;
    EXPECT_EQ(theirs, discontinuities) << segment.msn;
  }
  EXPECT_GT(compared, 2u);
}

}  // namespace fanlight::packager::test
