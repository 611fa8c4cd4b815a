// Boxes of ISO/IEC 14496-12, written front to back; a box's size is filled in when its body is through.
//
// The same code writes twice: once into nothing, to learn the size, once into a block of exactly that size
// (write_boxes). So a part is one allocation, nothing is estimated, and running out of room is our bug.
#pragma once

#include <limits>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "cmaf/shared_bytes.h"

namespace fanlight::packager {

// A box's type: four letters, in the order in which they are read.
struct FourCc {
  consteval FourCc(const char (&letters)[5]) {
    for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(letters[i]);
  }
  std::uint32_t value = 0;
};

class BoxWriter {
 public:
  BoxWriter() = default;  // Measures.
  explicit BoxWriter(MutableByteSpan out) : out_(out.data()), size_max_(out.size()) {}

  void u8(std::uint32_t v) {
    if (std::byte* p = claim(1)) *p = std::byte(v);
  }
  void u16(std::uint32_t v) {
    if (std::byte* p = claim(2)) store_be16(p, static_cast<std::uint16_t>(v));
  }
  void u24(std::uint32_t v) {
    u8(v >> 16);
    u16(v);
  }
  void u32(std::uint32_t v) {
    if (std::byte* p = claim(4)) store_be32(p, v);
  }
  void u64(std::uint64_t v) {
    if (std::byte* p = claim(8)) store_be64(p, v);
  }
  void four_cc(FourCc v) { u32(v.value); }
  void bytes(ByteSpan v) {
    if (std::byte* p = claim(v.size()); p != nullptr && !v.empty()) std::memcpy(p, v.data(), v.size());
  }
  void text(std::string_view v) { bytes(std::as_bytes(std::span(v))); }
  void terminated(std::string_view v) {
    text(v);
    u8(0);
  }
  void zeros(std::size_t count) {
    if (std::byte* p = claim(count); p != nullptr && count != 0) std::memset(p, 0, count);
  }

  template <class Body>
  void box(FourCc type, Body&& body) {
    const std::size_t begin = at_;
    u32(0);
    four_cc(type);
    body();
    overwrite_u32(begin, static_cast<std::uint32_t>(at_ - begin));
  }
  // A box with a version and flags before its body.
  template <class Body>
  void full_box(FourCc type, std::uint32_t version, std::uint32_t flags, Body&& body) {
    box(type, [&] {
      u8(version);
      u24(flags);
      body();
    });
  }

  // For what is known later than it is written.
  void overwrite_u32(std::size_t at, std::uint32_t v) {
    CHECK(at + 4 <= at_);
    if (out_ != nullptr) store_be32(out_ + at, v);
  }
  // What is written, or would be.
  [[nodiscard]] std::size_t size() const noexcept { return at_; }

 private:
  std::byte* claim(std::size_t count) {
    CHECK(count <= size_max_ - at_);
    std::byte* p = out_ == nullptr ? nullptr : out_ + at_;
    at_ += count;
    return p;
  }

  std::byte* out_ = nullptr;
  std::size_t size_max_ = std::numeric_limits<std::uint32_t>::max();  // Sizes have 32 bits.
  std::size_t at_ = 0;
};

// `write` takes a BoxWriter& and does the same both times.
template <class Write>
SharedBytes write_boxes(Write&& write) {
  BoxWriter measure;
  write(measure);
  return SharedBytes::filled(measure.size(), [&](MutableByteSpan out) {
    BoxWriter writer(out);
    write(writer);
    CHECK(writer.size() == out.size());
  });
}

}  // namespace fanlight::packager
