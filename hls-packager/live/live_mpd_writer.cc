#include "live/live_mpd_writer.h"

#include <algorithm>

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

std::string period_id(std::uint64_t number) { return "p" + std::to_string(number); }

}  // namespace

void LiveMpdWriter::place(const std::vector<Stretch>& stretches) {
  for (const Stretch& one : stretches) {
    if (places_.contains(one.number) || !one.begins) continue;
    const std::int64_t media_start = rescale(one.first_time, one.format->timescale(), kMediaClock);
    if (!availability_start_) availability_start_ = *one.begins;
    places_[one.number] = {*one.begins - *availability_start_, media_start};
  }
  if (stretches.empty()) return;
  std::erase_if(places_, [&](const auto& place) { return place.first < stretches.front().number; });
}

void LiveMpdWriter::add(const LiveRendition& rendition, Mpd& to) const {
  const OfferedRendition offer = rendition.offered();
  const std::vector<Stretch> stretches = rendition.stretches();
  for (MpdPeriod& period : to.periods) {
    const auto is_its = [&](const Stretch& one) { return period.id == period_id(one.number); };
    const auto one = std::ranges::find_if(stretches, is_its);
    if (one == stretches.end() || one->durations.empty()) continue;
    const std::int64_t media_start = places_.at(one->number).media_start;
    MpdAdaptationSet& set = period.sets.emplace_back();
    set.language = offer.language;
    set.is_main = std::ranges::none_of(period.sets, [&](const MpdAdaptationSet& other) {
      return &other != &set && other.representations.front().format->is_video() == one->format->is_video();
    });
    set.representations.push_back({.id = offer.folder,
                                   .folder = offer.folder + "/",
                                   .format = one->format,
                                   .bandwidth = offer.bandwidth,
                                   .init = one->init,
                                   .period_start = rescale(media_start, kMediaClock, one->format->timescale()),
                                   .first_time = one->first_time,
                                   .first_msn = one->first_msn,
                                   .durations = one->durations});
  }
}

std::string LiveMpdWriter::write(const std::vector<const LiveRendition*>& renditions, WallTime now) {
  const LiveRendition::Options& options = renditions.front()->options();
  place(renditions.front()->stretches());
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
  }
  for (const LiveRendition* const rendition : renditions) add(*rendition, mpd.content);
  std::erase_if(mpd.content.periods, [](const MpdPeriod& period) { return period.sets.empty(); });
  return write_live_mpd(mpd);
}

}  // namespace fanlight::packager
