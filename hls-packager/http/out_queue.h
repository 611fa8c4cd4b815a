// What a connection has still to send, in one order: heads, frames and bodies. Bodies are not copied.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "cmaf/shared_bytes.h"

namespace fanlight::packager {

class OutQueue {
 public:
  // `due`: when it has to have left.
  void push(SharedBytes bytes, Instant due) {
    const ByteSpan whole = bytes.span();
    push(std::move(bytes), whole, due);
  }
  // `part` is of `holder`, or of static life.
  void push(SharedBytes holder, ByteSpan part, Instant due) {
    if (part.empty()) return;
    size_ += part.size();
    pieces_.push_back({std::move(holder), part, due});
  }
  void push_text(std::string_view text, Instant due) { push(SharedBytes::copy_of(text), due); }

  // Fills `out` from the front; answers how many.
  [[nodiscard]] std::size_t fill(std::span<iovec> out) const noexcept {
    const std::size_t count = std::min(out.size(), pieces_.size() - first_);
    for (std::size_t i = 0; i < count; ++i) {
      const ByteSpan rest = pieces_[first_ + i].rest;
      out[i] = {const_cast<std::byte*>(rest.data()), rest.size()};
    }
    return count;
  }
  // As much of the front as is in one piece.
  [[nodiscard]] ByteSpan front() const noexcept { return is_empty() ? ByteSpan{} : pieces_[first_].rest; }
  // From the front on, over pieces; answers how many bytes.
  [[nodiscard]] std::size_t copy(MutableByteSpan to) const noexcept {
    std::size_t at = 0;
    for (std::size_t i = first_; i < pieces_.size() && at < to.size(); ++i) {
      const std::size_t now = std::min(to.size() - at, pieces_[i].rest.size());
      std::memcpy(to.data() + at, pieces_[i].rest.data(), now);
      at += now;
    }
    return at;
  }

  // `count` bytes of the front are on their way.
  void consume(std::size_t count) noexcept {
    size_ -= count;
    while (count > 0) {
      Piece& piece = pieces_[first_];
      const std::size_t now = std::min(count, piece.rest.size());
      piece.rest = piece.rest.subspan(now);
      count -= now;
      if (!piece.rest.empty()) return;
      piece.holder = {};
      ++first_;
    }
    if (is_empty()) clear();
  }
  void clear() noexcept {
    pieces_.clear();
    if (pieces_.capacity() > kKeptPieces) pieces_.shrink_to_fit();
    first_ = size_ = 0;
  }

  [[nodiscard]] bool is_empty() const noexcept { return first_ == pieces_.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // When the front has to have left.
  [[nodiscard]] Instant due() const noexcept { return is_empty() ? Instant::never() : pieces_[first_].due; }

 private:
  struct Piece {
    SharedBytes holder;
    ByteSpan rest;
    Instant due;
  };
  static constexpr std::size_t kKeptPieces = 16;  // Of an idle connection.

  std::vector<Piece> pieces_;
  std::size_t first_ = 0;  // Those before it have left.
  std::size_t size_ = 0;   // Bytes.
};

}  // namespace fanlight::packager
