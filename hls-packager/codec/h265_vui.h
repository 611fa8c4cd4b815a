// Video usability information of H.265, §E.2.1, with the hypothetical decoder's parameters that stand in its midst.
#pragma once

#include "codec/h265_sps.h"
#include "codec/vui.h"

namespace fanlight::packager {

void parse_h265_vui(BitReader& bits, H265Sps& sps) noexcept;

}  // namespace fanlight::packager
