// For tests: SEI with captions made by hand.
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager::test {

struct CaptionPair {
  unsigned type = 0;  // 0 and 1: the fields of CTA-608; 3: a packet of CTA-708 begins; 2: it goes on.
  unsigned first = 0x80, second = 0x80;
  bool is_valid = true;
};

inline void append_byte(std::vector<std::byte>& to, unsigned value) { to.push_back(static_cast<std::byte>(value)); }

// The payload of the message: what stands in ITU-T T.35.
inline std::vector<std::byte> caption_message(const std::vector<CaptionPair>& pairs) {
  std::vector<std::byte> out;
  for (const unsigned byte : {0xB5u, 0x00u, 0x31u, 0x47u, 0x41u, 0x39u, 0x34u, 0x03u}) append_byte(out, byte);
  append_byte(out, 0xC0 | static_cast<unsigned>(pairs.size()));
  append_byte(out, 0xFF);
  for (const CaptionPair& pair : pairs) {
    append_byte(out, 0xF8 | (pair.is_valid ? 4 : 0) | pair.type);
    append_byte(out, pair.first);
    append_byte(out, pair.second);
  }
  append_byte(out, 0xFF);
  return out;
}

// A unit of SEI behind `head` (06 of H.264, 4E 01 of H.265), without a start code; nothing in it has to be escaped.
inline std::vector<std::byte> caption_unit(std::initializer_list<unsigned> head,
                                           const std::vector<CaptionPair>& pairs) {
  std::vector<std::byte> unit;
  for (const unsigned byte : head) append_byte(unit, byte);
  const std::vector<std::byte> message = caption_message(pairs);
  append_byte(unit, 4);
  append_byte(unit, static_cast<unsigned>(message.size()));
  unit.insert(unit.end(), message.begin(), message.end());
  append_byte(unit, 0x80);
  return unit;
}

}  // namespace fanlight::packager::test
