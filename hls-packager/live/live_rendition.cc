#include "live/live_rendition.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "cmaf/fragment.h"
#include "cmaf/init_segment.h"
#include "playlist/frame_rate.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

std::vector<Sample> samples_of(const CutPart& part) {
  std::vector<Sample> samples;
  samples.reserve(part.samples.size());
  for (const TimedSample& one : part.samples)
    samples.push_back({.bytes = one.bytes,
                       .decode_time = one.decode_time,
                       .duration = one.duration,
                       .composition_offset = static_cast<std::int32_t>(one.presentation_time - one.decode_time),
                       .is_independent = one.is_independent});
  return samples;
}

double bits_a_second(std::uint64_t bytes, Micros length) {
  constexpr Micros kLeast = millis(1);
  return 8e6 * static_cast<double>(bytes) / static_cast<double>(std::max(length, kLeast).count);
}

// Of what a stranger sent: a picture of MiB may last a tick.
std::uint32_t bit_rate(double bits_per_second) {
  constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(bits_per_second, kMost));
}

bool exceeds(double measured, std::uint32_t said) { return bit_rate(measured) > 1.25 * said; }

std::uint64_t size_of(const LiveInit& init) {
  std::uint64_t size = init.bytes.size();
  for (const SharedBytes& one : init.of_further_keys) size += one.size();
  return size;
}

}  // namespace

LiveRendition::LiveRendition(const Options& options) : options_(options) {
  playlist_.timescale = options.timescale;
  playlist_.target_duration = options.target_duration;
  playlist_.low_latency = options.low_latency;
  if (!options.keys) return;
  for (const ContentKey& key : options.keys->keys)
    playlist_.keys.push_back({.id = key_id_text(key.id), .has_clear_licence = options.keys->is_served});
}

void LiveRendition::take(const CutPart& part, const TrackFormat& format, WallTime begins, Micros span) {
  if (playlist_.has_ended) return;
  if (part.begins_segment) {
    if (playlist_.open) close_segment();
    if (format_ != format) adopt(format);
    fill_up_to(part.msn, part.discontinuities_before, gaps_before(part, begins, span));
    open_segment(part, begins);
  }
  if (!playlist_.open) return;
  if (!part.samples.empty()) add_part(part, begins);
  if (part.ends_segment) close_segment();
}

void LiveRendition::adopt(const TrackFormat& format) {
  format_ = format;
  const std::string_view language = options_.language.empty() ? std::string_view("und") : options_.language;
  LiveInit& init = inits_.emplace_back();
  init.init = next_init_++;
  for (std::size_t slot = 0; slot < std::max<std::size_t>(playlist_.keys.size(), 1); ++slot) {
    const std::optional<KeyMark> key = options_.keys ? std::optional(options_.keys->mark_of(slot)) : std::nullopt;
    const SharedBytes bytes = write_init_segment(format, language, key ? &*key : nullptr);
    slot == 0 ? void(init.bytes = bytes) : init.of_further_keys.push_back(bytes);
  }
  formats_.push_back(format);
  frames_ = frames_ticks_ = segments_measured_ = 0;
  auto* const picture = std::get_if<PictureFormat>(&formats_.back().media);
  // Until it is measured, the one before.
  if (picture != nullptr && !picture->rate && formats_.size() > 1)
    picture->rate = std::get<PictureFormat>(formats_[formats_.size() - 2].media).rate;
  bytes_ += size_of(init);
  if (!options_.keys) return;
  protector_.emplace(format);
}

std::size_t LiveRendition::key_of(std::uint64_t msn) const noexcept {
  return options_.keys ? options_.keys->slot_of(msn) : 0;
}

void LiveRendition::open_segment(const CutPart& part, WallTime begins) {
  is_interrupted_ = false;
  playlist_.open = PlaylistSegment{
      .init = inits_.back().init, .is_discontinuous = part.is_discontinuous, .key = key_of(part.msn), .begins = begins};
  auto segment = std::make_shared<LiveSegment>();
  segment->msn = part.msn;
  keep({.segment = std::move(segment), .init = inits_.back().init});
}

SharedBytes LiveRendition::fragment_of(const CutPart& part, WallTime begins) {
  FragmentHeader header{.sequence_number = next_fragment_++, .begins_segment = part.begins_segment};
  if (part.begins_segment) header.producer_time = {begins, part.samples.front().presentation_time};
  std::vector<Sample> samples = samples_of(part);
  if (!protector_) return write_fragment(header, samples);
  const std::uint64_t left_clear = protector_->slices_left_clear();
  const FragmentProtection protection = protector_->protect(*options_.keys, playlist_.open->key, samples);
  counts_.slices_left_clear += protector_->slices_left_clear() - left_clear;
  header.protection = &protection;
  return write_fragment(header, samples);
}

