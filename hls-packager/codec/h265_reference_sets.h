// Short-term reference picture sets of H.265, §7.3.7: which pictures before and after one it may refer to. And scaling
// lists, §7.3.4, which stand beside them in parameter sets and are nobody's affair here.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/bit_reader.h"

namespace fanlight::packager {

struct H265ReferenceSet {
  struct Picture {
    std::int32_t distance = 0;  // In picture order from the one that refers to it; not 0.
    bool is_used = false;       // By that one itself; otherwise it is kept for later ones.
    friend bool operator==(const Picture&, const Picture&) = default;
  };
  std::vector<Picture> before{};  // The nearest first, as are those after.
  std::vector<Picture> after{};
  friend bool operator==(const H265ReferenceSet&, const H265ReferenceSet&) = default;
};

// The one behind `listed`, from which it may be predicted: in a sequence's set, or in a slice header. More pictures
// than there may be fail the reader.
[[nodiscard]] H265ReferenceSet parse_reference_set(BitReader& bits, const std::vector<H265ReferenceSet>& listed,
                                                   bool is_in_slice);

void skip_scaling_lists(BitReader& bits) noexcept;

}  // namespace fanlight::packager
