#include "media/track_set.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

namespace fanlight::packager {
namespace {

using Content = decltype(TrackSet::Track::content);

struct ContentOf {
  PictureTrack::Waits waits;

  Content operator()(H264Pictures&& codec) const { return PictureTrack(std::move(codec), waits); }
  Content operator()(H265Pictures&& codec) const { return PictureTrack(std::move(codec), waits); }
  template <class Codec>
  Content operator()(Codec&& codec) const {
    return SoundTrack<std::remove_cvref_t<Codec>>(std::forward<Codec>(codec));
  }
};

// A PID whose type changes is another track. Of private data the descriptors say what it is.
bool is_of(const TrackSet::Track& track, const ProgramStream& stream) {
  constexpr std::uint8_t kPrivate = 0x06;
  if (track.pid != stream.pid || track.stream_type != stream.type) return false;
  return stream.type != kPrivate || track.descriptors == stream.descriptors ||
         describe_alike(stream.type, track.descriptors, stream.descriptors);
}

// Sound goes on where it is told to be in another language.
void tell_language(TrackSet::Track& track, const ProgramStream& stream) {
  if (track.is_video() || !is_told(stream.language)) return;
  track.language = stream.language;
  track.describes_video = stream.describes_video;
}

std::uint64_t unreadable_in(const TrackSet::Track& track) {
  if (const SoundCounts* const sound = track.sound_counts()) return sound->malformed + sound->unsupported;
  const PictureCounts& pictures = std::get<PictureTrack>(track.content).counts();
  return pictures.unreadable + pictures.no_order;
}

struct SoundCountsOf {
  const SoundCounts* operator()(const PictureTrack&) const noexcept { return nullptr; }
  template <class Codec>
  const SoundCounts* operator()(const SoundTrack<Codec>& sound) const noexcept {
    return &sound.counts();
  }
};

}  // namespace

std::vector<Codec> TrackSet::Track::codecs() const {
  if (!formats().is_empty()) return {formats().newest().codec};
  if (is_video()) return {Codec::kH264, Codec::kH265};
  if (std::holds_alternative<SoundTrack<Ac3Sound>>(content)) return {Codec::kAc3, Codec::kEac3};
  return {std::holds_alternative<SoundTrack<OpusSound>>(content) ? Codec::kOpus : Codec::kAac};
}

std::vector<CaptionService> TrackSet::Track::captions() const {
  const auto* pictures = std::get_if<PictureTrack>(&content);
  if (pictures == nullptr) return {};
  std::vector<CaptionService> services = parse_caption_services(descriptors), seen;
  for (const CaptionChannel channel : pictures->captions().channels()) seen.push_back({.channel = channel});
  add_captions(services, seen);
  return services;
}

const SoundCounts* TrackSet::Track::sound_counts() const noexcept { return std::visit(SoundCountsOf{}, content); }

void TrackSet::handle(ByteSpan bytes, std::vector<TrackSample>& done) {
  demuxer_.handle(bytes, events_);
  take_events(done);
}

void TrackSet::finish(std::vector<TrackSample>& done) {
  demuxer_.finish(events_);
  take_events(done);
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (auto* pictures = std::get_if<PictureTrack>(&tracks_[i].content)) pictures->finish(timeline_, samples_);
    hand_over(i, done);
  }
}

void TrackSet::take_events(std::vector<TrackSample>& done) {
  for (const DemuxEvent& event : std::exchange(events_, {})) {
    if (const auto* map = std::get_if<ProgramMap>(&event)) take_map(*map, done);
    if (const auto* unit = std::get_if<ElementaryUnit>(&event)) take_unit(*unit, done);
    if (const auto* command = std::get_if<SpliceCommand>(&event)) take_splice(*command);
    if (std::holds_alternative<NewTimeBase>(event)) timeline_.announce();
  }
}

void TrackSet::take_map(const ProgramMap& map, std::vector<TrackSample>& done) {
  const auto is_there = [](const Track& track) { return track.is_mapped; };
  bool are_others = std::any_of(tracks_.begin(), tracks_.end(), is_there);
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    const auto is_its = [&](const ProgramStream& stream) { return is_of(tracks_[i], stream); };
    const auto its = std::find_if(map.streams.begin(), map.streams.end(), is_its);
    const bool is_mapped = its != map.streams.end();
    if (is_mapped) tell_language(tracks_[i], *its);
    if (tracks_[i].is_mapped && !is_mapped) unmap(i, done);
    if (!tracks_[i].is_mapped && is_mapped) std::visit([](auto& track) { track.handle_return(); }, tracks_[i].content);
    are_others &= !(tracks_[i].is_mapped && is_mapped);
    tracks_[i].is_mapped = is_mapped;
    tracks_[i].is_free &= !is_mapped;
  }
  for (const ProgramStream& stream : map.streams) {
    const auto has_it = [&](const Track& track) { return is_of(track, stream); };
    if (std::none_of(tracks_.begin(), tracks_.end(), has_it)) open_track(stream);
  }
  if (are_others) timeline_.handle_other_tracks();
  choose_leader();
}