void LiveRendition::add_part(const CutPart& part, WallTime begins) {
  const TimedSample& first = part.samples.front();
  const SharedBytes bytes = fragment_of(part, begins);
  all_independent_ &= !part.begins_segment || first.is_independent;

  Kept& kept = kept_.back();
  change_newest().parts.push_back(bytes);
  if (part.begins_segment) kept.shown_from = first.presentation_time;
  kept.bytes += bytes.size();
  bytes_ += bytes.size();
  frames_open_ += static_cast<std::int64_t>(part.samples.size());

  const std::int64_t ticks = ticks_of_part(part);
  playlist_.open->parts.push_back({.duration = ticks, .is_independent = first.is_independent});
  playlist_.open->expects_no_more = part.expects_end;
  ++counts_.parts;
  if (part.begins_segment || part.ends_segment) return;
  const Micros duration = micros_of(ticks, playlist_.timescale);
  counts_.part_longest = std::max(counts_.part_longest, duration);
  counts_.part_shortest = counts_.part_shortest == Micros{} ? duration : std::min(counts_.part_shortest, duration);
}

// Never more than the part target, also where the track's timescale has become another.
std::int64_t LiveRendition::ticks_of_part(const CutPart& part) const noexcept {
  std::int64_t ticks = 0;
  for (const TimedSample& sample : part.samples) ticks += sample.duration;
  const std::uint32_t timescale = part.samples.front().timescale;
  if (timescale != playlist_.timescale) ticks = rescale(ticks, timescale, playlist_.timescale);
  return std::min(ticks, options_.low_latency.part_target.count * playlist_.timescale / 1'000'000);
}

void LiveRendition::close_segment() {
  PlaylistSegment& open = *playlist_.open;
  for (const PlaylistPart& part : open.parts) open.duration += part.duration;
  measure_rate();
  open.expects_no_more = false;
  const Micros duration = micros_of(open.duration, playlist_.timescale);
  Kept& kept = kept_.back();
  change_newest().is_whole = true;
  kept.duration = duration;
  measure_peak();
  since_offered_ = since_offered_ + duration;
  list(*std::exchange(playlist_.open, std::nullopt));
}

void LiveRendition::keep(Kept kept) {
  shown_.push_back(kept.segment);
  is_newest_shown_ = false;
  kept_.push_back(std::move(kept));
}

// The newest that is kept, whole.
void LiveRendition::list(PlaylistSegment segment) {
  listed_ = listed_ + micros_of(segment.duration, playlist_.timescale);
  bytes_listed_ += kept_.back().bytes;
  breaks_listed_ += segment.is_discontinuous ? 1 : 0;
  playlist_.segments.push_back(std::move(segment));
  ++counts_.segments;
}

// Where the parameter sets do not say it: of the first segments, so that rounded times do no harm. Then it stays, but
// for one that is much faster: FRAME-RATE is the most that comes. RFC 8216bis §4.4.6.2
void LiveRendition::measure_rate() {
  constexpr unsigned kFirst = 3;
  const std::int64_t frames = std::exchange(frames_open_, 0), ticks = playlist_.open->duration;
  const auto* const its = std::get_if<PictureFormat>(&format_->media);
  if (its == nullptr || its->rate || frames == 0 || ticks == 0) return;
  std::optional<FrameRate>& said = std::get<PictureFormat>(formats_.back().media).rate;
  if (segments_measured_ < kFirst) {
    ++segments_measured_;
    said = measured_rate(frames_ += frames, frames_ticks_ += ticks);
  } else if (const FrameRate newest = measured_rate(frames, ticks); is_much_faster(newest, *said)) {
    said = newest;
  }
}

// Of any neighbours that last half a target duration to one and a half. RFC 8216bis §4.4.6.2
void LiveRendition::measure_peak() {
  const Micros target = seconds(options_.target_duration);
  std::uint64_t bytes = 0;
  Micros length{};
  for (auto kept = kept_.rbegin(); kept != kept_.rend() && kept->bytes > 0; ++kept) {
    bytes += kept->bytes;
    length = length + kept->duration;
    if (2 * length > 3 * target) return;
    if (2 * length >= target) peak_ = std::max(peak_, bits_a_second(bytes, length));
  }
}

double LiveRendition::average_listed() const noexcept { return bits_a_second(bytes_listed_, listed_); }

