#include "live/live_mpd_writer.h"

#include <algorithm>
#include <cstdlib>

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

std::string period_id(std::uint64_t number) { return "p" + std::to_string(number); }

}  // namespace

void LiveMpdWriter::place(const std::vector<Stretch>& stretches) {
  for (const Stretch& one : stretches) {
    if (places_.contains(one.number) || !one.begins || one.durations.empty()) continue;
    const std::uint32_t timescale = one.format->timescale();
    if (!availability_start_) availability_start_ = *one.begins;
    places_[one.number] = {.start = *one.begins - *availability_start_,
                           .media_start = rescale(one.first_time, timescale, kMediaClock),
                           .first_msn = one.first_msn,
                           .segment = rescale(one.durations.front(), timescale, kMediaClock)};
  }
  if (stretches.empty()) return;
  std::erase_if(places_, [&](const auto& place) { return place.first < stretches.front().number; });
}

void LiveMpdWriter::hold_against_grid(const std::vector<Stretch>& stretches) {
  for (const Stretch& one : stretches) {
    const auto found = places_.find(one.number);
    if (found == places_.end()) continue;
    Place& place = found->second;
    std::int64_t begins = one.first_time;
    auto steps = static_cast<std::int64_t>(one.first_msn - place.first_msn);
    for (const std::int64_t duration : one.durations) {
      const std::int64_t at = rescale(begins, one.format->timescale(), kMediaClock);
      if (std::llabs(at - place.media_start - steps * place.segment) > place.segment / 4) place.keeps_to_grid = false;
      begins += duration;
      ++steps;
    }
  }
}

// Pictures of one content are what players switch between; each sound is a choice of its own.
MpdAdaptationSet& LiveMpdWriter::set_for(const TrackFormat& format, MpdPeriod& period) {
  const auto is_its = [&](const MpdAdaptationSet& set) {
    return format.is_video() && set.representations.front().format->codec == format.codec;
  };
  const auto found = std::ranges::find_if(period.sets, is_its);
  return found == period.sets.end() ? period.sets.emplace_back() : *found;
}

void LiveMpdWriter::add(const LiveRendition& rendition, Mpd& to) const {
  const OfferedRendition offer = rendition.offered();
  const std::vector<Stretch> stretches = rendition.stretches();
  for (MpdPeriod& period : to.periods) {
    const auto is_its = [&](const Stretch& one) { return period.id == period_id(one.number); };
    const auto one = std::ranges::find_if(stretches, is_its);
    if (one == stretches.end() || one->durations.empty()) continue;
    const Place& place = places_.at(one->number);
    const std::uint32_t timescale = one->format->timescale();
    MpdAdaptationSet& set = set_for(*one->format, period);
    set.language = offer.language;
    add_captions(set.captions, offer.captions);
    set.is_main = std::ranges::none_of(period.sets, [&](const MpdAdaptationSet& other) {
      return &other != &set && other.representations.front().format->is_video() == one->format->is_video();
    });
    set.representations.push_back({.id = offer.folder,
                                   .folder = offer.folder + "/",
                                   .format = one->format,
                                   .bandwidth = offer.bandwidth,
                                   .init = one->init,
                                   .period_start = rescale(place.media_start, kMediaClock, timescale),
                                   .first_time = one->first_time,
                                   .first_msn = one->first_msn,
                                   .durations = one->durations,
                                   .grid_first_msn = place.first_msn});
    if (place.keeps_to_grid) set.representations.back().grid = rescale(place.segment, kMediaClock, timescale);
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

std::string LiveMpdWriter::write(const std::vector<const LiveRendition*>& renditions,
                                 const std::deque<DateRange>& splices, WallTime now) {
  const LiveRendition::Options& options = renditions.front()->options();
  place(renditions.front()->stretches());
  for (const LiveRendition* const rendition : renditions) hold_against_grid(rendition->stretches());
  published_ = std::max(published_, now);
  LiveMpd mpd{.availability_start = availability_start_.value_or(now),
              .published = published_,
              .window = options.window,
              .segment = renditions.front()->last_span().value_or(seconds(1)),
              .part = options.low_latency.part_target,
              .latency = options.low_latency.hold_back,
              .clock = "/time"};
  for (const auto& [number, place] : places_) {
    MpdPeriod& period = mpd.content.periods.emplace_back();
    period.id = period_id(number);
    period.start = place.start;
    period.media_start = place.media_start;
  }
  for (const LiveRendition* const rendition : renditions) add(*rendition, mpd.content);
  std::erase_if(mpd.content.periods, [](const MpdPeriod& period) { return period.sets.empty(); });
  add_events(splices, mpd.content);
  return write_live_mpd(mpd);
}

}  // namespace fanlight::packager
