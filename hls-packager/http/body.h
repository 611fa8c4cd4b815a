// A body, or the range of it that is wanted, into a queue.
#pragma once

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/message.h"
#include "http/out_queue.h"

namespace fanlight::packager {

// Takes up to `size_max` bytes off the body's front.
inline void take_from_body(HttpBody& body, std::size_t& piece, std::size_t size_max, Instant due, OutQueue& out) {
  while (size_max > 0 && body.size > 0) {
    CHECK(piece < body.pieces.size());  // A body has what its range says.
    SharedBytes& bytes = body.pieces[piece];
    if (body.offset >= bytes.size()) {
      body.offset -= bytes.size();
      bytes = {};
      ++piece;
      continue;
    }
    const std::size_t rest = bytes.size() - static_cast<std::size_t>(body.offset);
    const std::size_t taken = std::min({rest, size_max, static_cast<std::size_t>(body.size)});
    out.push(bytes, bytes.span().subspan(static_cast<std::size_t>(body.offset), taken), due);
    body.offset += taken;
    body.size -= taken;
    size_max -= taken;
  }
}

inline void push_body(HttpBody&& body, Instant due, OutQueue& out) {
  std::size_t piece = 0;
  take_from_body(body, piece, static_cast<std::size_t>(body.size), due, out);
}

}  // namespace fanlight::packager
