#include "cmaf/fragment.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "cmaf/box_writer.h"
#include "cmaf/init_segment.h"

namespace fanlight::packager {
namespace {

// ISO/IEC 14496-12 §8.8.3.1
constexpr std::uint32_t kDependsOnNoOther = 0x0200'0000;
constexpr std::uint32_t kDependsOnOthers = 0x0100'0000;
constexpr std::uint32_t kIsNonSync = 0x0001'0000;

std::uint32_t flags_of(const Sample& sample) {
  return sample.is_independent ? kDependsOnNoOther : kDependsOnOthers | kIsNonSync;
}

// What all samples have in common is said once, in tfhd; the rest sample by sample, in trun.
struct Agreement {
  bool on_duration = true;
  bool on_size = true;
  bool on_flags = true;         // Of all but the first, whose flags have a place of their own.
  bool is_first_other = false;  // And they are other than the rest's.
  bool has_offsets = false;
};

Agreement agreement_of(std::span<const Sample> samples) {
  const Sample& first = samples.front();
  const Sample& last = samples.back();
  const auto all = [](std::span<const Sample> some, auto&& claim) { return std::ranges::all_of(some, claim); };
  Agreement agreement;
  agreement.on_duration = all(samples, [&](const Sample& s) { return s.duration == first.duration; });
  agreement.on_size = all(samples, [&](const Sample& s) { return s.bytes.size() == first.bytes.size(); });
  agreement.on_flags = all(samples.subspan(1), [&](const Sample& s) { return flags_of(s) == flags_of(last); });
  agreement.is_first_other = agreement.on_flags && flags_of(first) != flags_of(last);
  agreement.has_offsets = !all(samples, [](const Sample& s) { return s.composition_offset == 0; });
  return agreement;
}

void write_segment_type(BoxWriter& out) {
  out.box("styp", [&] {
    out.four_cc("msdh");
    out.u32(0);
    for (const FourCc brand : {FourCc("msdh"), FourCc("cmfs")}) out.four_cc(brand);
  });
}

// ISO/IEC 14496-12 §8.16.5
void write_producer_time(BoxWriter& out, const ProducerTime& producer) {
  constexpr std::uint32_t kCaptured = 24;
  out.full_box("prft", 1, kCaptured, [&] {
    out.u32(kTrackId);
    out.u64(ntp_of(producer.at));
    out.u64(static_cast<std::uint64_t>(producer.media_time));
  });
}

void write_track_fragment_header(BoxWriter& out, const Agreement& agreement, const Sample& last) {
  constexpr std::uint32_t kBaseIsMoof = 0x2'0000;
  const std::uint32_t present =
      (agreement.on_duration ? 0x08u : 0) | (agreement.on_size ? 0x10u : 0) | (agreement.on_flags ? 0x20u : 0);
  out.full_box("tfhd", 0, kBaseIsMoof | present, [&] {
    out.u32(kTrackId);
    if (agreement.on_duration) out.u32(last.duration);
    if (agreement.on_size) out.u32(static_cast<std::uint32_t>(last.bytes.size()));
    if (agreement.on_flags) out.u32(flags_of(last));
  });
}

// Returns where the offset of the data stands, which the end of moof tells.
std::size_t write_run(BoxWriter& out, const Agreement& agreement, std::span<const Sample> samples) {
  const std::uint32_t present = 0x001u | (agreement.is_first_other ? 0x004u : 0) |
                                (agreement.on_duration ? 0 : 0x100u) | (agreement.on_size ? 0 : 0x200u) |
                                (agreement.on_flags ? 0 : 0x400u) | (agreement.has_offsets ? 0x800u : 0);
  std::size_t data_offset_at = 0;
  out.full_box("trun", 1, present, [&] {
    out.u32(static_cast<std::uint32_t>(samples.size()));
    data_offset_at = out.size();
    out.u32(0);
    if (agreement.is_first_other) out.u32(flags_of(samples.front()));
    for (const Sample& sample : samples) {
      if (!agreement.on_duration) out.u32(sample.duration);
      if (!agreement.on_size) out.u32(static_cast<std::uint32_t>(sample.bytes.size()));
      if (!agreement.on_flags) out.u32(flags_of(sample));
      if (agreement.has_offsets) out.u32(static_cast<std::uint32_t>(sample.composition_offset));
    }
  });
  return data_offset_at;
}

void write_movie_fragment(BoxWriter& out, const FragmentHeader& header, std::span<const Sample> samples) {
  constexpr std::size_t kBoxHeadBytes = 8;
  const Agreement agreement = agreement_of(samples);
  const std::size_t begin = out.size();
  std::size_t data_offset_at = 0;
  out.box("moof", [&] {
    out.full_box("mfhd", 0, 0, [&] { out.u32(header.sequence_number); });
    out.box("traf", [&] {
      write_track_fragment_header(out, agreement, samples.back());
      out.full_box("tfdt", 1, 0, [&] { out.u64(static_cast<std::uint64_t>(samples.front().decode_time)); });
      data_offset_at = write_run(out, agreement, samples);
      if (header.protection != nullptr) write_sample_protection(out, *header.protection, samples.size(), begin);
    });
  });
  out.overwrite_u32(data_offset_at, static_cast<std::uint32_t>(out.size() - begin + kBoxHeadBytes));
}

}  // namespace

SharedBytes write_fragment(const FragmentHeader& header, std::span<const Sample> samples) {
  CHECK(!samples.empty() && samples.front().decode_time >= 0);
  return write_boxes([&](BoxWriter& out) {
    if (header.begins_segment) write_segment_type(out);
    if (header.producer_time) write_producer_time(out, *header.producer_time);
    write_movie_fragment(out, header, samples);
    out.box("mdat", [&] {
      for (const Sample& sample : samples) out.bytes(sample.bytes);
    });
  });
}

SharedBytes put_off(const SharedBytes& fragment, Micros by) {
  constexpr std::size_t kName = 4, kTime = 16, kTimeEnd = kTime + 8;  // Of `prft`; between them flags and track ID.
  constexpr std::array kPrft = {std::byte{'p'}, std::byte{'r'}, std::byte{'f'}, std::byte{'t'}};
  constexpr std::int64_t kSecond = std::int64_t{1} << 32;  // In NTP's unit.
  const auto later =
      static_cast<std::uint64_t>(by.count / 1'000'000 * kSecond + by.count % 1'000'000 * kSecond / 1'000'000);
  return SharedBytes::filled(fragment.size(), [&](MutableByteSpan to) {
    std::ranges::copy(fragment.span(), to.begin());
    for (std::size_t at = 0; at + kTimeEnd <= to.size(); at += load_be32(&to[at])) {
      if (!std::ranges::equal(to.subspan(at + kName, kPrft.size()), kPrft)) continue;
      std::byte* const time = &to[at + kTime];
      return store_be64(time, (std::uint64_t{load_be32(time)} << 32 | load_be32(time + 4)) + later);
    }
  });
}

}  // namespace fanlight::packager
