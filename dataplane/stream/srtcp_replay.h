// Which SRTCP of a destination's receiver was heard already: what was recorded once says nothing a second time, BYE
// above all. Stricter than RFC 3711 §3.3.2 asks: reports come seconds apart, so one that was overtaken is let go.
#pragma once

#include <cstdint>

namespace fanlight {

class SrtcpReplay {
 public:
  // `is_vacant`: the receiver that was heard last is silent or has left, so that another may have come.
  [[nodiscard]] bool is_fresh(std::uint32_t receiver, std::uint32_t index, bool is_vacant) const noexcept {
    if (receiver == receiver_ || next_ == 0) return index >= next_;
    return is_vacant;
  }
  void note(std::uint32_t receiver, std::uint32_t index) noexcept {
    receiver_ = receiver;
    next_ = index + 1;
  }

 private:
  std::uint32_t receiver_ = 0;
  std::uint32_t next_ = 0;  // Least index that is new. 0: nobody was heard.
};

}  // namespace fanlight
