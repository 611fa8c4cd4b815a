// Keys and their IDs as tests write them.
#pragma once

#include <algorithm>
#include <string_view>

#include "cmaf/protection.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {

inline CipherBlock block_of(std::string_view hex) {
  CipherBlock block{};
  std::ranges::copy(from_hex(hex), block.begin());
  return block;
}

}  // namespace fanlight::packager
