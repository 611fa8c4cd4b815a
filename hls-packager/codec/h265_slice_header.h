// How long the headers of H.265's slices are, §7.3.6: what is encrypted begins behind them. Knows the parameter sets
// that it is handed.
#pragma once

#include <cstdint>
#include <optional>

#include "codec/bit_reader.h"
#include "codec/h265_sps.h"
#include "codec/parameter_sets.h"

namespace fanlight::packager {

// A picture parameter set, §7.3.2.3: what slice headers depend on.
struct H265SlicePps {
  std::uint32_t sps_id = 0;
  bool has_dependent_slices = false;
  bool says_output = false;
  std::uint32_t extra_bits = 0;
  bool has_cabac_init = false;
  std::uint32_t references[2] = {1, 1};
  bool has_chroma_offsets = false;
  bool is_weighted = false;
  bool is_weighted_both_ways = false;
  bool has_entry_points = false;
  bool filters_across_slices = false;
  bool may_override_deblocking = false;
  bool is_deblocking_off = false;
  bool may_modify_lists = false;
  bool has_extension = false;
  bool has_chroma_offset_lists = false;
};

class H265SliceHeaders {
 public:
  // NAL units with their headers. Other units than sets, and sets that cannot be read, are passed over.
  void take_set(ByteSpan unit);
  // Bytes from the NAL header to where the slice's data begins, with their emulation prevention. Empty: not a slice of
  // which that can be told.
  [[nodiscard]] std::optional<std::size_t> size_of(ByteSpan unit) const;

 private:
  ParameterSets<H265Sps> sps_;
  ParameterSets<H265SlicePps> pps_;
};

}  // namespace fanlight::packager