void LiveRendition::announce(const DateRange& range) {
  if (playlist_.has_ended) return;
  const std::uint64_t next = playlist_.media_sequence + playlist_.segments.size();
  playlist_.ranges.push_back({range, next, playlist_.open ? playlist_.open->parts.size() : 0});
  if (playlist_.ranges.size() > kDateRangesMax) playlist_.ranges.erase(playlist_.ranges.begin());
}

// One goes with all that is said of its ID, once the first segment begins behind its end. RFC 8216bis §6.2.1
void LiveRendition::forget_ranges() {
  if (playlist_.ranges.empty() || playlist_.segments.empty() || !playlist_.segments.front().begins) return;
  const WallTime first = *playlist_.segments.front().begins;
  std::map<std::string, std::optional<WallTime>> ends;  // As was said last.
  for (const PlacedDateRange& one : playlist_.ranges) ends[one.range.id] = one.range.ends();
  std::erase_if(playlist_.ranges,
                [&](const PlacedDateRange& one) { return ends[one.range.id].value_or(first) < first; });
}

// Others read the one that was.
LiveSegment& LiveRendition::change_newest() {
  Kept& kept = kept_.back();
  if (std::exchange(is_newest_shown_, false)) {
    kept.segment = std::make_shared<LiveSegment>(*kept.segment);
    shown_.back() = kept.segment;
  }
  return *kept.segment;
}

void LiveRendition::interrupt(std::uint64_t next, std::uint64_t discontinuities, Micros span) {
  if (playlist_.has_ended) return;
  if (playlist_.open) close_segment();
  if (format_) fill_up_to(next, discontinuities, gaps_of(next, span));
  is_interrupted_ = true;
}

void LiveRendition::end(Instant now) {
  if (playlist_.has_ended) return;
  if (playlist_.open) close_segment();
  longest_listed_ = std::max(longest_listed_, listed_);
  over_at_ = now + longest_listed_ + options_.window;
  playlist_.has_ended = true;
}

bool LiveRendition::evict(Instant now) {
  const std::uint64_t before = playlist_.media_sequence + counts_.evicted;
  unlist(now);
  while (!kept_.empty() && kept_.front().goes_at && *kept_.front().goes_at <= now) drop_front();
  const auto is_too_much = [&] { return bytes_ > options_.bytes_max || kept_.size() > 2 * options_.segments_max; };
  while (is_too_much() && !kept_.empty() && kept_.front().goes_at) {
    ++counts_.evicted_early;
    drop_front();
  }
  return playlist_.media_sequence + counts_.evicted != before;
}

void LiveRendition::unlist(Instant now) {
  longest_listed_ = std::max(longest_listed_, listed_);
  const std::uint64_t bytes_open = playlist_.open ? kept_.back().bytes : 0;
  const std::uint64_t first = playlist_.media_sequence;
  while (playlist_.segments.size() > 1) {
    const Micros duration = micros_of(playlist_.segments.front().duration, playlist_.timescale);
    const bool has_room =
        playlist_.segments.size() <= options_.segments_max && bytes_listed_ + bytes_open <= options_.bytes_max;
    if (has_room && (playlist_.has_ended || listed_ - duration < options_.window)) break;
    unlist_front(now + kept_[first_listed()].duration + longest_listed_);
  }
  if (playlist_.media_sequence != first) forget_ranges();
}

void LiveRendition::drop_oldest(Instant now) {
  if (!kept_.front().goes_at) {
    unlist_front(now);
    forget_ranges();
  }
  ++counts_.evicted_early;
  drop_front();
}

void LiveRendition::unlist_front(Instant goes_at) {
  const PlaylistSegment& front = playlist_.segments.front();
  Kept& kept = kept_[first_listed()];
  kept.goes_at = goes_at;
  bytes_listed_ -= kept.bytes;
  listed_ = listed_ - micros_of(front.duration, playlist_.timescale);
  breaks_listed_ -= front.is_discontinuous ? 1 : 0;
  playlist_.discontinuity_sequence += front.is_discontinuous ? 1 : 0;
  ++playlist_.media_sequence;
  playlist_.segments.pop_front();
}

void LiveRendition::drop_front() {
  bytes_ -= kept_.front().bytes;
  kept_.pop_front();
  shown_.pop_front();
  ++counts_.evicted;
  const std::uint64_t oldest = kept_.empty() ? next_init_ : kept_.front().init;
  while (inits_.size() > 1 && inits_.front().init < oldest) {
    bytes_ -= size_of(inits_.front());
    inits_.erase(inits_.begin());
    formats_.pop_front();
  }
}

Instant LiveRendition::next_eviction() const noexcept {
  const Instant first = kept_.empty() ? Instant::never() : kept_.front().goes_at.value_or(Instant::never());
  return std::min(first, over_at_);
}

