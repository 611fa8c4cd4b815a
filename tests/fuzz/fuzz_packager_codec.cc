// Elementary streams: whatever bytes they are, samples are well-formed and bounded, and a track has a format before its
// first sample. The first byte says which codec; then come access units or PES packets, each behind two bytes of
// length, of which the highest bit says that it has a PTS and the next one that something is missing before it.
#include <algorithm>
#include <array>
#include <span>
#include <type_traits>

#include "base/check.h"
#include "codec/captions.h"
#include "codec/elementary_stream.h"
#include "protect/sample_protector.h"

using namespace fanlight;
using namespace fanlight::packager;

namespace {

void check_format(const TrackFormat& format) {
  CHECK(!format.name.empty() && !format.record.empty());
  CHECK(format.timescale() > 0);
  if (const auto* picture = std::get_if<PictureFormat>(&format.media)) {
    CHECK(picture->width > 0 && picture->width <= kPictureSideMax);
    CHECK(picture->height > 0 && picture->height <= 2 * kPictureSideMax);
    CHECK(picture->aspect_width > 0 && picture->aspect_height > 0);
  } else {
    CHECK(std::get<SoundFormat>(format.media).channels > 0);
  }
}

// Lengths of four bytes lead from unit to unit, to the end.
void check_sample(ByteSpan sample) {
  while (!sample.empty()) {
    CHECK(sample.size() > 4);
    const std::size_t length = load_be32(sample.data());
    CHECK(length > 0 && length <= sample.size() - 4);
    sample = sample.subspan(4 + length);
  }
}

void check_captions(const std::vector<CaptionService>& services) {
  for (const CaptionService& one : services)
    CHECK(one.channel.number >= 1 && one.channel.number <= (one.channel.is_708 ? 63 : 4));
}

// Of one sample alone.
void check_captions_in(ByteSpan sample, CaptionWatch::Units units) {
  CaptionWatch watch(units);
  watch.handle(sample);
  std::vector<CaptionService> services, seen;
  for (const CaptionChannel channel : watch.channels()) seen.push_back({.channel = channel});
  add_captions(services, seen);
  CHECK(services.size() == watch.channels().size());
  check_captions(services);
}

// Encrypted it is as long as before, and what is said of its bytes adds up.
void check_protected(ByteSpan bytes, const TrackFormat& format) {
  static const KeyRing ring{.keys = {{}}};
  SampleProtector protector(format);
  std::array samples{Sample{.bytes = bytes}};
  const FragmentProtection said = protector.protect(ring, 0, samples);
  CHECK(samples[0].bytes.size() == bytes.size());
  CHECK(said.subsamples.size() == 1 && said.subsamples[0].size() <= kSubsamplesMax);
  std::size_t all = 0;
  for (const Subsample& one : said.subsamples[0]) all += one.clear + std::size_t{one.covered};
  CHECK(all == bytes.size());
}

struct Feed {
  ByteSpan bytes;
  bool has_pts;
  bool has_gap;
  std::int64_t pts;

  template <class Pictures>
  void to_pictures(Pictures& pictures) const {
    for (ByteSpan rest = bytes; !rest.empty();) {
      const CodedPicture picture = pictures.convert(rest);
      CHECK(picture.rest.size() < rest.size());
      rest = picture.rest;
      check_picture(picture, pictures);
    }
  }

  template <class Pictures>
  static void check_picture(const CodedPicture& picture, const Pictures& pictures) {
    if (picture.verdict == PictureVerdict::kContinuation) {
      CHECK(!picture.is_independent && !picture.has_new_format);
      return check_sample(picture.bytes);
    }
    if (picture.verdict != PictureVerdict::kPicture) {
      CHECK(picture.bytes.empty() && !picture.is_independent && !picture.has_new_format);
      return;
    }
    CHECK(!picture.bytes.empty());
    CHECK(!picture.has_new_format || picture.is_independent);
    check_sample(picture.bytes);
    constexpr bool is_h264 = std::is_same_v<Pictures, H264Pictures>;
    check_captions_in(picture.bytes, is_h264 ? CaptionWatch::Units::kH264 : CaptionWatch::Units::kH265);
    CHECK(pictures.format().has_value());
    check_format(*pictures.format());
    check_protected(picture.bytes, *pictures.format());
  }

  template <class Sound>
  void to_sound(Sound& sound) const {
    if (has_gap) sound.handle_gap();
    sound.handle_pes(bytes, has_pts ? std::optional(pts) : std::nullopt);
    std::size_t frames = 0;
    while (const auto frame = sound.poll_frame()) {
      CHECK(!frame->bytes.empty() && frame->bytes.size() <= 256 * 1024);
      CHECK(frame->samples > 0 && frame->samples <= 48'000);
      CHECK(sound.format().has_value());
      check_format(*sound.format());
      // Each of them is at least a byte of what came with this packet or was kept from before.
      CHECK(++frames <= bytes.size() + 8192 + 64);
    }
  }

  void operator()(H264Pictures& pictures) const { to_pictures(pictures); }
  void operator()(H265Pictures& pictures) const { to_pictures(pictures); }
  void operator()(AdtsSound& sound) const { to_sound(sound); }
  void operator()(LatmSound& sound) const { to_sound(sound); }
  void operator()(Ac3Sound& sound) const { to_sound(sound); }
  void operator()(OpusSound& sound) const { to_sound(sound); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteSpan rest = std::as_bytes(std::span(data, size));
  if (rest.empty()) return 0;
  check_captions(parse_caption_services(rest.first(std::min<std::size_t>(rest.size(), 1024))));
  const auto stream_type = std::to_integer<std::uint8_t>(rest[0]);
  rest = rest.subspan(1);
  // Private data says more of itself, within the first 16 bytes.
  const ByteSpan descriptors = rest.first(stream_type == 0x06 ? std::min<std::size_t>(rest.size(), 16) : 0);
  rest = rest.subspan(descriptors.size());
  auto stream = open_elementary_stream(stream_type, descriptors);
  if (!stream) return 0;
  for (std::int64_t pts = 0; rest.size() >= 2; pts += 1800) {
    const std::uint16_t head = load_be16(rest.data());
    const std::size_t bytes = std::min<std::size_t>(head & 0x3FFF, rest.size() - 2);
    const Feed feed{rest.subspan(2, bytes), (head & 0x8000) != 0, (head & 0x4000) != 0, pts};
    std::visit(feed, *stream);
    rest = rest.subspan(2 + bytes);
  }
  return 0;
}
