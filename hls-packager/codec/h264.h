// H.264 from an elementary stream to samples of an `avc1` track: ISO/IEC 14496-10 §7.3, ISO/IEC 14496-15 §5.
//
// The format is judged at each IDR: the set of the sequence it refers to, and the sets of pictures that go with that
// one, byte by byte. One sequence's sets are enough for the record, since only an IDR can change over to another.
#pragma once

#include <optional>
#include <vector>

#include "codec/access_unit.h"
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
  // The first access unit of `annex_b`. Also both fields of a frame at once.
  [[nodiscard]] CodedPicture convert(ByteSpan annex_b);
  // Of a NAL unit, by its first three bytes.
  [[nodiscard]] static UnitRole role_of(ByteSpan unit) noexcept;

  // As of the newest IDR.
  [[nodiscard]] const std::optional<TrackFormat>& format() const noexcept { return format_; }

 private:
  struct Pps {
    std::uint32_t sps_id;
  };
  // What tells slices of one picture from the next one's, §7.4.1.2.4.
  struct SliceHead {
    bool is_first = false;
    bool is_idr = false;
    bool is_reference = false;
    std::uint32_t sps_id = 0;
    std::uint32_t frame_number = 0;
    std::uint32_t idr_id = 0;
    std::uint32_t picture_order = 0;  // As far as the header says it.
    PictureStructure structure = PictureStructure::kFrame;
    [[nodiscard]] bool is_of_same_picture(const SliceHead& other) const noexcept;
  };
  using SpsSet = ParameterSets<H264Sps>::Set;

  [[nodiscard]] bool begins_picture(ByteSpan slice, bool is_behind_openings);
  void take_unit(ByteSpan unit, CodedPicture& picture);
  void take_sps(ByteSpan unit);
  void take_pps(ByteSpan unit);
  void take_slice(ByteSpan unit, CodedPicture& picture);
  void begin_picture(CodedPicture& picture);
  void adopt_format(const SpsSet& sps, std::uint32_t sps_id, CodedPicture& picture);
  void append_unrecorded_sets();
  [[nodiscard]] std::optional<SliceHead> parse_slice(ByteSpan unit) const;

  ParameterSets<H264Sps> sps_;
  ParameterSets<Pps> pps_;
  std::vector<std::vector<std::byte>> recorded_;  // The sets that the format was made from.
  std::optional<TrackFormat> format_;
  std::optional<SliceHead> head_{};       // Of the newest slice; empty: it cannot be read.
  std::optional<SliceHead> last_head_{};  // Of the one before.
  bool is_in_picture_ = false;            // That one's picture is a sample.
  bool has_both_fields_ = false;          // The picture under way.
  bool is_delimited_ = false;             // A delimiter was in front.
  std::vector<ByteSpan> new_sets_;        // Of this access unit, not yet in the sample.
  std::vector<std::byte> sample_;
};

}  // namespace fanlight::packager
