// Bytes spelled out in hex, for the tests beside the code.
#pragma once

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace fanlight {

using Bytes = std::vector<std::byte>;

// "8000 0000": spaces are for the reader.
inline Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  std::string pair;
  for (const char c : hex) {
    if (std::isspace(static_cast<unsigned char>(c))) continue;
    pair.push_back(c);
    if (pair.size() < 2) continue;
    bytes.push_back(std::byte(std::stoul(pair, nullptr, 16)));
    pair.clear();
  }
  return bytes;
}

inline Bytes copy(ByteSpan bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace fanlight
