// A number with a meaning. Two tags never mix; the bare value needs .raw().
#pragma once

#include <compare>
#include <cstdint>

namespace fanlight {

template <class Tag, class Rep>
class Strong {
 public:
  constexpr Strong() = default;
  constexpr explicit Strong(Rep raw) : raw_(raw) {}
  [[nodiscard]] constexpr Rep raw() const { return raw_; }
  friend constexpr auto operator<=>(Strong, Strong) = default;

 private:
  Rep raw_{};
};

// An SRT socket ID as it travels in a packet header. Ours have bits 31 and 30 clear (bit 30 marks groups).
using SocketId = Strong<struct SocketIdTag, std::uint32_t>;

// Where a stream stands in a worker's table. Given by control, valid until the worker reports the stream retired.
using StreamIndex = Strong<struct StreamIndexTag, std::uint16_t>;

}  // namespace fanlight
