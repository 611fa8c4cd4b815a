#include "live/live_mpd_writer.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

// So far ahead players hear of a period: they ask for news every two segments.
constexpr std::uint64_t kAnnounced = 4;
// To so much it is told when an MPD was published. Each is later than the one before, however often and whatever the
// host's clock does. ISO/IEC 23009-1 5.3.1.2
constexpr Micros kTold = millis(1);

std::int64_t on_media_clock(std::int64_t time, const Stretch& of) {
  const std::uint32_t timescale = of.format->timescale();
  return timescale == kMediaClock ? time : rescale(time, timescale, kMediaClock);
}

// Formats are the renditions', which go on.
LateDocument written_late(LiveMpd&& mpd) {
  struct Held {
    LiveMpd mpd;
    std::deque<TrackFormat> formats;
  };
  const auto held = std::make_shared<Held>(Held{.mpd = std::move(mpd), .formats = {}});
  for (MpdPeriod& period : held->mpd.content.periods)
    for (MpdAdaptationSet& set : period.sets)
      for (MpdRepresentation& one : set.representations) one.format = &held->formats.emplace_back(*one.format);
  return LateDocument([held] { return write_live_mpd(held->mpd); });
}

}  // namespace

// Stays what it is when others of its stretch come or go.
std::string LiveMpdWriter::id_of(const Place& place) const {
  const std::string id = "p" + std::to_string(place.stretch);
  return place.is_first ? id : id + "-" + std::to_string(place.first_msn);
}

auto LiveMpdWriter::place_of(std::uint64_t stretch, std::uint64_t msn) noexcept -> Place* {
  Place* found = nullptr;
  for (auto at = std::ranges::lower_bound(places_, stretch, {}, &Place::stretch);
       at != places_.end() && at->stretch == stretch; ++at)
    if (found == nullptr || at->first_msn <= msn) found = &*at;
  return found;
}

void LiveMpdWriter::place(const std::vector<Stretch>& stretches) {
  for (const Stretch& one : stretches) {
    if (place_of(one.number, one.first_msn) != nullptr || !one.begins || one.durations.empty()) continue;
    if (!places_.empty() && one.number < places_.back().stretch) continue;  // It is told no more.
    if (!availability_start_) availability_start_ = *one.begins;
    // Our clock was set back to before all that was told: nothing of that can be reckoned with any more.
    if (*one.begins < *availability_start_) {
      places_.clear();
      availability_start_ = *one.begins;
    }
    const Micros start = *one.begins - *availability_start_;
    // ... or to before the last period: they are in the order of their starts.
    std::erase_if(places_, [&](const Place& place) { return place.start >= start; });
    // What was announced and did not come to be.
    std::erase_if(places_, [&](const Place& place) { return place.first_msn >= one.first_msn; });
    places_.push_back({.stretch = one.number,
                       .is_first = true,
                       .start = start,
                       .media_start = on_media_clock(one.first_time, one),
                       .first_msn = one.first_msn,
                       .segment = on_media_clock(one.durations.front(), one)});
  }
  if (stretches.empty()) return;
  const Place* const oldest = place_of(stretches.front().number, stretches.front().first_msn);
  const std::uint64_t from = oldest == nullptr ? 0 : oldest->first_msn;
  std::erase_if(places_, [&](const Place& place) {
    return place.stretch < stretches.front().number ||
           (place.stretch == stretches.front().number && place.first_msn < from);
  });
}

void LiveMpdWriter::hold_against_grid(const std::vector<Stretch>& stretches) {
  for (const Stretch& one : stretches) {
    std::int64_t begins = one.first_time;
    std::uint64_t msn = one.first_msn;
    for (const std::int64_t duration : one.durations) {
      if (msn > one.newest_msn) break;  // Nothing is there of it, and it may never begin here.
      if (Place* const place = place_of(one.number, msn); place != nullptr && place->keeps_to_grid) {
        const auto steps = static_cast<std::int64_t>(msn - place->first_msn);
        const std::int64_t off = on_media_clock(begins, one) - place->media_start - steps * place->segment;
        if (std::llabs(off) > place->segment / 4) place->keeps_to_grid = false;
      }
      begins += duration;
      ++msn;
    }
  }
}

