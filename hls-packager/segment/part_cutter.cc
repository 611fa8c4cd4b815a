#include "segment/part_cutter.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {

std::size_t PartCutter::add_track(Micros part_target, std::uint64_t first) {
  Track fresh{.part = OpenPart(part_target), .next = boundaries_.next()};
  const std::uint64_t newest = boundaries_.next() - 1;
  const Boundary* const begun = boundaries_.find(newest);
  // Where all begin anew, one of them begins first.
  if (begun != nullptr && begun->begins_anew && newest >= first)
    fresh.next = newest;
  else
    wants_discontinuity_ = true;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (!tracks_[i].is_removed || i == leader_) continue;
    tracks_[i] = std::move(fresh);
    return i;
  }
  tracks_.push_back(std::move(fresh));
  return tracks_.size() - 1;
}

void PartCutter::remove_track(std::size_t track, std::vector<CutPart>& done) {
  if (track != leader_) let_in(track, true, done);
  end_segment(track, std::nullopt, done);
  tracks_[track].is_running = false;
  tracks_[track].is_removed = true;
}

void PartCutter::handle(std::size_t track, TimedSample&& sample, std::vector<CutPart>& done) {
  if (tracks_[track].is_removed) return;
  if (track == leader_) return lead(track, std::move(sample), done);
  tracks_[track].bytes_waiting += sample.bytes.size();
  tracks_[track].waiting.push_back(std::move(sample));
  let_in(track, false, done);
  forget_passed_boundaries();
}

void PartCutter::flush(std::vector<CutPart>& done) {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (i != leader_) let_in(i, true, done);
    end_segment(i, std::nullopt, done);
    tracks_[i].is_running = tracks_[i].is_at_discontinuity = false;
  }
  boundaries_.forget(boundaries_.next());
  for (Track& track : tracks_) track.next = boundaries_.next();
  gops_.handle_discontinuity();
  led_until_.reset();
  broken_since_.reset();
}

// --- The track that leads.

void PartCutter::lead(std::size_t index, TimedSample&& sample, std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  const std::int64_t at = media_time_of(sample), decode_time = sample.decode_time;
  if (track.is_running && !track.part.admits(sample)) close_part(index, decode_time, false, done);
  const Turn turn = judge(track, sample);
  if (std::exchange(track.expects_end, false) && !turn.begins_segment) {
    ++counts_.ends_misjudged;
    gops_.handle_missed();
  }
  if (turn.is_break) {
    end_segment(index, std::nullopt, done);
    track.is_running = false;
    if (!may_break_with(sample)) return void(++counts_.samples_left_out);
  }
  if (turn.begins_segment) {
    end_segment(index, decode_time, done);
    begin_segment(track, sample, turn);
  } else if (sample.is_independent && !track.part.is_empty() && !track.part.is_all_independent()) {
    close_part(index, decode_time, false, done);
  }
  if (sample.is_independent) gops_.handle_independent(decode_time);
  watch_order(sample);
  led_until_ = std::max(at, led_until_.value_or(at));
  add(track, std::move(sample));
  see_end_coming(index, done);
  if (track.part.is_complete()) close_part(index, std::nullopt, false, done);
  for (std::size_t i = 0; i < tracks_.size(); ++i)
    if (i != index) let_in(i, false, done);
  forget_passed_boundaries();
}

void PartCutter::watch_order(const TimedSample& sample) noexcept {
  const std::int64_t wait = sample.presentation_time - sample.decode_time;
  if (sample.is_independent) wait_ = wait;
  wait_more_ = std::max(wait_more_,
                        std::min(wait - wait_, rescale(options_.segment_ticks_max / 4, kMediaClock, sample.timescale)));
}

