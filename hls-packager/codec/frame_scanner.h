// Cuts a stream of sound into frames, for those codecs whose frames begin with a sync word and say how long they are.
// PES packets know nothing of frames: one may hold several, and a frame may lie across two.
//
// In step, a frame is taken as soon as its last byte is there: waiting for the next sync word would cost a frame of
// delay. Out of step (at the beginning, behind garbage or a gap) a sync word may be chance, so what follows the frame
// has to look like one as well, as far as it is there.
//
// Bounded: between two PES packets less than one frame is kept, and a frame's length has at most 13 bits.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

// Measure: ByteSpan of at least head_bytes -> std::size_t, the bytes of the frame that begins there, 0 when none does.
class FrameScanner {
 public:
  explicit FrameScanner(std::size_t head_bytes) noexcept : head_bytes_(head_bytes) {}

  struct Frame {
    ByteSpan bytes;  // Until the next handle_pes().
    std::optional<std::int64_t> pts;
  };

  void handle_pes(ByteSpan payload, std::optional<std::int64_t> pts);
  // What is kept has lost its end.
  void handle_gap();

  template <class Measure>
  [[nodiscard]] std::optional<Frame> poll_frame(Measure measure) {
    while (rest().size() >= head_bytes_) {
      const std::size_t bytes = measure(rest());
      if (bytes != 0 && bytes > rest().size()) return std::nullopt;
      if (bytes < head_bytes_ || !(in_step_ || is_followed(bytes, measure))) {
        in_step_ = false;
        ++at_;
        ++garbage_bytes_;
        continue;
      }
      in_step_ = true;
      return take(bytes);
    }
    return std::nullopt;
  }
  // What begins behind the frames polled so far. Nothing is known of what has not come.
  [[nodiscard]] ByteSpan rest() const noexcept { return ByteSpan(bytes_).subspan(at_); }
  [[nodiscard]] std::uint64_t garbage_bytes() const noexcept { return garbage_bytes_; }

 private:
  struct Mark {
    std::size_t at;  // Where in `bytes_` its PES packet begins, or 0 when before.
    std::optional<std::int64_t> pts;
  };
  template <class Measure>
  [[nodiscard]] bool is_followed(std::size_t bytes, Measure measure) const {
    const ByteSpan next = rest().subspan(bytes);
    return next.size() < head_bytes_ || measure(next) != 0;
  }
  [[nodiscard]] Frame take(std::size_t bytes);

  std::size_t head_bytes_;
  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
  // Of PES packets in which no frame has started yet, in their order. At most one begins before what is kept.
  std::deque<Mark> marks_;
  bool in_step_ = false;
  std::uint64_t garbage_bytes_ = 0;
};

}  // namespace fanlight::packager
