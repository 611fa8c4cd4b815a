#include "once/rendition.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cmaf/fragment.h"
#include "cmaf/init_segment.h"
#include "playlist/frame_rate.h"
#include "playlist/names.h"

namespace fanlight::packager {
namespace {

// Samples as they are written: each as long as it is until the next one.
std::vector<Sample> samples_of(const CutSegment& segment) {
  std::vector<Sample> samples;
  samples.reserve(segment.samples.size());
  for (std::size_t i = 0; i < segment.samples.size(); ++i) {
    const TimedSample& one = segment.samples[i];
    const bool is_last = i + 1 == segment.samples.size();
    const std::int64_t next = !is_last ? segment.samples[i + 1].decode_time
                                       : segment.next_decode_time.value_or(one.decode_time + one.duration);
    samples.push_back({.bytes = one.bytes,
                       .decode_time = one.decode_time,
                       .duration = static_cast<std::uint32_t>(std::max<std::int64_t>(next - one.decode_time, 1)),
                       .composition_offset = static_cast<std::int32_t>(one.presentation_time - one.decode_time),
                       .is_independent = one.is_independent});
  }
  return samples;
}

std::int64_t shown_from(const CutSegment& segment) {
  return std::ranges::min_element(segment.samples, {}, &TimedSample::presentation_time)->presentation_time;
}

// Of times that stand still it may be any number.
std::uint32_t bits_a_second(double bytes, double seconds) {
  return seconds <= 0 ? 0 : static_cast<std::uint32_t>(std::min(bytes * 8 / seconds, 4e9));
}

}  // namespace

Result<Done> Rendition::write(const CutSegment& segment) {
  const TimedSample& first = segment.samples.front();
  if (written_.empty() || written_.back().format != first.format)
    if (Result<Done> done = adopt(first.format); !done) return done;
  std::vector<Sample> samples = samples_of(segment);
  FragmentHeader header{.sequence_number = static_cast<std::uint32_t>(written_.size() + 1), .begins_segment = true};
  const std::size_t key = keys_ != nullptr ? keys_->slot_of(segment.number) : 0;
  FragmentProtection protection;
  if (protector_) {
    protection = protector_->protect(*keys_, key, samples);
    header.protection = &protection;
  }
  const SharedBytes bytes = write_fragment(header, samples);
  std::int64_t duration = 0;
  for (const Sample& sample : samples) duration += sample.duration;
  written_.push_back({.number = segment.number,
                      .epoch = first.epoch,
                      .format = first.format,
                      .begins = shown_from(segment),
                      .duration = duration,
                      .timescale = first.timescale,
                      .key = key,
                      .bytes = bytes.size(),
                      .is_independent = first.is_independent});
  measure_rate(written_.back(), samples.size());
  return write_file(segment_name(segment.number), bytes.span());
}

void Rendition::measure_rate(const Written& segment, std::size_t frames) {
  const auto* const its = std::get_if<PictureFormat>(&line_->format(segment.format).media);
  if (its == nullptr || its->rate || segment.duration <= 0) return;
  frames_ += static_cast<std::int64_t>(frames);
  frames_ticks_ += segment.duration;
  std::get<PictureFormat>(formats_.at(segment.format).media).rate = measured_rate(frames_, frames_ticks_);
}

Result<Done> Rendition::adopt(std::uint32_t format) {
  const TrackFormat& its = line_->format(format);
  formats_.insert_or_assign(format, its);
  frames_ = frames_ticks_ = 0;
  const std::string_view language = line_->language().empty() ? std::string_view("und") : line_->language();
  if (keys_ == nullptr) return write_file(init_name(format), write_init_segment(its, language).span());
  protector_.emplace(its);
  for (std::size_t slot = 0; slot < keys_->keys.size(); ++slot) {
    const KeyMark key = keys_->mark_of(slot);
    const SharedBytes init = write_init_segment(its, language, &key);
    if (Result<Done> done = write_file(init_name(format, slot), init.span()); !done) return done;
  }
  return Done{};
}

Result<Done> Rendition::write_file(const std::string& name, ByteSpan bytes) const {
  const std::filesystem::path path = directory_ / folder_ / name;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  const bool is_written = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
                          std::fflush(file.get()) == 0;
  if (!is_written)
    return Error{ErrorCode::kFailed, "cannot write " + path.string() + ": is the directory writable, the disk full?"};
  return Done{};
}

std::uint32_t Rendition::bandwidth() const noexcept {
  std::uint32_t most = 0;
  for (const Written& one : written_)
    most = std::max(most,
                    bits_a_second(static_cast<double>(one.bytes), static_cast<double>(one.duration) / one.timescale));
  return most;
}

std::uint32_t Rendition::bandwidth_average() const noexcept {
  double bytes = 0, seconds = 0;
  for (const Written& one : written_) {
    bytes += static_cast<double>(one.bytes);
    seconds += static_cast<double>(one.duration) / one.timescale;
  }
  return bits_a_second(bytes, seconds);
}

}  // namespace fanlight::packager