auto PartCutter::judge(const Track& track, const TimedSample& sample) const noexcept -> Turn {
  Turn turn;
  turn.is_break = !track.is_running || sample.epoch != track.epoch || sample.format != track.format ||
                  (track.part.is_empty() && !track.part.can_follow(sample));
  turn.is_forced =
      !turn.is_break && track.is_segment_open && (must_cut_ || is_too_long(track, sample) || is_full(track, sample));
  turn.begins_segment = turn.is_break || !track.is_segment_open || turn.is_forced || is_time_to_cut(track, sample);
  return turn;
}

bool PartCutter::is_time_to_cut(const Track& track, const TimedSample& sample) const noexcept {
  if (!sample.is_independent) return false;
  if (wants_discontinuity_ || is_long_enough(track, sample.decode_time) || is_half_full(track)) return true;
  // The part in front of an independent picture is too short but for the end of a segment.
  const OpenPart& part = track.part;
  return !part.is_empty() && !part.first().is_independent && !part.is_long_enough(sample.decode_time);
}

// Half a frame short is long enough: frames of 1001/30000 s never add up to whole seconds.
bool PartCutter::is_long_enough(const Track& track, std::int64_t at) const noexcept {
  const std::int64_t length = at - track.segment_begin + track.part.frame_ticks() / 2;
  return rescale(length, track.part.timescale(), kMediaClock) >= options_.segment_ticks;
}

bool PartCutter::is_too_long(const Track& track, const TimedSample& sample) const noexcept {
  const std::int64_t length = sample.decode_time - track.segment_begin + track.part.frame_ticks();
  return rescale(length, sample.timescale, kMediaClock) > most(track);
}

bool PartCutter::is_full(const Track& track, const TimedSample& sample) const noexcept {
  const std::uint64_t bytes = sample.bytes.size();
  const bool has_part = !track.part.is_empty();
  if (has_part && (track.part.count() >= kPartSamplesMax || track.part.bytes() + bytes > kPartBytesMax)) return true;
  return track.parts >= parts_max(track) || (track.bytes > 0 && track.bytes + bytes > options_.segment_bytes_max);
}

// Then an independent picture is one to begin the next with.
bool PartCutter::is_half_full(const Track& track) const noexcept {
  return track.parts >= parts_max(track) / 2 || track.bytes > options_.segment_bytes_max / 2;
}

// Four times as many as fit, for each independent picture begins one.
std::size_t PartCutter::parts_max(const Track& track) const noexcept {
  const std::int64_t fit = options_.segment_ticks_max * 100 / 9 / std::max<std::int64_t>(track.part.target().count, 1);
  return static_cast<std::size_t>(4 * fit + 16);
}

// Followers' segments begin and end up to a frame behind the leader's; behind a picture that begins one though it is
// not independent also by what it waits for those that are shown before it.
std::int64_t PartCutter::most(const Track& track) const noexcept {
  const bool leads = leader_ && &tracks_[*leader_] == &track;
  return options_.segment_ticks_max - (leads ? kFollowersSlack + wait_more_ : 0);
}

// Where nothing independent comes at all, players get what there is.
bool PartCutter::may_break_with(const TimedSample& sample) noexcept {
  if (sample.is_independent) return true;
  if (!broken_since_) broken_since_ = sample.decode_time;
  return sample.decode_time - *broken_since_ > options_.segment_ticks_max;
}