std::optional<Micros> LiveRendition::last_span() const noexcept {
  if (playlist_.segments.empty()) return std::nullopt;
  return micros_of(playlist_.segments.back().duration, playlist_.timescale);
}

// Of the newest three that are no gaps the longest: one in front of a discontinuity is cut short, and so may one be
// that nothing follows.
std::int64_t LiveRendition::usual_ticks() const noexcept {
  std::int64_t longest = 0;
  std::size_t seen = 0;
  for (std::size_t i = playlist_.segments.size(); i > 0 && seen < 3; --i) {
    const PlaylistSegment& one = playlist_.segments[i - 1];
    if (one.is_gap) continue;
    longest = std::max(longest, one.duration);
    ++seen;
  }
  return seen > 0 || playlist_.segments.empty() ? longest : playlist_.segments.back().duration;
}

bool LiveRendition::has_gap_among(std::size_t newest) const noexcept {
  const std::size_t size = playlist_.segments.size();
  for (std::size_t i = size - std::min(newest, size); i < size; ++i)
    if (playlist_.segments[i].is_gap) return true;
  return false;
}

std::optional<Micros> LiveRendition::usual_span() const noexcept {
  if (playlist_.segments.empty()) return std::nullopt;
  return micros_of(usual_ticks(), playlist_.timescale);
}

std::optional<SegmentPlace> LiveRendition::place_of(std::uint64_t msn) const {
  const std::size_t count = playlist_.segments.size() + (playlist_.open ? 1 : 0);
  if (msn < playlist_.media_sequence || msn - playlist_.media_sequence >= count) return std::nullopt;
  const std::size_t at = msn - playlist_.media_sequence;
  const PlaylistSegment& its = at == playlist_.segments.size() ? *playlist_.open : playlist_.segments[at];
  SegmentPlace place{rescale(kept_[kept_.size() - count + at].shown_from, format_->timescale(), kMediaClock),
                     playlist_.discontinuity_sequence + breaks_listed_, its.begins.value_or(WallTime{})};
  if (at == playlist_.segments.size()) place.discontinuities += playlist_.open->is_discontinuous ? 1 : 0;
  for (std::size_t i = at + 1; i < playlist_.segments.size(); ++i)  // Behind it; the newest are what is asked for.
    place.discontinuities -= playlist_.segments[i].is_discontinuous ? 1 : 0;
  return place;
}

std::vector<NumberedPlace> LiveRendition::newest_places(std::size_t count) const {
  std::vector<NumberedPlace> places;
  const std::uint64_t end = next_msn() + (playlist_.open ? 1 : 0);
  const std::uint64_t listed = end - playlist_.media_sequence;
  for (std::uint64_t msn = end - std::min<std::uint64_t>(listed, count); msn < end; ++msn)
    places.push_back({msn, *place_of(msn)});
  return places;
}

void LiveRendition::put_off(Micros by) {
  SharedList<PlaylistSegment> segments;
  for (PlaylistSegment one : playlist_.segments) {
    if (one.begins) one.begins = *one.begins + by;
    segments.push_back(std::move(one));
  }
  playlist_.segments = std::move(segments);
  if (playlist_.open && playlist_.open->begins) playlist_.open->begins = *playlist_.open->begins + by;
  shown_ = {};
  for (Kept& kept : kept_) {
    kept.segment = std::make_shared<LiveSegment>(*kept.segment);
    if (!kept.segment->parts.empty()) kept.segment->parts.front() = packager::put_off(kept.segment->parts.front(), by);
    shown_.push_back(kept.segment);
  }
  is_newest_shown_ = false;
}

