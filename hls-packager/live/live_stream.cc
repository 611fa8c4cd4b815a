#include "live/live_stream.h"

#include <algorithm>

#include "codec/open_gop.h"
#include "live/sound_match.h"
#include "playlist/format_text.h"
#include "playlist/part_target.h"

namespace fanlight::packager {
namespace {

// A pause of all tracks counts for so long.
constexpr Micros kPauseCounted = seconds(1);
// A segment of its group is waited for no longer: that leaves out no track.
constexpr Micros kFallInMax = seconds(10);
constexpr std::int64_t kFallBehindMax = 5 * kMediaClock / 2;  // What is older had been held up on its way.
constexpr std::uint64_t kMissedMax = 1'000;                   // Segments.
constexpr std::uint64_t kSegmentsOfBytes = 4;                 // What is kept has room for so many of the largest.
// At first the one that is to lead is waited for longer: its first picture has to be independent.
constexpr Micros kLeaderWait = seconds(10);
constexpr std::uint64_t kHeldBytesMax = std::uint64_t{64} << 20;
constexpr std::size_t kRenditionsMax = 32;
constexpr std::size_t kSplicesMax = 64;

// Discontinuities make short ones.
std::size_t segments_max(Micros window, Micros segment) {
  constexpr std::int64_t kMost = kWindowSegmentsMost * 5 / 4;
  return static_cast<std::size_t>(std::clamp<std::int64_t>(4 * window.count / segment.count + 16, 16, kMost));
}

std::int64_t in_media_time(std::int64_t time, const TimedSample& sample) {
  return rescale(time, sample.timescale, kMediaClock);
}

}  // namespace

LiveStream::LiveStream(const LiveOptions& options)
    : options_(options),
      timeline_(options.members > 1 ? Timeline::of_program() : Timeline()),
      start_up_({options.part, options.segment, options.segments_at_first}),
      publication_({options.name, options.segments_at_first, options.bytes_max, options.keys}),
      pace_(options.part) {}

Micros LiveStream::gop() const noexcept { return {cutter_ ? cutter_->gop_ticks() * 100 / 9 : 0}; }

void LiveStream::handle(ByteSpan bytes, Instant now, WallTime wall) {
  if (!tracks_ || silent_from() <= now) handle_source_returned(now);
  if (is_away_ && group_place_) tracks_->join(group_place_->clock);
  if (is_away_) wall_watch_ = {};  // What comes is behind a discontinuity.
  handle_clock_set(wall_watch_.look(now, wall));
  const std::uint64_t before_first = tracks_->before_first();
  tracks_->handle(bytes, samples_);
  if (!samples_.empty()) note_heard(now);
  look_for_faults(before_first, now);
  take_samples({now, wall_watch_.at(now) + Micros{-clock_set_.count}});
  take_splices();
  if (parameters_) watch_tracks(now);
  publish(now);
}

void LiveStream::note_heard(Instant now) {
  if (std::exchange(is_away_, false)) {
    clock_.restart();
    is_dated_ = false;
    clock_set_ = {};
    leader_newest_ = segment_began_at_ = heard_;
    grace_ends_.reset();
    if (parameters_) seek_to_fall_in();
  }
  heard_ = heard_ + std::min(now - sample_at_.value_or(now), kPauseCounted);
  sample_at_ = now;
}

Instant LiveStream::silent_from() const noexcept { return sample_at_ ? *sample_at_ + kGoneAfter : Instant::never(); }

// `before_first`: as TrackSet had it before what came.
void LiveStream::look_for_faults(std::uint64_t before_first, Instant now) {
  const auto is_leaders = [&](const TrackSample& one) {
    return one.track == tracks_->leader() && tracks_->tracks()[one.track].is_video();
  };
  const auto is_key_frame = [&](const TrackSample& one) { return is_leaders(one) && one.sample.is_independent; };
  const bool has_pictures = tracks_->before_first() != before_first || std::ranges::any_of(samples_, is_leaders);
  faults_.watch_pictures(has_pictures, std::ranges::any_of(samples_, is_key_frame), now);
  const auto opens_gop = [&](const TrackSample& one) {
    const auto codec_of = [&] { return tracks_->tracks()[one.track].formats()[one.sample.format].codec; };
    return is_leaders(one) && !one.sample.is_independent && begins_open_gop(one.sample.bytes, codec_of());
  };
  // How often, the cutter counts.
  if (std::ranges::any_of(samples_, opens_gop))
    faults_.note(InputFault::kLongGop, "open GOP: x265 open-gop=0, x264 open-gop=0");
  faults_.watch_samples(!samples_.empty(), now);
  faults_.watch_sounds(*tracks_, now);
  faults_.note_left_out(*tracks_);
}

InputFaults LiveStream::faults() const {
  InputFaults all = faults_.with(tracks_);
  const Timeline& timeline = tracks_ ? tracks_->timeline() : timeline_;
  all[static_cast<std::size_t>(InputFault::kTimeJump)].count = timeline.jumps();
  all[static_cast<std::size_t>(InputFault::kTimeStep)].count = timeline.steps_back();
  all[static_cast<std::size_t>(InputFault::kLongGop)].count = cut_counts().cuts_forced;
  all[static_cast<std::size_t>(InputFault::kTrackRefused)].count = counts_.tracks_refused;
  if (tracks_) all[static_cast<std::size_t>(InputFault::kTrackRefused)].newest = tracks_->refused_newest();
  all[static_cast<std::size_t>(InputFault::kBitRate)] = {publication_.raised().count, publication_.raised().newest};
  return all;
}

void LiveStream::take_samples(const Moment& moment) {
  const auto is_unmapped = [&](const Output& output) {
    return !tracks_->tracks()[output.track].is_mapped && in_step_.has_any_of(output.track);
  };
  if (std::ranges::any_of(outputs_, is_unmapped)) give_all_waiting(moment);  // Before others take their places.
  for (TrackSample& one : std::exchange(samples_, {}))
    parameters_ ? admit(std::move(one), moment, heard_) : hold(std::move(one), moment);
  give_due(moment);
}

// --- The first seconds.

void LiveStream::hold(TrackSample&& one, const Moment& moment) {
  if (one.track == tracks_->leader())
    start_up_.handle(one.sample);
  else if (!tracks_->tracks()[one.track].is_video())
    start_up_.handle_follower(one.sample);
  const std::optional<std::size_t> leader = tracks_->leader();
  held_bytes_ += one.sample.bytes.size() + sizeof(Held);
  held_.push_back({std::move(one), moment.wall, heard_});
  if (held_.back().one.track == leader) watch_burst();
  const bool leads_nobody = start_up_.watched() == Micros{} &&
                            in_media_time(held_.back().one.sample.decode_time, held_.back().one.sample) -
                                    in_media_time(held_.front().one.sample.decode_time, held_.front().one.sample) >
                                kLeaderWait.count * 9 / 100;
  const bool is_ready = start_up_.is_ready() && !first_burst_.is_growing();
  if (leader && (is_ready || held_bytes_ > kHeldBytesMax || leads_nobody)) settle(moment);
}

// What a source begins with may come at once, having waited somewhere: then dates are by what comes when it is due.
void LiveStream::watch_burst() {
  const auto media_time = [](const Held& held) { return in_media_time(held.one.sample.decode_time, held.one.sample); };
  const Held &first = held_.front(), &newest = held_.back();
  const Micros came = newest.wall - first.wall;
  first_burst_.handle(came, Micros{(media_time(newest) - media_time(first)) * 100 / 9} - came);
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
  const PartCutter::Options cut{options_.segment.count * 9 / 100, parameters_->segment_ticks_max(),
                                options_.bytes_max / kSegmentsOfBytes};
  cutter_ ? cutter_->set_options(cut) : void(cutter_.emplace(cut));
  hold_back_ = part_hold_back(parameters_->part_target.target, parameters_->gop);
  for (const Held& held : held_)
    if (!is_leaders(held))
      hold_back_ = std::max(hold_back_, part_hold_back(part_target_for(held.one.sample, false).target, {}));
  in_step_.wait_for(parameters_->followers_late);
  const auto first = std::ranges::find_if(held_, is_leaders);
  leader_epoch_ = first->one.sample.epoch;  // The clock begins with it, and is of all that was held.
  seek_to_fall_in();
  if (options_.members > 1 && !falls_in_until_) number_by_clock(first->one.sample);
  if (Output* output = open_output(first->one)) lead_with(*output);
  for (const Held& held : held_) static_cast<void>(output_of(held.one));  // So that all begin together.
  for (const Held& held : held_)
    if (is_leaders(held))
      clock_.handle(held.wall + in_step_.wait(), in_media_time(held.one.sample.decode_time, held.one.sample),
                    in_media_time(held.one.sample.presentation_time, held.one.sample), true);
  for (Held& held : std::exchange(held_, {})) admit(std::move(held.one), {moment.now, held.wall}, held.heard);
  held_bytes_ = 0;
  first_burst_ = {};
}

// A number is a stretch of the program's clock, as long as segments are: so many whole groups of pictures. Never back:
// players know those that were.
void LiveStream::number_by_clock(const TimedSample& first) {
  constexpr std::uint32_t kMicros = 1'000'000;
  const std::int64_t segment = rescale(options_.segment.count, kMicros, kMediaClock);
  const std::int64_t frame = rescale(first.duration, first.timescale, kMediaClock);
  const std::int64_t gop = rescale(parameters_->gop.count, kMicros, kMediaClock) + frame;  // It is said a frame short.
  const std::int64_t gops = std::max<std::int64_t>((segment - frame / 2 + gop - 1) / gop, 1);
  const auto number = static_cast<std::uint64_t>(media_time_of(first) / (gops * gop));
  const std::uint64_t next = cutter_->next_msn();
  if (number > next) numbers_ahead_ = std::max(numbers_ahead_, number - next);
}

// --- Sound that is sent later than its pictures.

// `heard`: when it came.
void LiveStream::admit(TrackSample&& one, const Moment& moment, Micros heard) {
  const bool leads = one.track == tracks_->leader();
  if (leads)
    in_step_.note_leader(one.sample);
  else if (!tracks_->tracks()[one.track].is_video())
    watch_lateness(one);
  if (in_step_.wait() == Micros{}) return give(std::move(one), moment);
  in_step_.handle(std::move(one), leads, heard);
}

// What is later than at first is not waited for: players would be stopped by it, and dates would be wrong.
void LiveStream::watch_lateness(const TrackSample& one) {
  const std::optional<Micros> late = in_step_.lateness_of(one.sample);
  if (!late || *late <= in_step_.wait() + 2 * parameters_->part_target.target) return;
  if (heard_ - late_noted_at_ < kLateAgain) return;
  late_noted_at_ = heard_;
  faults_.note(InputFault::kSoundLate, "PID " + std::to_string(tracks_->tracks()[one.track].pid) + ", " +
                                           span_text(*late) + " later than its pictures, which wait for " +
                                           span_text(in_step_.wait()));
}

void LiveStream::give_due(const Moment& moment) {
  while (std::optional<InStep::Waiting> next = in_step_.take_due(heard_))
    give(std::move(next->one), {moment.now, moment.wall + (next->until - heard_)});
}

void LiveStream::give_all_waiting(const Moment& moment) {
  while (std::optional<InStep::Waiting> next = in_step_.take_any())
    give(std::move(next->one), {moment.now, moment.wall + (next->until - heard_)});
}

// --- From samples to parts.

void LiveStream::give(TrackSample&& one, const Moment& moment) {
  Output* const output = output_of(one);
  if (output == nullptr) return void(++counts_.samples_left_out);
  output->newest = heard_;
  note_format(*output, one);
  bool leads = cutter_->leader() == output->number;
  if (!leads && heard_ - leader_newest_ > kGoneAfter) {
    ++counts_.leaders_changed;
    lead_with(*output);
    leads = true;
  }
  if (leads) time(one.sample, moment);
  if (leads && falls_in_until_ && !has_fallen_in(output->to->rendition, one.sample))
    return void(++counts_.samples_left_out);
  if (are_dates_to_jump()) cutter_->break_soon();
  const Micros by = jump_due();
  const std::uint64_t breaks = cutter_->counts().discontinuities;
  cutter_->handle(output->number, std::move(one.sample), cuts_);
  if (cutter_->counts().discontinuities != breaks) let_dates_jump(by);
  take_cuts();
  if (leads) cut_what_takes_too_long();
}

void LiveStream::note_format(Output& output, const TrackSample& one) {
  const std::optional<std::uint32_t> before = std::exchange(output.format, one.sample.format);
  if (!before || *before == one.sample.format) return;
  const TrackSet::Track& track = tracks_->tracks()[one.track];
  faults_.note(InputFault::kFormatChange,
               "PID " + std::to_string(track.pid) + ", " +
                   format_change_text(track.formats()[*before], track.formats()[one.sample.format]));
}

void LiveStream::seek_to_fall_in() {
  if (group_place_ && tracks_->timeline().has_joined()) falls_in_until_ = heard_ + kFallInMax;
}

// With the segment of its group that begins with `sample`, if one does and it can have its number. Where none comes, it
// is as after any other interruption.
bool LiveStream::has_fallen_in(const LiveRendition& to, const TimedSample& sample) {
  if (!group_place_ || heard_ >= *falls_in_until_) {
    if (to.is_empty()) number_by_clock(sample);
    clock_.jump();
    falls_in_until_.reset();
    return true;
  }
  const std::optional<NumberedPlace> theirs = segment_at(*group_place_, media_time_of(sample));
  const std::uint64_t next = cutter_->next_msn() + numbers_ahead_;
  if (!sample.is_independent || !theirs || theirs->msn < next) return false;
  // All are to jump with it or before, and nobody has yet.
  if (group_jump_ && theirs->msn >= group_jump_->msn && group_place_->newest.back().msn < group_jump_->msn)
    return false;
  if (clock_.is_catching_up() || group_place_->newest.back().place.begins - theirs->place.begins > kFallBehindMax)
    return false;
  const std::uint64_t missed = theirs->msn - next, breaks = theirs->place.discontinuities - discontinuities();
  bool is_discontinuous = false;
  if (!to.is_empty()) {
    // Gaps have a discontinuity each at most, and without any nothing would tell of what is missing.
    if (theirs->place.discontinuities < discontinuities() || breaks > missed + 1 || missed + breaks == 0) return false;
    if (missed > kMissedMax) return false;
    is_discontinuous = breaks > missed;
  }
  numbers_ahead_ += missed;
  discontinuities_ahead_ += breaks - (is_discontinuous ? 1 : 0);
  cutter_->rejoin(is_discontinuous);
  clock_.jump();  // Nothing has been dated since it came back.
  falls_in_until_.reset();
  return true;
}

// Of a clock that is slower than time a segment may not be longer than players wait. RFC 8216bis §6.2.1
void LiveStream::cut_what_takes_too_long() {
  if (cutter_->next_msn() != std::exchange(next_msn_, cutter_->next_msn())) segment_began_at_ = heard_;
  if (heard_ - segment_began_at_ > 3 * seconds(parameters_->target_duration)) cutter_->cut_soon();
}

auto LiveStream::output_of(const TrackSample& one) -> Output* {
  for (Output& output : outputs_)
    if (output.track == one.track) return &output;
  return open_output(one);
}

auto LiveStream::open_output(const TrackSample& one) -> Output* {
  close_unmapped();
  if (!tracks_->tracks()[one.track].is_mapped) return nullptr;
  const bool is_video = tracks_->tracks()[one.track].is_video();
  const auto has_video = [](const Output& output) { return output.to->rendition.options().is_video; };
  if (is_video ? std::ranges::any_of(outputs_, has_video) : options_.member > 0) return nullptr;
  PublishedRendition* const to = rendition_for(one);
  if (to == nullptr) return nullptr;
  to->unfed_since.reset();
  to->pid = tracks_->tracks()[one.track].pid;
  const std::uint64_t next = to->rendition.next_msn();
  const std::size_t number =
      cutter_->add_track(to->rendition.options().low_latency.part_target, next - std::min(next, numbers_ahead_));
  Output& output = outputs_.emplace_back(Output{one.track, number, to, heard_, heard_});
  const bool has_leader = cutter_->leader() && std::ranges::any_of(outputs_, [&](const Output& other) {
                            return other.number == *cutter_->leader() && &other != &output;
                          });
  if (is_video || (!has_leader && one.track == tracks_->leader())) lead_with(output);
  return &output;
}

void LiveStream::lead_with(const Output& output) {
  cutter_->flush(cuts_);
  take_cuts();
  cutter_->lead_with(output.number);
  leader_newest_ = segment_began_at_ = heard_;
}

PartTarget LiveStream::part_target_for(const TimedSample& sample, bool leads) const noexcept {
  if (leads || sample.timescale == kMediaClock) return parameters_->part_target;
  return part_target_of_sound(parameters_->part_target.target, std::max(sample.duration, 1u), sample.timescale);
}

bool LiveStream::is_fed(const PublishedRendition& one) const noexcept {
  return std::ranges::any_of(outputs_, [&](const Output& output) { return output.to == &one; });
}

// One that lost its track, when this one is like it. Who falls in with a group has no discontinuity in which pictures
// could become others.
PublishedRendition* LiveStream::known_rendition_for(const TrackSample& one) {
  const TrackSet::Track& track = tracks_->tracks()[one.track];
  std::vector<PublishedRendition*> unfed;
  for (PublishedRendition& known : publication_.renditions()) {
    const LiveRendition& its = known.rendition;
    if (its.has_ended() || is_fed(known) || its.options().is_video != track.is_video()) continue;
    if (falls_in_until_ && track.is_video() && !its.has_format(track.formats()[one.sample.format])) continue;
    unfed.push_back(&known);
  }
  if (unfed.empty() || track.is_video()) return unfed.empty() ? nullptr : unfed.front();
  std::vector<KnownSound> tracks, playlists;
  std::size_t its_own = 0;
  for (std::size_t i = 0; i < tracks_->tracks().size(); ++i) {
    const TrackSet::Track& other = tracks_->tracks()[i];
    if (!other.is_mapped || other.is_video() || std::ranges::find(outputs_, i, &Output::track) != outputs_.end())
      continue;
    if (i == one.track) its_own = tracks.size();
    tracks.push_back({other.pid, other.language, other.describes_video, other.codecs()});
  }
  for (const PublishedRendition* known : unfed) {
    const LiveRendition::Options& said = known->rendition.options();
    playlists.push_back({known->pid, said.language, said.describes_video, {}});
    if (const auto codec = known->rendition.codec()) playlists.back().codecs.push_back(*codec);
  }
  const std::optional<std::size_t> place = match_sounds(tracks, playlists)[its_own];
  return place ? unfed[*place] : nullptr;
}

PublishedRendition* LiveStream::rendition_for(const TrackSample& one) {
  if (PublishedRendition* const known = known_rendition_for(one)) return known;
  const TrackSet::Track& track = tracks_->tracks()[one.track];
  const TrackFormat& format = track.formats()[one.sample.format];
  if (publication_.renditions().size() >= kRenditionsMax) return nullptr;
  if (std::ranges::any_of(publication_.renditions(), &PublishedRendition::is_offered)) {
    ++counts_.tracks_late;
    faults_.note(InputFault::kTrackLate, format.name + " on PID " + std::to_string(track.pid));
  }
  const bool is_video = track.is_video();
  const bool leads = outputs_.empty() && cutter_->gop_ticks() == 0 && one.track == tracks_->leader();
  const Micros target = part_target_for(one.sample, leads).target;
  const Micros window = std::max(options_.window, 3 * seconds(parameters_->target_duration));
  const LiveRendition::Options of_it{
      .folder = is_video ? "v" + std::to_string(options_.member + options_.members * videos_++)
                         : "a" + std::to_string(sounds_++),
      .is_video = is_video,
      .language = track.language,
      .describes_video = track.describes_video,
      .timescale = one.sample.timescale,
      .target_duration = parameters_->target_duration,
      .low_latency = {target, std::max(hold_back_, part_hold_back(target, {}))},
      .window = window,
      .bytes_max = options_.bytes_max,
      .segments_max = segments_max(window, options_.segment),
      .keys = options_.keys};
  return &publication_.add(of_it, one.track);
}

void LiveStream::take_splices() {
  for (TimedSplice& one : tracks_->take_splices()) splices_.push_back(std::move(one));
  while (splices_.size() > kSplicesMax) splices_.pop_front();
  const auto newest = tracks_->timeline().peek(std::nullopt);
  for (; parameters_ && newest && !splices_.empty() && splices_.front().epoch <= leader_epoch_; splices_.pop_front()) {
    const TimedSplice& next = splices_.front();
    publication_.handle_splice(next, date_of(next.media_time, next.epoch, cutter_->next_msn()), newest->decode_time);
    ++counts_.splices;
  }
}

void LiveStream::take_cuts() {
  for (CutPart& part : std::exchange(cuts_, {})) {
    const std::uint64_t number = std::exchange(part.msn, part.msn + numbers_ahead_);
    part.discontinuities_before += discontinuities_ahead_;
    const auto output = std::ranges::find(outputs_, part.track, &Output::number);
    if (output == outputs_.end()) continue;
    LiveRendition& rendition = output->to->rendition;
    const FormatLog& formats = tracks_->tracks()[output->track].formats();
    if (part.begins_segment && cutter_->leader() == part.track) follow_dates(part, number, rendition);
    const WallTime begins = part.samples.empty()
                                ? WallTime{}
                                : date_of(media_time_of(part.samples.front()), part.samples.front().epoch, number);
    rendition.take(part, part.samples.empty() ? formats.newest() : formats[part.samples.front().format], begins,
                   leaders_span());
    if (part.begins_segment) rendition.note_captions(tracks_->tracks()[output->track].captions());
    output->to->has_changed = true;
    if (!part.samples.empty()) output->cut = heard_;
  }
}

// How long others' segments are, for who has none.
Micros LiveStream::leaders_span() const {
  const auto leader = std::ranges::find(outputs_, cutter_->leader(), &Output::number);
  return leader == outputs_.end() ? options_.segment : leader->to->rendition.last_span().value_or(options_.segment);
}

// --- Life.

void LiveStream::close(const Output& output) {
  cutter_->remove_track(output.number, cuts_);
  take_cuts();
}

Instant LiveStream::next_deadline() const noexcept {
  const Instant publishes = is_held_up_ ? pace_.next() : Instant::never();
  return std::min({grace_ends_.value_or(Instant::never()), silent_from(), publishes, publication_.next_eviction()});
}

void LiveStream::publish(Instant now) {
  publication_.evict(now);
  is_held_up_ = now < pace_.next();
  if (is_held_up_) return;
  if (std::shared_ptr<const StreamSnapshot> snapshot = publication_.publish(now, clock_.newest())) {
    fresh_ = std::move(snapshot);
    pace_.handle_published(now);
    ++counts_.snapshots;
  }
}

std::uint64_t bytes_of_segments(const LiveOptions& options, std::uint64_t bits_per_second) noexcept {
  const Micros segment = std::max(2 * StartUp::kGopMax, options.segment + StartUp::kGopMax) + millis(490);
  const Micros listed = std::max(options.window, 3 * segment) + segment;
  // Listed; for as long again, and its own duration, not listed any more; and the one that is open.
  const Micros kept = 2 * listed + 2 * segment;
  return static_cast<std::uint64_t>(kept.count) * (bits_per_second / 8) / 1'000'000;
}

std::uint64_t memory_bound(const LiveOptions& options) noexcept { return options.bytes_max + kHeldBytesMax; }

}  // namespace fanlight::packager
