// CONCLUSION responses, kept as long as a copy of the request may come: until the caller has been heard (srt-wire
// §2.3). A round of places for all sessions of the worker. Who opens takes the next place whose session needs it no
// longer; when a whole search finds none, the oldest response it looked at is forgotten: that caller, if it is there at
// all, gets no second copy and calls again.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/near.h"
#include "base/strong.h"
#include "contract/limits.h"

namespace fanlight {

struct Response {
  SocketId socket;  // Whose it is; 0: nobody's.
  NearInstant last_said;
  std::uint16_t bytes = 0;
  std::array<std::byte, kResponseBytesMax> datagram;
  [[nodiscard]] MutableByteSpan content() noexcept { return std::span(datagram).first(bytes); }
};
static_assert(sizeof(Response) <= 204);

class Responses {
 public:
  static constexpr std::size_t kSearch = 64;
  explicit Responses(std::size_t sessions_max) : places_(std::max(kSearch, sessions_max / 16)) {}

  struct Kept {
    std::uint32_t place = 0;
    bool has_forgotten = false;  // Somebody who may still have needed it.
  };
  // `is_needed`: whether that session waits to be heard.
  template <class F>
  [[nodiscard]] Kept keep(SocketId socket, ByteSpan datagram, F&& is_needed) noexcept {
    Kept kept{next_, true};
    for (std::size_t i = 0; i < kSearch && kept.has_forgotten; ++i) {
      const std::uint32_t place = next_;
      next_ = place + 1 == places_.size() ? 0 : place + 1;
      if (places_[place].socket == SocketId{} || !is_needed(places_[place].socket)) kept = {place, false};
    }
    if (kept.has_forgotten) next_ = kept.place + 1 == places_.size() ? 0 : kept.place + 1;
    Response& response = places_[kept.place];
    response.socket = socket;
    response.bytes = static_cast<std::uint16_t>(datagram.size());
    std::copy(datagram.begin(), datagram.end(), response.datagram.begin());
    return kept;
  }
  // Null when it is kept no longer.
  [[nodiscard]] Response* find(SocketId socket, std::uint32_t place) noexcept {
    return place < places_.size() && places_[place].socket == socket ? &places_[place] : nullptr;
  }
  [[nodiscard]] std::size_t places() const noexcept { return places_.size(); }

 private:
  std::vector<Response> places_;
  std::uint32_t next_ = 0;
};

}  // namespace fanlight
