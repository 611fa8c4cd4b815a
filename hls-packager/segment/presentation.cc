#include "segment/presentation.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {
namespace {

using Content = decltype(Presentation::Track::content);

struct ContentOf {
  Content operator()(H264Pictures&& codec) const { return PictureTrack(std::move(codec)); }
  Content operator()(H265Pictures&& codec) const { return PictureTrack(std::move(codec)); }
  template <class Codec>
  Content operator()(Codec&& codec) const {
    return SoundTrack<std::remove_cvref_t<Codec>>(std::forward<Codec>(codec));
  }
};

}  // namespace

void Presentation::handle(ByteSpan bytes, std::vector<CutSegment>& done) {
  demuxer_.handle(bytes, events_);
  take_events(done);
}

void Presentation::finish(std::vector<CutSegment>& done) {
  demuxer_.finish(events_);
  take_events(done);
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (auto* pictures = std::get_if<PictureTrack>(&tracks_[i].content)) pictures->finish(samples_);
    cut(i, done);
  }
  segmenter_.finish(done);
}

void Presentation::take_events(std::vector<CutSegment>& done) {
  for (const DemuxEvent& event : std::exchange(events_, {})) {
    if (const auto* map = std::get_if<ProgramMap>(&event)) take_map(*map);
    if (const auto* unit = std::get_if<ElementaryUnit>(&event)) take_unit(*unit, done);
  }
}

void Presentation::take_map(const ProgramMap& map) {
  const auto is_new = [&](const ProgramStream& stream) {
    return std::none_of(tracks_.begin(), tracks_.end(), [&](const Track& track) { return track.pid == stream.pid; });
  };
  const bool has_leader = !tracks_.empty();
  const auto first_video = std::find_if(map.streams.begin(), map.streams.end(),
                                        [](const ProgramStream& s) { return s.medium == Medium::kPictures; });
  for (const ProgramStream& stream : map.streams) {
    if (!is_new(stream) || tracks_.size() == kTracksMax) continue;
    const bool leads =
        !has_leader && (first_video == map.streams.end() ? tracks_.empty() && stream.medium == Medium::kSound
                                                         : &stream == &*first_video);
    open_track(stream, leads);
  }
}

void Presentation::open_track(const ProgramStream& stream, bool leads) {
  std::optional<ElementaryStream> codec = open_elementary_stream(stream.type, stream.descriptors);
  if (!codec) {
    const LeftOut one{stream.pid, stream.type};
    if (std::find(left_out_.begin(), left_out_.end(), one) == left_out_.end()) left_out_.push_back(one);
    return;
  }
  tracks_.push_back({stream.pid, stream.language, std::visit(ContentOf{}, std::move(*codec))});
  segmenter_.add_track(leads);
}

void Presentation::take_unit(const ElementaryUnit& unit, std::vector<CutSegment>& done) {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    if (tracks_[i].pid != unit.pid) continue;
    std::visit([&](auto& track) { track.handle(unit, timeline_, samples_); }, tracks_[i].content);
    return cut(i, done);
  }
}

void Presentation::cut(std::size_t track, std::vector<CutSegment>& done) {
  for (TimedSample& sample : samples_) segmenter_.handle(track, std::move(sample), done);
  samples_.clear();
}

}  // namespace fanlight::packager