bool LiveMpdWriter::is_outdated(const std::vector<const LiveRendition*>& renditions) const {
  return !places_.empty() && std::ranges::any_of(renditions, [&](const LiveRendition* one) {
    const auto found = places_.back().said.find(one->options().folder);
    if (found == places_.back().said.end()) return false;
    const OfferedRendition offer = one->offered();
    const Said& said = found->second;
    return said.bandwidth < offer.bandwidth || said.language != offer.language ||
           said.describes_video != offer.describes_video;
  });
}

// Of the newest segment: when it came, and when players think it did. `is_outdated`: another period is due in any case.
void LiveMpdWriter::hold_against_clock(const std::vector<Stretch>& stretches, Micros slack, bool is_outdated) {
  if (stretches.empty() || places_.empty()) return;
  const Stretch& one = stretches.back();
  const Place last = places_.back();
  if (last.stretch != one.number || last.first_msn > one.newest_msn || !one.newest_begins || one.durations.empty())
    return;
  const auto thought = [&](std::int64_t media_time) {
    return last.start + micros_of(media_time - last.media_start, kMediaClock);
  };
  Micros off = *one.newest_begins - *availability_start_ - thought(on_media_clock(one.newest_time, one));
  const bool is_off = std::llabs(off.count) > slack.count;
  if (!is_off && !is_outdated) return;
  if (!is_off) off = {};
  Place next{.stretch = one.number, .segment = last.segment, .keeps_to_grid = last.keeps_to_grid};
  if (last.keeps_to_grid) {
    next.first_msn = one.newest_msn + kAnnounced;
    next.media_start = last.media_start + static_cast<std::int64_t>(next.first_msn - last.first_msn) * last.segment;
  } else {  // The last that is listed, for the first time.
    next.first_msn = one.first_msn + one.durations.size() - 1;
    next.media_start =
        on_media_clock(std::accumulate(one.durations.begin(), one.durations.end() - 1, one.first_time), one);
  }
  if (next.first_msn <= last.first_msn) return;
  next.start = thought(next.media_start) + off;
  places_.push_back(next);
}

// Pictures of one content are what players switch between; each sound is a choice of its own.
MpdAdaptationSet& LiveMpdWriter::set_for(const TrackFormat& format, MpdPeriod& period) {
  const auto is_its = [&](const MpdAdaptationSet& set) {
    return format.is_video() && set.representations.front().format->codec == format.codec;
  };
  const auto found = std::ranges::find_if(period.sets, is_its);
  return found == period.sets.end() ? period.sets.emplace_back() : *found;
}

