// How long the headers of H.264's slices are, §7.3.3: what is encrypted begins behind them. Knows the parameter sets
// that it is handed.
#pragma once

#include <cstdint>
#include <optional>

#include "codec/bit_reader.h"
#include "codec/h264_sps.h"
#include "codec/parameter_sets.h"

namespace fanlight::packager {

// A picture parameter set, §7.3.2.2: what slice headers depend on.
struct H264Pps {
  std::uint32_t sps_id = 0;
  bool has_cabac = false;
  bool has_field_orders = false;  // bottom_field_pic_order_in_frame_present_flag
  std::uint32_t references[2] = {1, 1};
  bool is_weighted = false;
  std::uint32_t weighted_bipred = 0;
  bool has_deblocking = false;
  bool has_redundant = false;
};

class H264SliceHeaders {
 public:
  // NAL units with their headers. Other units than sets, and sets that cannot be read, are passed over.
  void take_set(ByteSpan unit);
  // Bytes from the NAL header to where the slice's data begins, a byte begun counted whole, with their emulation
  // prevention. Empty: not a slice of which that can be told.
  [[nodiscard]] std::optional<std::size_t> size_of(ByteSpan unit) const;

 private:
  struct Slice;
  void take_pps(ByteSpan unit);
  [[nodiscard]] static bool parse(BitReader& bits, const H264Sps& sps, const H264Pps& pps, Slice& slice);

  ParameterSets<H264Sps> sps_;
  ParameterSets<H264Pps> pps_;
};

}  // namespace fanlight::packager
