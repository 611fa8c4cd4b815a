#include "media/picture_track.h"

#include <utility>

namespace fanlight::packager {

std::optional<TrackFormat> PictureTrack::format_now() const {
  return std::visit([](const auto& codec) { return codec.format(); }, codec_);
}

void PictureTrack::handle(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done) {
  const CodedPicture picture = std::visit([&](auto& codec) { return codec.convert(unit.packet.content()); }, codec_);
  switch (picture.verdict) {
    case PictureVerdict::kNoSlice:
      return;
    case PictureVerdict::kNoParameterSets:
      return void(++counts_.before_first);
    case PictureVerdict::kMalformed:
      return void(++counts_.unreadable);
    case PictureVerdict::kPicture:
      break;
  }
  if (formats_.is_empty() && !picture.is_independent) return void(++counts_.before_first);
  captions_.handle(picture.bytes);
  if (first_field_ && is_second_field(first_picture_, picture)) {
    first_field_->bytes.insert(first_field_->bytes.end(), picture.bytes.begin(), picture.bytes.end());
    return emit(done);
  }
  emit(done);
  take_picture(picture, unit, timeline, done);
}

void PictureTrack::take_picture(const CodedPicture& picture, const ElementaryUnit& unit, Timeline& timeline,
                                std::vector<TimedSample>& done) {
  if (formats_.is_empty() || picture.has_new_format) formats_.push(*format_now());
  if (!unit.dts) ++counts_.no_time;
  const std::int64_t dts = unit.dts.value_or(last_dts_.value_or(0) + frame_ticks_);
  const Timeline::Place place = timeline.place(cursor_, dts, frame_ticks_);
  std::int64_t decode_time = place.decode_time;
  if (last_decode_time_ && decode_time <= *last_decode_time_) {
    ++counts_.out_of_order;
    decode_time = *last_decode_time_ + 1;
    cursor_.expected = decode_time + frame_ticks_;  // Small steps back that go on are a jump in the end.
  } else if (last_decode_time_ && decode_time - *last_decode_time_ < kMediaClock) {
    frame_ticks_ = decode_time - *last_decode_time_;
  }
  last_dts_ = dts;
  last_decode_time_ = decode_time;
  TimedSample sample{.bytes = {picture.bytes.begin(), picture.bytes.end()},
                     .decode_time = decode_time,
                     .presentation_time = decode_time + wait_of(unit, dts),
                     .duration = static_cast<std::uint32_t>(frame_ticks_),
                     .is_independent = picture.is_independent,
                     .epoch = place.epoch,
                     .format = formats_.newest_number()};
  first_field_ = std::move(sample);
  first_picture_ = picture;
  first_picture_.bytes = {};
  if (picture.structure == PictureStructure::kFrame) emit(done);
}

// From when it is decoded until it is shown.
std::int64_t PictureTrack::wait_of(const ElementaryUnit& unit, std::int64_t dts) {
  const std::int64_t wait = unit.pts.value_or(dts) - dts;
  if (wait >= 0 && wait <= kWaitMax) return wait;
  ++counts_.odd_times;
  return 0;
}

void PictureTrack::emit(std::vector<TimedSample>& done) {
  if (first_field_) done.push_back(*std::exchange(first_field_, std::nullopt));
}

void PictureTrack::finish(std::vector<TimedSample>& done) { emit(done); }

}  // namespace fanlight::packager