void LiveMpdWriter::add(const LiveRendition& rendition, const std::vector<Stretch>& stretches, Mpd& to) {
  OfferedRendition offer = rendition.offered();
  const Said newest{offer.bandwidth, offer.language, offer.describes_video};
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[i];
    const auto one = std::ranges::lower_bound(stretches, place.stretch, {}, &Stretch::number);
    if (one == stretches.end() || one->number != place.stretch || one->durations.empty()) continue;
    // Of the stretch what is in this period.
    const bool is_last = i + 1 == places_.size() || places_[i + 1].stretch != place.stretch;
    const std::uint64_t listed_to = one->first_msn + one->durations.size();
    const std::uint64_t first = place.is_first ? one->first_msn : std::max(place.first_msn, one->first_msn);
    const std::uint64_t end = is_last ? listed_to : std::min(places_[i + 1].first_msn, listed_to);
    const bool is_announced = first >= end && !place.is_first && is_last && place.keeps_to_grid && !is_over_;
    if (first >= end && !is_announced) continue;
    const std::uint32_t timescale = one->format->timescale();
    const auto at = [&](std::uint64_t msn) {
      return one->durations.begin() + static_cast<std::ptrdiff_t>(std::min(msn, listed_to) - one->first_msn);
    };
    MpdPeriod& period = to.periods[i];
    MpdAdaptationSet& set = set_for(*one->format, period);
    const Said& said = place.said.try_emplace(offer.folder, newest).first->second;
    offer.language = said.language;
    offer.describes_video = said.describes_video;
    if (!one->format->is_video()) set.label = label_of(offer);
    set.language = offer.language;
    add_captions(set.captions, offer.captions);
    set.describes_video = offer.describes_video;
    set.representations.push_back(
        {.id = offer.folder,
         .folder = offer.folder + "/",
         .format = one->format,
         .bandwidth = said.bandwidth,
         .init = one->init,
         .period_start = rescale(place.media_start, kMediaClock, timescale),
         .first_time = std::accumulate(one->durations.begin(), at(first), one->first_time),
         .first_msn = first,
         .durations = is_announced ? std::vector<std::int64_t>{} : std::vector(at(first), at(end)),
         .grid_first_msn = place.first_msn});
    if (!place.keeps_to_grid) continue;
    set.representations.back().grid = rescale(place.segment, kMediaClock, timescale);
    if (period.is_over)
      set.representations.back().last_msn = end - 1;
    else if (!is_last)
      set.representations.back().last_msn = places_[i + 1].first_msn - 1;
  }
}

// Media time goes on from period to period: an event is of the last one that begins before it.
void LiveMpdWriter::add_events(const std::deque<DateRange>& splices, Mpd& to) const {
  for (const DateRange& one : splices) {
    MpdPeriod* its = nullptr;
    for (MpdPeriod& period : to.periods)
      if (period.media_start <= one.media_time) its = &period;
    if (its != nullptr) its->splices.push_back(one);
  }
}

LateDocument LiveMpdWriter::write(const std::vector<const LiveRendition*>& renditions,
                                  const std::deque<DateRange>& splices, WallTime now) {
  const LiveRendition::Options& options = renditions.front()->options();
  std::vector<std::vector<Stretch>> stretches;
  for (const LiveRendition* const rendition : renditions) stretches.push_back(rendition->stretches());
  place(stretches.front());
  for (const std::vector<Stretch>& its : stretches) hold_against_grid(its);
  const bool has_ended = std::ranges::all_of(renditions, &LiveRendition::has_ended);
  is_over_ = std::ranges::all_of(renditions,
                                 [](const LiveRendition* one) { return one->has_ended() || one->is_interrupted(); });
  if (!is_over_) hold_against_clock(stretches.front(), options.low_latency.part_target, is_outdated(renditions));
  published_ = std::max(published_ + kTold, now);
  LiveMpd mpd{.availability_start = availability_start_.value_or(now),
              .published = published_,
              .window = options.window,
              .segment = renditions.front()->usual_span().value_or(seconds(1)),
              .part = options.low_latency.part_target,
              .latency = options.low_latency.hold_back,
              .has_ended = has_ended,
              .clock = "/time"};
  mpd.content.protection = protection_;
  for (const Place& place : places_) {
    MpdPeriod& period = mpd.content.periods.emplace_back();
    period.id = id_of(place);
    period.start = place.start;
    period.media_start = place.media_start;
    period.is_over = is_over_ || place.stretch != places_.back().stretch;
  }
  for (std::size_t i = 0; i < renditions.size(); ++i) add(*renditions[i], stretches[i], mpd.content);
  std::erase_if(mpd.content.periods, [](const MpdPeriod& period) { return period.sets.empty(); });
  std::ranges::for_each(mpd.content.periods, choose_main);
  add_events(splices, mpd.content);
  return written_late(std::move(mpd));
}

}  // namespace fanlight::packager
