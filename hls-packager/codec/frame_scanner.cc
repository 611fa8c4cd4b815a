#include "codec/frame_scanner.h"

#include <algorithm>

namespace fanlight::packager {

void FrameScanner::handle_pes(ByteSpan payload, std::optional<std::int64_t> pts) {
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_));
  while (marks_.size() > 1 && marks_[1].at <= at_) marks_.pop_front();
  for (Mark& mark : marks_) mark.at -= std::min(mark.at, at_);
  at_ = 0;
  // An empty packet before this one has no byte for a frame to start in.
  while (!marks_.empty() && marks_.back().at >= bytes_.size()) marks_.pop_back();
  marks_.push_back({bytes_.size(), pts});
  bytes_.insert(bytes_.end(), payload.begin(), payload.end());
}

void FrameScanner::handle_gap() {
  garbage_bytes_ += rest().size();
  bytes_.clear();
  marks_.clear();
  at_ = 0;
  in_step_ = false;
}

auto FrameScanner::take(std::size_t bytes) -> Frame {
  Frame frame{rest().first(bytes), std::nullopt};
  while (!marks_.empty() && marks_.front().at <= at_) {
    frame.pts = marks_.front().pts;
    marks_.pop_front();
  }
  at_ += bytes;
  return frame;
}

}  // namespace fanlight::packager