void PartCutter::begin_segment(Track& track, const TimedSample& sample, const Turn& turn) {
  const bool is_first = boundaries_.next() == 0;
  if (!sample.is_independent && turn.is_forced) ++counts_.cuts_forced;
  const bool may_be_discontinuous = sample.is_independent || !gops_.is_one_due_after(sample.decode_time);
  const bool is_discontinuous = !is_first && (turn.is_break || (wants_discontinuity_ && may_be_discontinuous));
  const std::optional<bool> rejoins = turn.is_break ? std::exchange(rejoins_, std::nullopt) : std::nullopt;
  track.boundary = {.at = media_time_of(sample),
                    .epoch = sample.epoch,
                    .is_discontinuous = rejoins.value_or(is_discontinuous),
                    .begins_anew = is_first || is_discontinuous || rejoins.has_value(),
                    .discontinuities_before = counts_.discontinuities};
  track.number = boundaries_.next();
  boundaries_.push(track.boundary);
  if (track.boundary.is_discontinuous) ++counts_.discontinuities;
  if (track.boundary.begins_anew) wants_discontinuity_ = false;
  if (turn.is_break) {
    track.part.restart();
    gops_.handle_discontinuity();
    led_until_.reset();
    broken_since_.reset();
    wait_ = wait_more_ = 0;
  }
  track.segment_begin = track.part.due().value_or(sample.decode_time);
  track.epoch = sample.epoch;
  track.format = sample.format;
  track.is_running = true;
  must_cut_ = false;
  open_segment(track);
}

// Of sound a segment may end with any frame. Of pictures the next one has to be independent, and an encoder may always
// do otherwise: so the part alone ends, where it may be followed by any other.
void PartCutter::see_end_coming(std::size_t index, std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  if (!foresees_end(track)) return;
  const bool is_sound = track.part.timescale() != kMediaClock;
  if (!is_sound && !track.part.is_long_enough(*track.part.due())) return;
  ++counts_.ends_foreseen;
  track.expects_end = !is_sound;
  close_part(index, std::nullopt, is_sound, done);
}

bool PartCutter::foresees_end(const Track& track) const noexcept {
  const std::int64_t due = *track.part.due();
  const bool is_sound = track.part.timescale() != kMediaClock;
  if (is_sound) return is_long_enough(track, due);
  return gops_.expects(due) && (wants_discontinuity_ || is_long_enough(track, due));
}

// --- Those that follow.

// Those that are certain; and all that are so long before the newest that the leader cannot be waited for.
void PartCutter::let_in(std::size_t index, bool all, std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  const auto is_certain = [&](const TimedSample& sample) {
    if (!led_until_ || !leader_) return false;
    const std::uint32_t epoch = tracks_[*leader_].epoch;
    return sample.epoch < epoch || (sample.epoch == epoch && media_time_of(sample) < *led_until_);
  };
  const auto waits_too_long = [&](const TimedSample& sample) {
    return media_time_of(track.waiting.back()) - media_time_of(sample) > kWaitingMax ||
           track.waiting.size() > kSamplesWaitingMax || track.bytes_waiting > kBytesWaitingMax;
  };
  while (!track.waiting.empty()) {
    const TimedSample& front = track.waiting.front();
    if (!all && !is_certain(front) && !waits_too_long(front)) break;
    TimedSample sample = std::move(track.waiting.front());
    track.waiting.pop_front();
    track.bytes_waiting -= sample.bytes.size();
    follow(index, std::move(sample), done);
  }
  pass_what_is_due(index, done);
}

void PartCutter::follow(std::size_t index, TimedSample&& sample, std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  while (const Boundary* boundary = boundaries_.find(track.next)) {
    if (!is_past(track.epoch, sample, *boundary)) break;
    pass(index, *boundary, sample.decode_time, done);
  }
  if (!takes(index, sample, done)) return void(++counts_.samples_left_out);
  add(track, std::move(sample));
  if (track.part.is_complete()) close_part(index, std::nullopt, false, done);
  pass_what_is_due(index, done);
}

// What cannot go on from what was waits for a discontinuity.
bool PartCutter::takes(std::size_t index, const TimedSample& sample, std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  if (track.is_running && track.format == sample.format && !track.part.admits(sample))
    close_part(index, sample.decode_time, false, done);
  const bool goes_on = track.is_running && track.format == sample.format &&
                       (!track.part.is_empty() || track.part.can_follow(sample)) && !is_too_long(track, sample) &&
                       !is_full(track, sample);
  if (std::exchange(track.is_at_discontinuity, false) && !goes_on) {
    end_segment(index, std::nullopt, done);
    track.part.restart();
    track.format = sample.format;
    track.segment_begin = sample.decode_time;
    track.is_running = true;
    open_segment(track);
    return true;
  }
  if (goes_on) return true;
  if (track.is_running) fall_out(index, done);
  return false;
}

