#include "live/live_stream.h"

#include <algorithm>

#include "playlist/part_target.h"

namespace fanlight::packager {
namespace {

// A track that is silent for so long, while others are not, is gone.
constexpr Micros kGoneAfter = seconds(3);
// At first the one that is to lead is waited for longer: its first picture has to be independent.
constexpr Micros kLeaderWait = seconds(10);
constexpr std::uint64_t kHeldBytesMax = std::uint64_t{64} << 20;
constexpr std::size_t kRenditionsMax = 32;
constexpr std::size_t kFormatsKept = 256;  // More than samples wait to be cut.

std::int64_t in_media_time(std::int64_t time, const TimedSample& sample) {
  return rescale(time, sample.timescale, kMediaClock);
}

}  // namespace

LiveStream::LiveStream(const LiveOptions& options)
    : options_(options),
      start_up_({options.part, options.segment, options.segments_at_first}),
      publication_({options.name, options.segments_at_first}) {}

Micros LiveStream::gop() const noexcept { return {cutter_ ? cutter_->gop_ticks() * 100 / 9 : 0}; }

void LiveStream::handle(ByteSpan bytes, Instant now, WallTime wall) {
  if (!tracks_) handle_source_returned(now);
  tracks_->handle(bytes, samples_);
  take_samples({now, wall});
  if (parameters_) watch_tracks(now);
  publish(now);
}

void LiveStream::take_samples(const Moment& moment) {
  for (TrackSample& one : std::exchange(samples_, {}))
    parameters_ ? give(std::move(one), moment) : hold(std::move(one), moment);
}

// --- The first seconds.

void LiveStream::hold(TrackSample&& one, const Moment& moment) {
  if (one.track == tracks_->leader()) start_up_.handle(one.sample);
  held_bytes_ += one.sample.bytes.size() + sizeof(Held);
  held_.push_back({std::move(one), moment.wall});
  const std::optional<std::size_t> leader = tracks_->leader();
  const bool leads_nobody = start_up_.watched() == Micros{} &&
                            in_media_time(held_.back().one.sample.decode_time, held_.back().one.sample) -
                                    in_media_time(held_.front().one.sample.decode_time, held_.front().one.sample) >
                                kLeaderWait.count * 9 / 100;
  if (leader && (start_up_.is_ready() || held_bytes_ > kHeldBytesMax || leads_nobody)) settle(moment);
}

void LiveStream::settle(const Moment& moment) {
  std::size_t leader = *tracks_->leader();
  const auto is_leaders = [&](const Held& held) { return held.one.track == leader; };
  if (std::ranges::none_of(held_, is_leaders)) {
    leader = held_.front().one.track;
    for (const Held& held : held_)
      if (is_leaders(held)) start_up_.handle(held.one.sample);
  }
  parameters_ = start_up_.decide();
  const PartCutter::Options cut{options_.segment.count * 9 / 100, parameters_->segment_ticks_max()};
  cutter_ ? cutter_->set_options(cut) : void(cutter_.emplace(cut));
  hold_back_ = part_hold_back(parameters_->part_target.target, parameters_->gop);
  for (const Held& held : held_)
    if (!is_leaders(held))
      hold_back_ = std::max(hold_back_, part_hold_back(part_target_for(held.one.sample, false).target, {}));
  const auto first = std::ranges::find_if(held_, is_leaders);
  if (Output* output = open_output(first->one, moment)) lead_with(*output, moment);
  for (const Held& held : held_) static_cast<void>(output_of(held.one, moment));  // So that all begin together.
  for (const Held& held : held_)
    if (is_leaders(held))
      clock_.handle(held.wall, in_media_time(held.one.sample.decode_time, held.one.sample),
                    in_media_time(held.one.sample.presentation_time, held.one.sample), true);
  for (Held& held : std::exchange(held_, {})) give(std::move(held.one), {moment.now, held.wall});
  held_bytes_ = 0;
}

// --- From samples to parts.

void LiveStream::give(TrackSample&& one, const Moment& moment) {
  Output* const output = output_of(one, moment);
  if (output == nullptr) return void(++counts_.samples_left_out);
  output->newest = moment.now;
  const bool leads = cutter_->leader() == output->cut;
  if (leads) time(*output, one.sample, moment);
  if (!leads && moment.now - leader_newest_ > kGoneAfter) {
    ++counts_.leaders_changed;
    lead_with(*output, moment);
    time(*output, one.sample, moment);
  }
  cutter_->handle(output->cut, std::move(one.sample), cuts_);
  take_cuts();
}

// What the leader's samples say of the clocks.
void LiveStream::time(const Output&, const TimedSample& sample, const Moment& moment) {
  leader_newest_ = moment.now;
  if (sample.epoch != std::exchange(leader_epoch_, sample.epoch)) {
    clock_before_ = clock_;
    clock_.restart();
  }
  clock_.handle(moment.wall, in_media_time(sample.decode_time, sample),
                in_media_time(sample.presentation_time, sample));
}

auto LiveStream::output_of(const TrackSample& one, const Moment& moment) -> Output* {
  for (Output& output : outputs_)
    if (output.track == one.track) return &output;
  return open_output(one, moment);
}

auto LiveStream::open_output(const TrackSample& one, const Moment& moment) -> Output* {
  const bool is_video = tracks_->tracks()[one.track].is_video();
  const auto has_video = [](const Output& output) { return output.to->rendition.options().is_video; };
  if (is_video && std::ranges::any_of(outputs_, has_video)) return nullptr;
  PublishedRendition* const to = rendition_for(one);
  if (to == nullptr) return nullptr;
  const std::size_t cut = cutter_->add_track(to->rendition.options().low_latency.part_target);
  Output& output = outputs_.emplace_back(Output{one.track, cut, to, moment.now});
  const bool has_leader = cutter_->leader() && std::ranges::any_of(outputs_, [&](const Output& other) {
                            return other.cut == *cutter_->leader() && &other != &output;
                          });
  if (is_video || (!has_leader && one.track == tracks_->leader())) lead_with(output, moment);
  return &output;
}

void LiveStream::lead_with(Output& output, const Moment& moment) {
  cutter_->flush(cuts_);
  take_cuts();
  cutter_->lead_with(output.cut);
  leader_newest_ = moment.now;
}

PartTarget LiveStream::part_target_for(const TimedSample& sample, bool leads) const noexcept {
  if (leads || sample.timescale == kMediaClock) return parameters_->part_target;
  return part_target_of_sound(parameters_->part_target.target, std::max(sample.duration, 1u), sample.timescale);
}

bool LiveStream::is_fed(const PublishedRendition& one) const noexcept {
  return std::ranges::any_of(outputs_, [&](const Output& output) { return output.to == &one; });
}

// One that lost its source, when the track is like it; otherwise another.
PublishedRendition* LiveStream::rendition_for(const TrackSample& one) {
  const TrackSet::Track& track = tracks_->tracks()[one.track];
  const TrackFormat& format = track.formats()[one.sample.format];
  for (PublishedRendition& known : publication_.renditions()) {
    const LiveRendition& its = known.rendition;
    if (its.has_ended() || is_fed(known) || its.options().is_video != track.is_video()) continue;
    if (track.is_video() || (its.options().language == track.language && its.codec() == format.codec)) return &known;
  }
  if (publication_.renditions().size() >= kRenditionsMax) return nullptr;
  if (std::ranges::any_of(publication_.renditions(), &PublishedRendition::is_offered)) ++counts_.tracks_late;
  const bool is_video = track.is_video();
  const bool leads = outputs_.empty() && cutter_->gop_ticks() == 0 && one.track == tracks_->leader();
  const Micros target = part_target_for(one.sample, leads).target;
  return &publication_.add({.folder = is_video ? "v" + std::to_string(videos_++) : "a" + std::to_string(sounds_++),
                            .is_video = is_video,
                            .language = track.language,
                            .timescale = one.sample.timescale,
                            .target_duration = parameters_->target_duration,
                            .low_latency = {target, std::max(hold_back_, part_hold_back(target, {}))},
                            .window = std::max(options_.window, 3 * seconds(parameters_->target_duration)),
                            .bytes_max = options_.bytes_max});
}

// What was not complete when the clock jumped comes behind the jump, and is dated by the clock that it had.
WallTime LiveStream::shown_at(const TimedSample& sample) const noexcept {
  return (sample.epoch < leader_epoch_ ? clock_before_ : clock_).at(media_time_of(sample));
}

void LiveStream::take_cuts() {
  for (const CutPart& part : std::exchange(cuts_, {})) {
    const auto output = std::ranges::find(outputs_, part.track, &Output::cut);
    if (output == outputs_.end()) continue;
    LiveRendition& rendition = output->to->rendition;
    const FormatLog& formats = tracks_->tracks()[output->track].formats();
    const WallTime begins = part.samples.empty() ? WallTime{} : shown_at(part.samples.front());
    const auto leader = std::ranges::find(outputs_, cutter_->leader(), &Output::cut);
    const Micros span =
        leader == outputs_.end() ? options_.segment : leader->to->rendition.last_span().value_or(options_.segment);
    rendition.take(part, part.samples.empty() ? formats.newest() : formats[part.samples.front().format], begins, span);
    output->to->has_changed = true;
  }
}

// --- Life.

// Those that others have gone on without.
void LiveStream::watch_tracks(Instant now) {
  const auto is_gone = [&](const Output& output) { return now - output.newest > kGoneAfter; };
  if (outputs_.empty() || std::ranges::all_of(outputs_, is_gone)) return;
  for (const Output& output : outputs_) {
    if (!is_gone(output)) continue;
    if (cutter_->leader() == output.cut) continue;  // Until another leads.
    cutter_->remove_track(output.cut);
    output.to->rendition.end(now);
    output.to->has_changed = true;
    ++counts_.tracks_gone;
  }
  std::erase_if(outputs_, [](const Output& output) { return output.to->rendition.has_ended(); });
  if (now - returned_at_ <= kGoneAfter) return;
  for (PublishedRendition& one : publication_.renditions()) {
    if (one.rendition.has_ended() || is_fed(one)) continue;
    one.rendition.end(now);
    one.has_changed = true;
    ++counts_.tracks_gone;
  }
}

void LiveStream::handle_source_lost(Instant now) {
  if (!tracks_) return;
  ++counts_.sources_lost;
  tracks_->finish(samples_);
  if (parameters_) {
    take_samples({now, clock_.newest()});
    cutter_->flush(cuts_);
    take_cuts();
    for (const Output& output : outputs_) cutter_->remove_track(output.cut);
  }
  outputs_.clear();
  samples_.clear();
  held_.clear();
  held_bytes_ = 0;
  timeline_ = tracks_->timeline();
  timeline_.restart();
  tracks_.reset();
  if (!parameters_) start_up_ = StartUp({options_.part, options_.segment, options_.segments_at_first});
  lost_at_ = now;
  publish(now);
}

void LiveStream::handle_source_returned(Instant now) {
  if (tracks_) return;
  handle_timeout(now);
  tracks_.emplace(TrackSet::Options{.program = options_.program, .formats_kept = kFormatsKept}, timeline_);
  lost_at_.reset();
  returned_at_ = leader_newest_ = now;
  clock_.restart();
}

void LiveStream::handle_timeout(Instant now) {
  if (lost_at_ && now >= *lost_at_ + options_.grace) end_all(now);
  publish(now);
}

// What comes after that is another presentation.
void LiveStream::end_all(Instant now) {
  for (PublishedRendition& one : publication_.renditions()) {
    one.has_changed |= !one.rendition.has_ended();
    one.rendition.end(now);
  }
  lost_at_.reset();
  parameters_.reset();
  start_up_ = StartUp({options_.part, options_.segment, options_.segments_at_first});
}

Instant LiveStream::next_deadline() const noexcept {
  const Instant grace_ends = lost_at_ ? *lost_at_ + options_.grace : Instant::never();
  return std::min(grace_ends, publication_.next_eviction());
}

void LiveStream::publish(Instant now) {
  publication_.evict(now);
  if (std::shared_ptr<const StreamSnapshot> snapshot = publication_.publish(now, clock_.newest())) {
    fresh_ = std::move(snapshot);
    ++counts_.snapshots;
  }
}

std::uint64_t memory_bound(const LiveOptions& options, std::uint64_t bits_per_second) noexcept {
  // Listed, and for as long again not listed any more; the longest segment that is open, and one that is on its way.
  constexpr std::int64_t kOpenSegments = 4;
  const Micros kept = 2 * options.window + kOpenSegments * std::max(options.segment, seconds(2));
  return static_cast<std::uint64_t>(kept.count) * (bits_per_second / 8) / 1'000'000 + kHeldBytesMax;
}

}  // namespace fanlight::packager
