// What the workers' links on one device tell each other of neighbours: a short copy of each ARP and NDP frame that one
// of them judged, and of routers' questions about groups for worker 0, through a ring for each ordered pair, so each
// ring has one writer and one reader. A full ring is an answer: that copy is lost and counted, and its taker asks the
// neighbour by itself.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/spsc_ring.h"

namespace fanlight::io {

// A frame up to the end of its message: ARP takes 42 bytes, NDP with an address and a nonce 94, a question about an
// IPv6 group 90 and each source 16 more.
struct NeighbourFrame {
  static constexpr std::size_t kBytesMax = 126;
  std::uint16_t size = 0;
  std::array<std::byte, kBytesMax> bytes;
  [[nodiscard]] ByteSpan span() const noexcept { return ByteSpan{bytes}.first(size); }
};

class NeighbourNews {
 public:
  explicit NeighbourNews(std::size_t workers) : workers_(workers) {
    const std::size_t slots = std::bit_floor(std::clamp<std::size_t>(1024 / workers, 16, 256));
    for (std::size_t i = 0; i < workers * workers; ++i)
      rings_.push_back(i / workers == i % workers ? nullptr : std::make_unique<SpscRing<NeighbourFrame>>(slots));
  }

  // Thread of worker `from`. Answers how many of the others will not hear of it.
  [[nodiscard]] std::size_t tell(std::size_t from, ByteSpan frame) noexcept {
    if (frame.size() > NeighbourFrame::kBytesMax) return workers_ - 1;
    NeighbourFrame copy{.size = static_cast<std::uint16_t>(frame.size()), .bytes = {}};
    std::copy(frame.begin(), frame.end(), copy.bytes.begin());
    std::size_t lost = 0;
    for (std::size_t to = 0; to < workers_; ++to)
      if (to != from && !rings_[from * workers_ + to]->try_push(NeighbourFrame{copy})) ++lost;
    return lost;
  }

  // Thread of worker `to`. Hands what the others told to `hear(ByteSpan)`, a few from each at most.
  template <class Hear>
  void listen(std::size_t to, Hear&& hear) noexcept {
    constexpr std::size_t kAtOnce = 16;
    NeighbourFrame frame;
    for (std::size_t from = 0; from < workers_; ++from) {
      if (from == to) continue;
      SpscRing<NeighbourFrame>& ring = *rings_[from * workers_ + to];
      for (std::size_t i = 0; i < kAtOnce && ring.try_pop(frame); ++i) hear(frame.span());
    }
  }

 private:
  std::size_t workers_;
  std::vector<std::unique_ptr<SpscRing<NeighbourFrame>>> rings_;  // By teller, then hearer.
};

}  // namespace fanlight::io
