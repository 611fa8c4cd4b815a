// Reads boxes back, for the tests: the tree of them as a line of text, and the body of one by its path.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

struct ReadBox {
  std::string type;
  ByteSpan body;
};

inline std::vector<ReadBox> boxes_in(ByteSpan bytes) {
  std::vector<ReadBox> boxes;
  while (bytes.size() >= 8) {
    const std::size_t size = load_be32(bytes.data());
    if (size < 8 || size > bytes.size()) break;
    boxes.push_back({std::string(reinterpret_cast<const char*>(bytes.data()) + 4, 4), bytes.first(size).subspan(8)});
    bytes = bytes.subspan(size);
  }
  EXPECT_TRUE(bytes.empty()) << bytes.size() << " bytes are of no box";
  return boxes;
}

// What stands before the first box within.
inline std::size_t fields_before_boxes(std::string_view type) {
  for (const char* plain : {"moov", "trak", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf", "sinf", "schi"})
    if (type == plain) return 0;
  if (type == "stsd" || type == "dref") return 8;
  if (type == "avc1" || type == "hvc1" || type == "encv") return 78;
  if (type == "mp4a" || type == "ac-3" || type == "ec-3" || type == "Opus" || type == "enca") return 28;
  return std::string_view::npos;  // There are none.
}

// "moof{mfhd traf{tfhd tfdt trun}} mdat"
inline std::string tree_of(ByteSpan bytes) {
  std::string tree;
  for (const ReadBox& box : boxes_in(bytes)) {
    if (!tree.empty()) tree += ' ';
    tree += box.type;
    const std::size_t before = fields_before_boxes(box.type);
    if (before != std::string_view::npos) tree += '{' + tree_of(box.body.subspan(before)) + '}';
  }
  return tree;
}

// The body of the first box at "moov/trak/tkhd"; empty when there is none.
inline ByteSpan body_of(ByteSpan bytes, std::string_view path) {
  const std::string_view type = path.substr(0, path.find('/'));
  for (const ReadBox& box : boxes_in(bytes)) {
    if (box.type != type) continue;
    if (type.size() == path.size()) return box.body;
    return body_of(box.body.subspan(fields_before_boxes(type)), path.substr(type.size() + 1));
  }
  ADD_FAILURE() << "no " << path;
  return {};
}

inline std::string hex_of(ByteSpan bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::byte b : bytes) {
    hex += kDigits[std::to_integer<std::size_t>(b >> 4)];
    hex += kDigits[std::to_integer<std::size_t>(b & std::byte{15})];
  }
  return hex;
}

// As it is written in a test: spaces are for the reader.
inline std::string hex_text(std::string_view text) {
  std::string hex;
  for (const char c : text)
    if (c != ' ') hex += c;
  return hex;
}

}  // namespace fanlight::packager

#define EXPECT_HEX(bytes, text) EXPECT_EQ(hex_of(bytes), hex_text(text))
