#include "media/track_set.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {
namespace {

using Content = decltype(TrackSet::Track::content);

struct ContentOf {
  Content operator()(H264Pictures&& codec) const { return PictureTrack(std::move(codec)); }
  Content operator()(H265Pictures&& codec) const { return PictureTrack(std::move(codec)); }
  template <class Codec>
  Content operator()(Codec&& codec) const {
    return SoundTrack<std::remove_cvref_t<Codec>>(std::forward<Codec>(codec));
  }
};

}  // namespace

void TrackSet::handle(ByteSpan bytes, std::vector<TrackSample>& done) {
  demuxer_.handle(bytes, events_);
  take_events(done);
}

void TrackSet::finish(std::vector<TrackSample>& done) {
  demuxer_.finish(events_);
  take_events(done);
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (auto* pictures = std::get_if<PictureTrack>(&tracks_[i].content)) pictures->finish(samples_);
    hand_over(i, done);
  }
}

void TrackSet::take_events(std::vector<TrackSample>& done) {
  for (const DemuxEvent& event : std::exchange(events_, {})) {
    if (const auto* map = std::get_if<ProgramMap>(&event)) take_map(*map);
    if (const auto* unit = std::get_if<ElementaryUnit>(&event)) take_unit(*unit, done);
  }
}

void TrackSet::take_map(const ProgramMap& map) {
  const auto is_new = [&](const ProgramStream& stream) {
    return std::none_of(tracks_.begin(), tracks_.end(), [&](const Track& track) { return track.pid == stream.pid; });
  };
  for (const ProgramStream& stream : map.streams)
    if (is_new(stream) && tracks_.size() < kTracksMax) open_track(stream);
  if (leader_ || tracks_.empty()) return;
  const auto video = std::find_if(tracks_.begin(), tracks_.end(), [](const Track& track) { return track.is_video(); });
  leader_ = video == tracks_.end() ? 0 : static_cast<std::size_t>(video - tracks_.begin());
}

void TrackSet::open_track(const ProgramStream& stream) {
  std::optional<ElementaryStream> codec = open_elementary_stream(stream.type, stream.descriptors);
  if (!codec) {
    const LeftOut one{stream.pid, stream.type};
    const bool is_known = std::find(left_out_.begin(), left_out_.end(), one) != left_out_.end();
    if (!is_known && left_out_.size() < kLeftOutMax) left_out_.push_back(one);
    return;
  }
  tracks_.push_back({stream.pid, stream.language, std::visit(ContentOf{}, std::move(*codec))});
}

void TrackSet::take_unit(const ElementaryUnit& unit, std::vector<TrackSample>& done) {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (tracks_[i].pid != unit.pid) continue;
    std::visit(
        [&](auto& track) {
          track.handle(unit, timeline_, samples_);
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
