// For tests: sections of SCTE 35 made by hand.
#pragma once

#include <optional>

#include "ts/test_ts.h"

namespace fanlight::packager::test {

inline const Bytes kCueDescriptor = bytes_of({5, 4, 'C', 'U', 'E', 'I'});

inline void append_33(Bytes& to, int above, std::uint64_t value) {
  to.push_back(static_cast<std::byte>(above | static_cast<int>(value >> 32 & 1)));
  to.resize(to.size() + 4);
  store_be32(to.data() + to.size() - 4, static_cast<std::uint32_t>(value));
}
inline void append_32(Bytes& to, std::uint32_t value) {
  to.resize(to.size() + 4);
  store_be32(to.data() + to.size() - 4, value);
}

struct SpliceWords {
  int command = 5;
  Bytes body{};
  Bytes descriptors{};
  std::uint64_t adjustment = 0;
  bool is_encrypted = false;
  int version = 0;
  int length = -1;  // Of the command, as it says; -1: as it is.
};

inline Bytes splice_section(const SpliceWords& words) {
  const std::size_t length = 11 + words.body.size() + 2 + words.descriptors.size() + 4;
  Bytes section =
      bytes_of({0xFC, 0x30 | static_cast<int>(length >> 8), static_cast<int>(length & 0xFF), words.version});
  append_33(section, words.is_encrypted ? 0x80 : 0, words.adjustment);
  const int command = words.length < 0 ? static_cast<int>(words.body.size()) : words.length;
  append(section, bytes_of({0, 0xFF, 0xF0 | command >> 8, command & 0xFF, words.command}));
  append(section, words.body);
  append(section, bytes_of({static_cast<int>(words.descriptors.size() >> 8),
                            static_cast<int>(words.descriptors.size() & 0xFF)}));
  append(section, words.descriptors);
  return with_crc(std::move(section));
}

inline Bytes splice_time(std::optional<std::uint64_t> pts) {
  Bytes time;
  if (pts)
    append_33(time, 0xFE, *pts);
  else
    time = bytes_of({0x7F});
  return time;
}

struct InsertWords {
  std::uint32_t id = 1;
  bool is_out = true;
  std::optional<std::uint64_t> pts{};  // None: at once.
  std::optional<std::uint64_t> planned{};
};

inline Bytes splice_insert(const InsertWords& words, std::uint64_t adjustment = 0) {
  Bytes body;
  append_32(body, words.id);
  append(body, bytes_of({0x7F, (words.is_out ? 0x80 : 0) | 0x40 | (words.planned ? 0x20 : 0) | (words.pts ? 0 : 0x10) |
                                   0x0F}));
  if (words.pts) append(body, splice_time(words.pts));
  if (words.planned) append_33(body, 0xFE, *words.planned);
  append(body, bytes_of({0, 1, 0, 0}));
  return splice_section({.body = body, .adjustment = adjustment});
}

inline Bytes splice_cancel(std::uint32_t id) {
  Bytes body;
  append_32(body, id);
  body.push_back(std::byte{0xFF});
  return splice_section({.body = body});
}

inline Bytes segmentation(std::uint32_t id, int type, std::optional<std::uint64_t> planned = {}) {
  Bytes content = bytes_of({'C', 'U', 'E', 'I'});
  append_32(content, id);
  append(content, bytes_of({0x7F, 0x80 | (planned ? 0x40 : 0) | 0x3F}));
  if (planned) append(content, bytes_of({static_cast<int>(*planned >> 32)}));
  if (planned) append_32(content, static_cast<std::uint32_t>(*planned));
  append(content, bytes_of({9, 2, 'a', 'b', type, 1, 1}));
  Bytes descriptor = bytes_of({2, static_cast<int>(content.size())});
  append(descriptor, content);
  return descriptor;
}

inline Bytes time_signal(std::uint64_t pts, const Bytes& descriptors) {
  return splice_section({.command = 6, .body = splice_time(pts), .descriptors = descriptors});
}

}  // namespace fanlight::packager::test