void TrackSet::unmap(std::size_t track, std::vector<TrackSample>& done) {
  if (auto* pictures = std::get_if<PictureTrack>(&tracks_[track].content)) pictures->finish(timeline_, samples_);
  hand_over(track, done);
}

void TrackSet::choose_leader() {
  const auto is_mapped = [](const Track& track) { return track.is_mapped; };
  const auto is_mapped_video = [](const Track& track) { return track.is_mapped && track.is_video(); };
  if (leader_ && tracks_[*leader_].is_mapped) return;
  auto found = std::find_if(tracks_.begin(), tracks_.end(), is_mapped_video);
  if (found == tracks_.end()) found = std::find_if(tracks_.begin(), tracks_.end(), is_mapped);
  if (found == tracks_.end()) return;
  leader_ = static_cast<std::size_t>(found - tracks_.begin());
  leader_dts_.reset();
  if (!first_leader_) first_leader_ = leader_;
}

void TrackSet::open_track(const ProgramStream& stream) {
  if (stream.medium == Medium::kSplices) return;
  std::optional<ElementaryStream> codec = open_elementary_stream(stream.type, stream.descriptors);
  if (!codec) {
    const LeftOut one{stream.pid, stream.type};
    const bool is_known = std::find(left_out_.begin(), left_out_.end(), one) != left_out_.end();
    if (!is_known && left_out_.size() < kLeftOutMax) left_out_.push_back(one);
    return;
  }
  place({stream.pid, stream.type, stream.descriptors, stream.language, stream.describes_video,
         std::visit(ContentOf{waits_}, std::move(*codec))});
}

void TrackSet::place(Track&& track) {
  if (tracks_.size() < kTracksMax) return void(tracks_.push_back(std::move(track)));
  const auto free = std::find_if(tracks_.begin(), tracks_.end(), [](const Track& one) { return one.is_free; });
  if (free == tracks_.end()) {
    ++refused_;
    refused_newest_ = "PID " + std::to_string(track.pid) + ", there are " + std::to_string(kTracksMax);
    return;
  }
  unreadable_before_ += unreadable_in(*free);
  *free = std::move(track);
}

std::uint64_t TrackSet::unreadable() const noexcept {
  std::uint64_t sum = unreadable_before_;
  for (const Track& track : tracks_) sum += unreadable_in(track);
  return sum;
}

std::uint64_t TrackSet::before_first() const noexcept {
  const auto* pictures = leader_ ? std::get_if<PictureTrack>(&tracks_[*leader_].content) : nullptr;
  return pictures == nullptr ? 0 : pictures->counts().before_first;
}

void TrackSet::take_splice(const SpliceCommand& command) {
  const std::optional<Timeline::Place> where = timeline_.peek(command.pts);
  if (!where) return;
  if (splices_.size() == kSplicesMax) splices_.erase(splices_.begin());
  splices_.push_back({where->decode_time, where->epoch, command.info});
}

// Nothing of it is taken, lest the program's clock jump to and fro: first in case the program's follows, which jumps
// with all its tracks in a second or two, and then for good.
bool TrackSet::has_other_clock(Track& track, const ElementaryUnit& unit) {
  constexpr std::int64_t kApart = 10 * kMediaClock, kWait = 3 * kMediaClock;
  if (&track == &tracks_[*leader_]) {
    if (unit.dts) leader_dts_ = unit.dts;
    return false;
  }
  if (track.clock == Track::Clock::kPrograms || !leader_dts_) return false;
  if (track.clock == Track::Clock::kOther) return true;
  if (!unit.dts) return track.apart_since.has_value();
  if (std::llabs(*unit.dts - *leader_dts_) < kApart) {
    track.clock = Track::Clock::kPrograms;
    return false;
  }
  if (!track.apart_since) track.apart_since = unit.dts;
  if (std::llabs(*unit.dts - *track.apart_since) < kWait) return true;
  const auto is_programs = [](const Track& one) { return one.clock == Track::Clock::kPrograms; };
  if (std::none_of(tracks_.begin(), tracks_.end(), is_programs)) {
    track.clock = Track::Clock::kPrograms;  // Who knows which of the two it is.
    return false;
  }
  track.clock = Track::Clock::kOther;
  ++refused_;
  refused_newest_ = "PID " + std::to_string(track.pid) + ", its clock is not the program's";
  return true;
}

void TrackSet::take_unit(const ElementaryUnit& unit, std::vector<TrackSample>& done) {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (tracks_[i].pid != unit.pid || !tracks_[i].is_mapped) continue;
    if (has_other_clock(tracks_[i], unit)) return;
    ++tracks_[i].packets;
    std::visit(
        [&](auto& track) {
          track.handle(unit, timeline_, samples_);
          if constexpr (requires { track.take_overlapping(); }) overlapping_ += track.take_overlapping();
          track.formats().keep_newest(formats_kept_);
        },
        tracks_[i].content);
    return hand_over(i, done);
  }
}

void TrackSet::hand_over(std::size_t track, std::vector<TrackSample>& done) {
  for (TimedSample& sample : samples_) done.push_back({track, std::move(sample)});
  samples_.clear();
}

}  // namespace fanlight::packager