// Nobody is to look for gaps at a stretch's end, nor at its begin.
std::vector<Stretch> LiveRendition::stretches() const {
  std::vector<Stretch> found;
  std::size_t gaps = 0;
  const auto drop_gaps = [&] {
    if (!found.empty()) found.back().durations.resize(found.back().durations.size() - gaps);
    gaps = 0;
  };
  // Mostly they are one: a window may be thousands of segments.
  const auto in_format = [&](std::int64_t ticks) {
    const std::uint32_t timescale = found.back().format->timescale();
    return timescale == playlist_.timescale ? ticks : rescale(ticks, playlist_.timescale, timescale);
  };
  std::uint64_t number = playlist_.discontinuity_sequence;
  const std::size_t listed_from = first_listed();
  for (std::size_t i = 0; i < playlist_.segments.size() + (playlist_.open ? 1 : 0); ++i) {
    const bool is_open = i == playlist_.segments.size();
    const PlaylistSegment& segment = is_open ? *playlist_.open : playlist_.segments[i];
    number += segment.is_discontinuous ? 1 : 0;
    if (found.empty() || found.back().number != number || found.back().init != segment.init) {
      if (segment.is_gap) continue;
      drop_gaps();
      found.push_back({.number = number,
                       .init = segment.init,
                       .format = &formats_[segment.init - inits_.front().init],
                       .first_msn = playlist_.media_sequence + i,
                       .first_time = kept_[listed_from + i].shown_from,
                       .begins = segment.begins});
    }
    // What is in front of a gap may have been cut short, and a gap may be said to be longer: where they stand counts.
    if ((segment.is_gap || gaps > 0) && i > 0 && !found.back().durations.empty()) {
      const std::int64_t stands = kept_[listed_from + i].shown_from - kept_[listed_from + i - 1].shown_from;
      if (stands > 0) found.back().durations.back() = stands;
    }
    gaps = segment.is_gap ? gaps + 1 : 0;
    found.back().newest_msn = playlist_.media_sequence + i;
    if (!is_open) found.back().durations.push_back(in_format(segment.duration));
  }
  for (Stretch& one : found) {
    const std::size_t i = one.newest_msn - playlist_.media_sequence;
    one.newest_time = kept_[listed_from + i].shown_from;
    one.newest_begins = i == playlist_.segments.size() ? playlist_.open->begins : playlist_.segments[i].begins;
  }
  if (playlist_.has_ended || is_interrupted_) drop_gaps();
  if (playlist_.has_ended || is_interrupted_ || found.empty()) return found;
  Stretch& last = found.back();
  last.durations.push_back(
      std::max<std::int64_t>(rescale(usual_ticks(), playlist_.timescale, last.format->timescale()), 1));
  return found;
}

// A quarter more than was seen: players choose by it, and it may not turn out too low. What comes may be a quarter more
// than was said. An average grows slowly where a source has become another: it is looked at when that has had its time.
OfferedRendition LiveRendition::offer() {
  constexpr double kHeadRoom = 1.25;
  constexpr Micros kSlowly = seconds(60);
  const double average = average_listed(), peak = std::max(peak_, average);
  const bool is_average_known = since_offered_ >= std::min(options_.window, kSlowly);
  if (average > 0 &&
      (!offered_ || exceeds(peak, offered_->first) || (is_average_known && exceeds(average, offered_->second)))) {
    offered_ = {bit_rate(peak * kHeadRoom), bit_rate(average)};
    since_offered_ = {};
  }
  return offered();
}

OfferedRendition LiveRendition::offered() const {
  return {.format = formats_.empty() ? nullptr : &formats_.back(),
          .folder = options_.folder,
          .language = options_.language,
          .describes_video = options_.describes_video,
          .ordinal = ordinal_,
          .bandwidth = offered_ ? offered_->first : 0,
          .bandwidth_average = offered_ ? offered_->second : 0,
          .captions = captions_,
          .has_independent_segments = all_independent_};
}

std::shared_ptr<const RenditionSnapshot> LiveRendition::snapshot(std::vector<RenditionReport> reports,
                                                                 Compressor& compressor) {
  auto snapshot = last_ != nullptr && last_->has_ended ? std::make_shared<RenditionSnapshot>(*last_)
                                                       : written(std::move(reports), compressor);
  snapshot->segments = shown_;
  is_newest_shown_ = true;
  snapshot->inits = inits_;
  return last_ = std::move(snapshot);
}

// Once ended, texts never change.
std::shared_ptr<RenditionSnapshot> LiveRendition::written(std::vector<RenditionReport> reports,
                                                          Compressor& compressor) {
  playlist_.reports = std::move(reports);
  playlist_.hinted_key = key_of(hints_at(playlist_));
  auto snapshot = std::make_shared<RenditionSnapshot>();
  snapshot->folder = options_.folder;
  snapshot->is_video = options_.is_video;
  snapshot->target_duration = options_.target_duration;
  snapshot->part_target = options_.low_latency.part_target;
  snapshot->edge = edge().value_or(PlaylistEdge{});
  snapshot->first_msn = playlist_.media_sequence;
  snapshot->hints_at_next_segment = playlist_.open && playlist_.open->expects_no_more;
  snapshot->is_interrupted = is_interrupted_;
  snapshot->has_ended = playlist_.has_ended;
  snapshot->playlist = LateDocument([as_is = playlist_] { return write_media_playlist(as_is); });
  if (const std::optional<std::string> delta = write_delta(playlist_)) snapshot->delta = compressor.document_of(*delta);
  return snapshot;
}

}  // namespace fanlight::packager
