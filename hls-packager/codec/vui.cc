#include "codec/vui.h"

#include <array>
#include <numeric>

namespace fanlight::packager {

namespace {

struct Ratio {
  std::uint16_t width;
  std::uint16_t height;
};

// Table E-1, by aspect_ratio_idc; 0 is "unspecified".
constexpr std::array<Ratio, 17> kAspectRatios{{{1, 1},
                                               {1, 1},
                                               {12, 11},
                                               {10, 11},
                                               {16, 11},
                                               {40, 33},
                                               {24, 11},
                                               {20, 11},
                                               {32, 11},
                                               {80, 33},
                                               {18, 11},
                                               {15, 11},
                                               {64, 33},
                                               {160, 99},
                                               {4, 3},
                                               {3, 2},
                                               {2, 1}}};
constexpr std::uint32_t kExtendedSar = 255;

Ratio parse_aspect_ratio(BitReader& bits) noexcept {
  const std::uint32_t idc = bits.bits(8);
  if (idc == kExtendedSar) {
    const Ratio ratio{bits.u16(), bits.u16()};
    if (ratio.width != 0 && ratio.height != 0) return ratio;
  }
  return idc < kAspectRatios.size() ? kAspectRatios[idc] : kAspectRatios[0];
}

Colours parse_colours(BitReader& bits) noexcept {
  Colours colours;
  bits.skip(3);  // video_format
  colours.is_full_range = bits.flag();
  if (bits.flag()) {
    colours.primaries = bits.u8();
    colours.transfer = bits.u8();
    colours.matrix = bits.u8();
  }
  return colours;
}

}  // namespace

void parse_vui_head(BitReader& bits, PictureFormat& picture) noexcept {
  if (bits.flag()) {
    const Ratio ratio = parse_aspect_ratio(bits);
    picture.aspect_width = ratio.width;
    picture.aspect_height = ratio.height;
  }
  if (bits.flag()) bits.skip(1);  // overscan
  if (bits.flag()) picture.colours = parse_colours(bits);
  if (bits.flag()) {  // chroma sample locations
    (void)bits.ue();
    (void)bits.ue();
  }
}

std::optional<FrameRate> parse_frame_rate(BitReader& bits, std::uint32_t ticks) noexcept {
  const std::uint32_t units_in_tick = bits.bits(32);
  const std::uint32_t time_scale = bits.bits(32);
  const std::uint64_t seconds = std::uint64_t{units_in_tick} * ticks;
  if (bits.failed() || seconds == 0 || time_scale == 0) return std::nullopt;
  const std::uint64_t common = std::gcd(seconds, std::uint64_t{time_scale});
  if (seconds / common > UINT32_MAX) return std::nullopt;
  return FrameRate{static_cast<std::uint32_t>(time_scale / common), static_cast<std::uint32_t>(seconds / common)};
}

}  // namespace fanlight::packager