void PartCutter::pass(std::size_t index, const Boundary& boundary, std::optional<std::int64_t> next,
                      std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  end_segment(index, next, done);
  track.boundary = boundary;
  track.number = track.next++;
  track.epoch = boundary.epoch;
  track.is_at_discontinuity |= boundary.begins_anew;
  open_segment(track);
  track.is_segment_open = track.is_running;
  track.segment_begin = track.part.due().value_or(0);
}

// A boundary that the next frame is certain to be behind.
void PartCutter::pass_what_is_due(std::size_t index, std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  while (const Boundary* boundary = track.is_running ? boundaries_.find(track.next) : nullptr) {
    const std::optional<std::int64_t> due = track.part.due();
    if (!due || boundary->epoch != track.epoch) return;
    if (rescale(*due, track.part.timescale(), kMediaClock) < boundary->at) return;
    pass(index, *boundary, std::nullopt, done);
  }
}

void PartCutter::fall_out(std::size_t index, std::vector<CutPart>& done) {
  end_segment(index, std::nullopt, done);
  tracks_[index].is_running = false;
  wants_discontinuity_ |= !comes_to_a_discontinuity(tracks_[index]);
}

// A hole of all tracks has made the leader begin anew already, with its next independent picture.
bool PartCutter::comes_to_a_discontinuity(const Track& track) const noexcept {
  for (std::uint64_t number = track.next; number < boundaries_.next(); ++number)
    if (const Boundary* const one = boundaries_.find(number); one != nullptr && one->is_discontinuous) return true;
  return false;
}

// --- Both.

void PartCutter::open_segment(Track& track) noexcept {
  track.is_segment_open = true;
  track.parts = 0;
  track.bytes = 0;
}

void PartCutter::add(Track& track, TimedSample&& sample) {
  track.bytes += sample.bytes.size();
  track.part.add(std::move(sample));
}

void PartCutter::close_part(std::size_t index, std::optional<std::int64_t> next, bool ends_segment,
                            std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  if (track.part.is_empty()) return;
  // A hole in front of the next sample makes the last one longer, but no segment too long.
  if (next) next = std::min(*next, track.segment_begin + rescale(most(track), kMediaClock, track.part.timescale()));
  done.push_back({.track = index,
                  .msn = track.number,
                  .begins_segment = track.parts == 0,
                  .ends_segment = ends_segment,
                  .expects_end = track.expects_end,
                  .is_discontinuous = track.boundary.is_discontinuous,
                  .discontinuities_before = track.boundary.discontinuities_before,
                  .samples = track.part.take(next)});
  ++track.parts;
  if (ends_segment) track.is_segment_open = false;
}

void PartCutter::end_segment(std::size_t index, std::optional<std::int64_t> next, std::vector<CutPart>& done) {
  Track& track = tracks_[index];
  if (!track.is_segment_open) return;
  close_part(index, next, true, done);
  if (track.is_segment_open && track.parts > 0)
    done.push_back({.track = index, .msn = track.number, .ends_segment = true, .samples = {}});
  track.is_segment_open = false;
}

void PartCutter::forget_passed_boundaries() noexcept {
  std::uint64_t slowest = boundaries_.next();
  for (std::size_t i = 0; i < tracks_.size(); ++i)
    if (i != leader_ && !tracks_[i].is_removed) slowest = std::min(slowest, tracks_[i].next);
  boundaries_.forget(std::min(slowest, boundaries_.next() - std::min<std::uint64_t>(boundaries_.next(), 1)));
}

}  // namespace fanlight::packager
