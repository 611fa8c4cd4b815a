#include "segment/presentation.h"

#include <algorithm>

namespace fanlight::packager {

// In pieces of a packet: what belongs to whom is asked while the program is as it was for them.
void Presentation::handle(ByteSpan bytes, std::vector<CutSegment>& done) {
  constexpr std::size_t kPiece = 188;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), kPiece))) {
    tracks_.handle(bytes.first(std::min(bytes.size(), kPiece)), samples_);
    cut(done);
  }
}

void Presentation::finish(std::vector<CutSegment>& done) {
  tracks_.finish(samples_);
  cut(done);
  segmenter_.finish(done);
}

void Presentation::cut(std::vector<CutSegment>& done) {
  for (TrackSample& one : samples_) {
    const std::size_t line = line_of(one);
    one.sample.format = lines_[line].number_of(one.sample.format);
    segmenter_.handle(line, std::move(one.sample), done);
  }
  samples_.clear();
}

// The one that it has been of, unless another that is there has taken it; or one of which none is there.
std::size_t Presentation::line_of(const TrackSample& one) {
  const TrackSet::Track& track = tracks_.tracks()[one.track];
  if (line_of_.size() <= one.track) line_of_.resize(one.track + 1);
  std::optional<std::size_t>& its = line_of_[one.track];
  if (its && lines_[*its].track_number() == one.track) return *its;
  const auto is_free = [&](const TrackLine& line) {
    return !line.track().is_mapped && line.is_like(track, track.formats()[one.sample.format]);
  };
  if (!its || !is_free(lines_[*its])) {
    const auto free = std::find_if(lines_.begin(), lines_.end(), is_free);
    its = static_cast<std::size_t>(free - lines_.begin());
    if (free == lines_.end()) {
      lines_.emplace_back(one.track, track);
      segmenter_.add_track(one.track == tracks_.first_leader());
    }
  }
  lines_[*its].take(one.track, track);
  return *its;
}

}  // namespace fanlight::packager
