#include "media/picture_track.h"

#include <algorithm>
#include <utility>

#include "codec/nal_units.h"

namespace fanlight::packager {

void PictureTrack::handle(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done) {
  if (!gatherer_ && begins_in_unit(unit.packet.content())) begin_to_gather();
  if (gatherer_) {
    gather(unit, timeline, done);
  } else {
    take_held(timeline, done);
    is_held_back(unit.packet) ? void(held_ = unit) : take_packet(unit, timeline, done);
  }
  has_begun_ = true;
}

bool PictureTrack::is_held_back(const PesPacket& packet) const noexcept {
  return waits_ != Waits::kNever || packet.header.packet_bytes >= kFullPacketBytes;
}

void PictureTrack::take_held(Timeline& timeline, std::vector<TimedSample>& done) {
  if (!held_) return;
  const ElementaryUnit unit = *std::exchange(held_, std::nullopt);
  take_packet(unit, timeline, done);
}

void PictureTrack::take_packet(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done) {
  const bool is_after_loss = unit.packet.is_after_loss;
  if (is_after_loss && joins_) tear_open();
  if (unit.dts) times_ = {unit.pts, unit.dts};
  times_.is_after_loss |= is_after_loss;
  const bool waits = waits_ != Waits::kNever;
  take_bytes(unit.packet.content(), timeline, done);
  if (!waits && !joins_ && open_picture_.structure == PictureStructure::kFrame) emit(done);
}

void PictureTrack::take_bytes(ByteSpan bytes, Timeline& timeline, std::vector<TimedSample>& done) {
  bool is_empty = true;
  for (ByteSpan rest = bytes; !rest.empty();) {
    const CodedPicture part = std::visit([&](auto& codec) { return codec.convert(rest); }, codec_);
    take_part(part, timeline, done);
    is_empty &= part.verdict == PictureVerdict::kNoSlice;
    rest = part.rest;
  }
  if (!is_empty) times_ = {};
}

void PictureTrack::begin_to_gather() {
  const auto role_of =
      std::visit([](const auto& codec) -> AccessUnitGatherer::RoleOf { return &codec.role_of; }, codec_);
  gatherer_.emplace(role_of, held_.has_value());
  joins_ = true;
  if (held_) append_piece(*std::exchange(held_, std::nullopt));
}

void PictureTrack::gather(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done) {
  if (unit.packet.is_after_loss) {
    tear_gathered();
  } else if (has_begun_ && !gatherer_->is_in_step() && gatherer_->size() == 0 &&
             begins_in_unit(unit.packet.content())) {
    ++counts_.unreadable;
    open_.reset();
  }
  append_piece(unit);
  while (const std::optional<AccessUnitGatherer::Unit> gathered = gatherer_->next())
    take_gathered(*gathered, timeline, done);
  if (gatherer_->size() > PesAssembler::kPesBytesMax || marks_.size() > kMarksMax) tear_gathered();
}

// A time that is said again is of the same picture.
void PictureTrack::append_piece(const ElementaryUnit& unit) {
  const bool is_new = unit.dts && unit.dts != marked_dts_;
  if (is_new) marked_dts_ = unit.dts;
  const Times times =
      is_new ? Times{unit.pts, unit.dts, unit.packet.is_after_loss} : Times{.is_after_loss = unit.packet.is_after_loss};
  if (is_new || times.is_after_loss) marks_.push_back({gatherer_->end(), times});
  gatherer_->append(unit.packet.content());
}

void PictureTrack::tear_gathered() noexcept {
  tear_open();
  counts_.unreadable += gatherer_->is_in_step() && gatherer_->size() > 0 ? 1 : 0;
  gatherer_->drop();
  marks_.clear();
}

// The times of a packet are of the first one that begins in it.
void PictureTrack::take_gathered(const AccessUnitGatherer::Unit& gathered, Timeline& timeline,
                                 std::vector<TimedSample>& done) {
  const auto is_its = [&](const Mark& mark) { return mark.at <= gathered.at; };
  const auto end = std::find_if_not(marks_.begin(), marks_.end(), is_its);
  for (auto mark = marks_.begin(); mark != end; ++mark) {
    const bool is_after_loss = times_.is_after_loss || mark->times.is_after_loss;
    times_ = mark->times;
    times_.is_after_loss = is_after_loss;
  }
  marks_.erase(marks_.begin(), end);
  take_bytes(gathered.bytes, timeline, done);
  if (open_picture_.structure == PictureStructure::kFrame) emit(done);
}

void PictureTrack::take_part(const CodedPicture& part, Timeline& timeline, std::vector<TimedSample>& done) {
  switch (part.verdict) {
    case PictureVerdict::kNoSlice:
      return;
    case PictureVerdict::kNoParameterSets:
      return leave_out(std::exchange(times_, {}));
    case PictureVerdict::kMalformed:
      times_ = {};
      return void(++counts_.unreadable);
    case PictureVerdict::kContinuation:
      return go_on(part);
    case PictureVerdict::kPicture:
      break;
  }
  const Times times = std::exchange(times_, {});
  if (formats_.is_empty() && !part.is_independent) return leave_out(times);
  captions_.handle(part.bytes);
  if (open_ && is_second_field(open_picture_, part)) {
    open_->bytes.insert(open_->bytes.end(), part.bytes.begin(), part.bytes.end());
    open_picture_.structure = PictureStructure::kFrame;
    return;
  }
  emit(done);
  take_picture(part, times, timeline);
}

// The first time that it happens the picture has been handed over without.
void PictureTrack::go_on(const CodedPicture& part) {
  if (formats_.is_empty()) return;
  if (!joins_ && !open_) ++counts_.unreadable;
  joins_ = true;
  if (!open_) return;
  if (open_->bytes.size() + part.bytes.size() > PesAssembler::kPesBytesMax) return tear_open();
  open_->bytes.insert(open_->bytes.end(), part.bytes.begin(), part.bytes.end());
  if (part.structure != open_picture_.structure) open_picture_.structure = PictureStructure::kFrame;
}

// Some of it is missing.
void PictureTrack::tear_open() noexcept {
  counts_.unreadable += open_ ? 1 : 0;
  open_.reset();
}

// Its time goes by.
void PictureTrack::leave_out(const Times& times) {
  ++counts_.before_first;
  last_dts_ = time_of(times);
}

void PictureTrack::adopt_format() {
  formats_.push(*std::visit([](const auto& codec) { return codec.format(); }, codec_));
}

// When it is decoded. Empty: neither it nor one before has said a time. Until two pictures have shown how far they are
// apart, they are as the format says, if it makes sense.
std::optional<std::int64_t> PictureTrack::time_of(const Times& times) {
  if (times.dts || !last_dts_) return times.dts;
  const auto* format = formats_.is_empty() ? nullptr : std::get_if<PictureFormat>(&formats_.newest().media);
  if (!knows_distance_ && format != nullptr && format->rate && format->rate->frames != 0) {
    const std::int64_t ticks = kMediaClock * format->rate->seconds / format->rate->frames;
    if (ticks >= kMediaClock / 300 && ticks < kMediaClock) frame_ticks_ = ticks;
  }
  return *last_dts_ + frame_ticks_;
}

// Only from a picture that said its time to the next that does, and where none is missing between them.
void PictureTrack::learn_distance(const Times& times, const Timeline::Place& place, std::int64_t decode_time) {
  if (times.is_after_loss || (told_ && told_->epoch != place.epoch)) told_.reset();
  if (!times.dts) return void(++untold_);
  std::int64_t ticks = 0;
  if (told_ && untold_ == 0 && decode_time == place.decode_time) ticks = decode_time - *last_decode_time_;
  if (told_ && untold_ > 0) ticks = (place.decode_time - told_->decode_time) / (untold_ + 1);
  if (ticks > 0 && ticks < kMediaClock) {
    frame_ticks_ = ticks;
    knows_distance_ = true;
  }
  told_ = place;
  untold_ = 0;
}

void PictureTrack::take_picture(const CodedPicture& picture, const Times& times, Timeline& timeline) {
  if (!times.dts && !last_dts_) return leave_out(times);
  if (formats_.is_empty() || picture.has_new_format) adopt_format();
  const std::int64_t dts = *time_of(times);
  counts_.no_time += times.dts ? 0 : 1;
  const Timeline::Place place = timeline.place(cursor_, dts, frame_ticks_);
  std::int64_t decode_time = place.decode_time;
  if (last_decode_time_ && decode_time <= *last_decode_time_) {
    ++counts_.out_of_order;
    decode_time = *last_decode_time_ + 1;
    cursor_.expected = decode_time + frame_ticks_;  // Small steps back that go on are a jump in the end.
  }
  learn_distance(times, place, decode_time);
  last_dts_ = dts;
  last_decode_time_ = decode_time;
  open_ = TimedSample{.bytes = {picture.bytes.begin(), picture.bytes.end()},
                      .decode_time = decode_time,
                      .presentation_time = decode_time + wait_of(times, dts),
                      .duration = static_cast<std::uint32_t>(frame_ticks_),
                      .is_independent = picture.is_independent,
                      .epoch = place.epoch,
                      .format = formats_.newest_number()};
  open_picture_ = picture;
  open_picture_.bytes = open_picture_.rest = {};
  if (waits_ == Waits::kAtFirst) waits_ = Waits::kNever;
}

// From when it is decoded until it is shown.
std::int64_t PictureTrack::wait_of(const Times& times, std::int64_t dts) {
  const std::int64_t wait = times.pts.value_or(dts) - dts;
  reorders_ |= wait > 0;
  if (!times.pts && reorders_) ++counts_.no_order;
  if (wait >= 0 && wait <= kWaitMax) return wait;
  ++counts_.odd_times;
  return 0;
}

void PictureTrack::emit(std::vector<TimedSample>& done) {
  if (open_) done.push_back(*std::exchange(open_, std::nullopt));
}

void PictureTrack::finish(Timeline& timeline, std::vector<TimedSample>& done) {
  take_held(timeline, done);
  if (gatherer_) take_gathered(gatherer_->take_rest(), timeline, done);
  emit(done);
}

}  // namespace fanlight::packager
