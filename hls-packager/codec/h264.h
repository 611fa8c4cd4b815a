// H.264 from an elementary stream to samples of an `avc1` track: ISO/IEC 14496-10 §7.3, ISO/IEC 14496-15 §5.
//
// The format is judged at each IDR: the set of the sequence it refers to, and the sets of pictures that go with that
// one, byte by byte. One sequence's sets are enough for the record, since only an IDR can change over to another.
#pragma once

#include <optional>
#include <vector>

#include "codec/coded_picture.h"
#include "codec/h264_sps.h"
#include "codec/parameter_sets.h"
#include "codec/track_format.h"

namespace fanlight::packager {

// AVCDecoderConfigurationRecord, 14496-15 §5.3.3.1. `sps_unit` is what `sps` was read from; at most 255 picture sets.
[[nodiscard]] std::vector<std::byte> write_avcc(const H264Sps& sps, ByteSpan sps_unit,
                                                const std::vector<std::vector<std::byte>>& pps_units);

class H264Pictures {
 public:
  // One access unit, Annex B. Also both fields of a frame at once.
  [[nodiscard]] CodedPicture convert(ByteSpan access_unit);

  // As of the newest IDR.
  [[nodiscard]] const std::optional<TrackFormat>& format() const noexcept { return format_; }

 private:
  struct Pps {
    std::uint32_t sps_id;
  };
  struct SliceHead;
  using SpsSet = ParameterSets<H264Sps>::Set;

  void take_unit(ByteSpan unit, CodedPicture& picture);
  void take_sps(ByteSpan unit);
  void take_pps(ByteSpan unit);
  void take_slice(ByteSpan unit, CodedPicture& picture);
  void begin_picture(const SliceHead& head, CodedPicture& picture);
  void adopt_format(const SpsSet& sps, std::uint32_t sps_id, CodedPicture& picture);
  void append_unrecorded_sets();
  [[nodiscard]] std::optional<SliceHead> parse_slice(ByteSpan unit) const;

  ParameterSets<H264Sps> sps_;
  ParameterSets<Pps> pps_;
  std::vector<std::vector<std::byte>> recorded_;  // The sets that the format was made from.
  std::optional<TrackFormat> format_;
  std::vector<ByteSpan> new_sets_;  // Of this access unit, not yet in the sample.
  std::vector<std::byte> sample_;
};

}  // namespace fanlight::packager
