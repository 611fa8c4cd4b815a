// H.265 from an elementary stream to samples of an `hvc1` track: ITU-T H.265 §7.3, ISO/IEC 14496-15 §8.
//
// As H.264 (h264.h): the format is judged at each IDR, from the three sets that it refers to. A CRA opens a sequence as
// well, but the pictures that follow it in decoding order and precede it in time cannot be decoded from there: a player
// that starts or switches at one shows a hole. It counts as dependent, and is a sample like any other. Layers above the
// base layer (nuh_layer_id) are left out.
#pragma once

#include <optional>
#include <vector>

#include "codec/access_unit.h"
#include "codec/coded_picture.h"
#include "codec/h265_sps.h"
#include "codec/parameter_sets.h"
#include "codec/track_format.h"

namespace fanlight::packager {

struct H265Pps {
  std::uint32_t sps_id = 0;
  bool has_tiles = false;
  bool has_wavefront = false;  // entropy_coding_sync_enabled_flag
};

// The NAL units a record is made of; at most 64 picture sets.
struct H265Sets {
  std::vector<std::byte> vps;
  std::vector<std::byte> sps;
  std::vector<std::vector<std::byte>> pps;
  friend bool operator==(const H265Sets&, const H265Sets&) = default;
};

// HEVCDecoderConfigurationRecord, 14496-15 §8.3.3.1. `parallelism`: 0 unknown or mixed, 1 slices, 2 tiles, 3 wavefront.
[[nodiscard]] std::vector<std::byte> write_hvcc(const H265Sps& sps, std::uint8_t parallelism, const H265Sets& sets);

class H265Pictures {
 public:
  // The first access unit of `annex_b`.
  [[nodiscard]] CodedPicture convert(ByteSpan annex_b);
  // Of a NAL unit, by its first three bytes.
  [[nodiscard]] static UnitRole role_of(ByteSpan unit) noexcept;

  // As of the newest IDR.
  [[nodiscard]] const std::optional<TrackFormat>& format() const noexcept { return format_; }

 private:
  struct Vps {};

  void take_unit(ByteSpan unit, CodedPicture& picture);
  void take_vps(ByteSpan unit);
  void take_sps(ByteSpan unit);
  void take_pps(ByteSpan unit);
  void take_slice(ByteSpan unit, std::uint8_t type, CodedPicture& picture);
  void begin_picture(ByteSpan unit, std::uint8_t type, CodedPicture& picture);
  void adopt_format(std::uint32_t sps_id, CodedPicture& picture);
  void append_unrecorded_sets();
  [[nodiscard]] bool is_recorded(ByteSpan set) const;

  ParameterSets<Vps> vps_;
  ParameterSets<H265Sps> sps_;
  ParameterSets<H265Pps> pps_;
  H265Sets recorded_;  // What the format was made from.
  std::optional<TrackFormat> format_;
  bool is_in_picture_ = false;      // The newest slice's picture is a sample.
  bool is_delimited_ = false;       // A delimiter was in front.
  std::vector<ByteSpan> new_sets_;  // Of this access unit, not yet in the sample.
  std::vector<std::byte> sample_;
};

}  // namespace fanlight::packager
