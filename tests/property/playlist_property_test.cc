// Whatever the window and whatever has happened since, a player that applies a delta to what it has knows what one that
// loaded the whole does.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "playlist/media_playlist.h"
#include "playlist/part_target.h"
#include "playlist/test_playlist.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

bool one_in(int count) { return *rc::gen::inRange(0, count) == 0; }

std::int64_t ticks_of_ms(int ms, std::uint32_t timescale) { return std::int64_t{ms} * timescale / 1'000; }

// A stream as a packager would bring it: parts come, segments close, now and then the format changes.
class Stream {
 public:
  explicit Stream(MediaPlaylist& playlist) : playlist_(playlist) {}

  // Adds a part, and closes the segment once it is as long as a segment may be, or earlier.
  void add_part() {
    if (!playlist_.open) open();
    const std::int64_t frame = ticks_of_ms(*rc::gen::inRange(20, 45), playlist_.timescale);
    playlist_.open->parts.push_back({.duration = 5 * frame, .is_independent = one_in(4)});
    std::int64_t length = 0;
    for (const PlaylistPart& part : playlist_.open->parts) length += part.duration;
    const std::int64_t longest = std::int64_t{playlist_.target_duration} * playlist_.timescale;
    if (length + longest / 10 > longest || one_in(12)) close(length);
  }

 private:
  void open() {
    const bool is_new = one_in(6);
    if (is_new) ++init_;
    playlist_.open = PlaylistSegment{.init = init_, .is_discontinuous = is_new, .is_gap = one_in(30)};
    if (is_new || !one_in(5))
      playlist_.open->begins = WallTime{*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000)};
  }
  void close(std::int64_t length) {
    playlist_.open->duration = length;
    playlist_.segments.push_back(std::move(*playlist_.open));
    playlist_.open.reset();
  }

  MediaPlaylist& playlist_;
  std::uint64_t init_ = 0;
};

void drop_front(MediaPlaylist& playlist, std::size_t count) {
  for (; count > 0 && playlist.segments.size() > 1; --count) {
    playlist.segments.pop_front();
    ++playlist.media_sequence;
    playlist.discontinuity_sequence += playlist.segments.front().is_discontinuous;
  }
}

std::int64_t listed_us(const ReadPlaylist& read) {
  std::int64_t us = 0;
  for (const ReadSegment& segment : read.segments) us += segment.duration_us;
  for (const std::string& part : read.open.parts) us += us_of(*after(part, "#EXT-X-PART:DURATION="));
  return us;
}

RC_GTEST_PROP(DeltaProperty, AppliedToAnOlderPlaylistItGivesTheNewOne, ()) {
  MediaPlaylist playlist{.timescale = *rc::gen::element(90'000u, 48'000u, 44'100u),
                         .target_duration = *rc::gen::inRange(1u, 4u),
                         .low_latency = LowLatency{millis(225), millis(675)}};
  Stream stream(playlist);
  for (int i = *rc::gen::inRange(1, 200); i > 0; --i) stream.add_part();
  drop_front(playlist, *rc::gen::inRange<std::size_t>(0, 4));
  const ReadPlaylist before = PlaylistReader::read(write_media_playlist(playlist));
  // A player asks for a delta while what it has is younger than half the boundary: 3 s at least, 13 parts of 225 ms.
  for (int i = *rc::gen::inRange(0, 13); i > 0; --i) stream.add_part();
  drop_front(playlist, *rc::gen::inRange<std::size_t>(0, 4));

  const std::optional<std::string> text = write_delta(playlist);
  const std::int64_t boundary_us = 6'000'000 * std::int64_t{playlist.target_duration};
  const ReadPlaylist now = PlaylistReader::read(write_media_playlist(playlist));
  const std::int64_t first_us = now.segments.empty() ? 0 : now.segments.front().duration_us;
  RC_ASSERT(text.has_value() == (first_us > 0 && listed_us(now) - first_us >= boundary_us));
  if (!text) return;

  const ReadPlaylist delta = PlaylistReader::read(*text);
  const auto segments = reconstructed(before, delta);
  RC_ASSERT(segments.has_value());
  RC_ASSERT(*segments == now.segments);
  RC_ASSERT(delta.open == now.open);
  RC_ASSERT(delta.tail == now.tail);
  RC_ASSERT(delta.media_sequence == now.media_sequence);
  RC_ASSERT(listed_us(delta) >= boundary_us);
  RC_ASSERT(listed_us(delta) - delta.segments.front().duration_us < boundary_us);
}

RC_GTEST_PROP(PartTargetProperty, NoPartOfSoManyFramesReadsLonger, ()) {
  const auto frame_ticks = *rc::gen::inRange(1u, 50'000u);
  const auto timescale = *rc::gen::inRange(8'000u, 200'000u);
  const PartTarget chosen = part_target_of_frames(millis(*rc::gen::inRange(20, 2'000)), frame_ticks, timescale);
  RC_ASSERT(chosen.frames > 0);
  RC_ASSERT(micros_of(std::int64_t{chosen.frames} * frame_ticks, timescale) <= chosen.target);
}

}  // namespace
}  // namespace fanlight::packager
