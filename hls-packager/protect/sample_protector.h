// Encrypts the samples of a track, once, before they are written into a fragment. Of pictures the slices' data behind
// their headers, in whole blocks; lengths, headers and all other NAL units stay in the clear, as players read them
// before they decrypt. ISO/IEC 23001-7 §9.5, ISO/IEC 23000-19 §8.2
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "cmaf/protection.h"
#include "cmaf/sample.h"
#include "codec/h264_slice_header.h"
#include "codec/h265_slice_header.h"
#include "codec/track_format.h"
#include "protect/key_ring.h"

namespace fanlight::packager {

class SampleProtector {
 public:
  // The format's record has the parameter sets that slices go by, but for those within samples.
  explicit SampleProtector(const TrackFormat& format);

  // Encrypts copies, to which `samples` point from then on, until the next call; says what a fragment has to say.
  [[nodiscard]] FragmentProtection protect(const KeyRing& ring, std::size_t slot, std::span<Sample> samples);

  // Slices that stayed in the clear: their header cannot be read, or the picture has more than can be said.
  [[nodiscard]] std::uint64_t slices_left_clear() const noexcept { return slices_left_clear_; }

 private:
  using Headers = std::variant<std::monostate, H264SliceHeaders, H265SliceHeaders>;

  [[nodiscard]] std::size_t data_of(ByteSpan unit);
  [[nodiscard]] std::vector<Subsample> split(ByteSpan sample);

  Headers headers_;
  std::vector<std::byte> bytes_;
  std::uint64_t slices_left_clear_ = 0;
};

}  // namespace fanlight::packager
