// The first bytes of slices that x264 and x265 wrote (ffmpeg's test source), the parameter sets that they go by, and
// how long ffmpeg's trace_headers says their headers are.
#pragma once

#include <cstddef>
#include <string_view>

namespace fanlight::packager {

struct SliceFixture {
  struct Slice {
    std::string_view unit;
    std::size_t header = 0;
  };
  std::string_view sets[2];
  Slice slices[5];
};

inline constexpr SliceFixture kH264Weighted{
    .sets = {"6764000dacd9c1419f9f0110000003001000000303c0f14299e0", "68e9b8f2c8b0"},
    .slices = {{"6588840047dadcc57a", 5},
               {"4107a6bb8d420b6b64ca600a363bfff063220b", 15},
               {"6507a2210019ff48ceffe5", 7},
               {"419a246c457fb7d05d97", 6},
               {"41016a6891b11dfffaa25e4d", 8}}};

inline constexpr SliceFixture kH264Interlaced{
    .sets = {"67640015acd941433f260220000003002000000783e28532c0", "68f928f2c8b0"},
    .slices = {{"6588820b027ff6f5b17c", 6},
               {"419a4fdbd2d928a96bffa65a6935", 10},
               {"419fcb5ee5152c21ffc2f8e000", 9},
               {"419e615ea53d7f66073ff0", 7},
               {"419a82dde96888ff5566531f", 8}}};

inline constexpr SliceFixture kH264Baseline{
    .sets = {"6742c00dd901419f9f0110000003001000000303c0f142a480", "68cb83cb20"},
    .slices = {{"6588845f1088ab83", 4},
               {"65014222102fc462800091", 7},
               {"6502888840bf118a0002", 6},
               {"419b2021cbe1cc00d2", 5}}};

inline constexpr SliceFixture kH265Slices{
    .sets = {"42010101600000030090000003000003003ca00a080b9f796666924caf016808000003000800000300f040",
             "4401c172b64240"},
    .slices = {{"2801af0860f929e3ff", 5},
               {"02015608225f5f70ca406c1b03140c5c262018c18d84b0ad8a6170", 23},
               {"0201d8097e10c0f99cb556", 7},
               {"0201d011ffd59a8502b07102058430fd91ac25", 15},
               {"0201d030927fdcd900f40fc0808081610c5b518704", 17}}};

inline constexpr SliceFixture kH265Wavefront{
    .sets = {"42010101600000030090000003000003003ca00a080b9f796566abcaf0168080000003008000000f04", "4401c173d1c489"},
    .slices = {{"2801af08460acbcee5711934cc21b0e751c7703ec06e5f8f", 20},
               {"0201d0d0b7d57dc43018423048ec7e2606838301459404ca3c80fa9fbf2d", 26},
               {"0201d0294be10c6100c131164ae89c240f8716b050200a0bc3db4f", 23},
               {"0201e0649d786120c10325452120c060c6d1c0807033fcf685", 21},
               {"0201d0409757f710c06100c12723eb283c261006197030280efa9fc190", 25}}};

inline constexpr SliceFixture kH265Weighted{
    .sets = {"4201010408000003009d0800000300003cb00a080b9f2b659d9a4932bc05a020000003002000000303c1", "4401c176896624"},
    .slices = {{"2801af08595e88f928fbff", 7},
               {"0201e1632555555f2c328407092222c598494ed84ac447a640fee29fb3", 25},
               {"0201e20325d5557cb0ca101473108b3a3b3b612311273feb727ba5", 23},
               {"0201d8097e10b3bf5df97c8141", 9},
               {"0201d029c9fd632040083610313a0524307e7ca7", 16}}};

}  // namespace fanlight::packager
