// Finds the first picture in the bytes of a video access unit: H.264 §7.3.1, Annex B; H.265 §7.3.1.2, Annex B.
//
//   00 00 01 | header | ...      a start code and the unit's header: its type says slice, parameter set, SEI ...
//
// Bytes come in pieces, cut anywhere: a start code may lie across two TS packets.
#pragma once

#include <cstdint>

#include "wire/ts_packet.h"

namespace fanlight::wire {

enum class FirstPicture : std::uint8_t {
  kUnseen,  // Not in the bytes so far.
  kAccess,  // It can be decoded by itself: IDR, or H.265's IRAP.
  kOther,
};

class PictureFinder {
 public:
  constexpr explicit PictureFinder(TsCodec codec) noexcept : codec_(codec) {}

  constexpr FirstPicture look_at(ByteSpan bytes) noexcept {
    for (const std::byte byte : bytes) {
      const bool is_header = (window_ & 0xFF'FFFF) == 0x00'0001;
      window_ = (window_ << 8) | std::to_integer<std::uint32_t>(byte);
      if (!is_header) continue;
      const FirstPicture seen = judge(std::to_integer<unsigned>(byte));
      if (seen != FirstPicture::kUnseen) return seen;
    }
    return FirstPicture::kUnseen;
  }

 private:
  [[nodiscard]] constexpr FirstPicture judge(unsigned header) const noexcept {
    if (codec_ == TsCodec::kH264) {
      const unsigned type = header & 0x1F;
      if (type == 5) return FirstPicture::kAccess;
      return type >= 1 && type <= 4 ? FirstPicture::kOther : FirstPicture::kUnseen;
    }
    const unsigned type = (header >> 1) & 0x3F;
    if (type >= 16 && type <= 23) return FirstPicture::kAccess;
    return type < 16 ? FirstPicture::kOther : FirstPicture::kUnseen;
  }
  TsCodec codec_;
  std::uint32_t window_ = 0xFFFF'FFFF;  // The last four bytes.
};

}  // namespace fanlight::wire
