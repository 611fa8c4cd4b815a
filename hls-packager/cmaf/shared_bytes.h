// Bytes that are written once and then only read, by as many holders as like, on any thread.
//
// A `shared_ptr` to an array rather than to a vector: bytes and count of holders are one allocation, and the bytes are
// not zeroed before they are written. A holder is counted when it is made and when it goes, not when it is read.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace fanlight::packager {

class SharedBytes {
 public:
  SharedBytes() = default;
  // `write` is given `size` bytes to fill, which hold anything.
  template <class Write>
  static SharedBytes filled(std::size_t size, Write&& write) {
    auto bytes = std::make_shared_for_overwrite<std::byte[]>(size);
    std::forward<Write>(write)(MutableByteSpan(bytes.get(), size));
    return SharedBytes{std::move(bytes), size};
  }

  static SharedBytes copy_of(ByteSpan bytes) {
    return filled(bytes.size(), [&](MutableByteSpan to) { std::ranges::copy(bytes, to.begin()); });
  }
  static SharedBytes copy_of(std::string_view text) { return copy_of(std::as_bytes(std::span(text))); }

  [[nodiscard]] ByteSpan span() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  SharedBytes(std::shared_ptr<const std::byte[]> bytes, std::size_t size) : bytes_(std::move(bytes)), size_(size) {}

  std::shared_ptr<const std::byte[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace fanlight::packager
