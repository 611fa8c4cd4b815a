#pragma once

#include "cmaf/shared_bytes.h"

namespace fanlight::packager {

// A text as it is sent, made once for all who ask.
struct Document {
  SharedBytes plain;
  SharedBytes gzip;
  [[nodiscard]] bool is_empty() const noexcept { return plain.size() == 0; }
  [[nodiscard]] bool is_same_as(const Document& other) const noexcept {
    return plain.span().data() == other.plain.span().data();
  }
};

}  // namespace fanlight::packager
