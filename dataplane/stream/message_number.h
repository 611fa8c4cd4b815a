// Message numbers run with positions and never are 0, which would mean a packet-filter packet (srt-wire §6.5).
#pragma once

#include <cstdint>

#include "base/seq.h"
#include "wire/srt_header.h"

namespace fanlight {

constexpr std::uint32_t message_number_of(PacketPos pos) {
  return static_cast<std::uint32_t>(pos.value % wire::kMessageNumberMask) + 1;
}

}  // namespace fanlight
