// What is said of encrypted samples: ISO/IEC 23001-7 (CENC), scheme `cbcs`. Of pictures one block of sixteen bytes in
// ten is encrypted, of sound all are; a key has one IV for ever.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cmaf/box_writer.h"

namespace fanlight::packager {

inline constexpr std::size_t kCipherBlockBytes = 16;
using CipherBlock = std::array<std::byte, kCipherBlockBytes>;

// A key by its public side.
struct KeyMark {
  CipherBlock id{};
  CipherBlock iv{};
  friend bool operator==(const KeyMark&, const KeyMark&) = default;
};

// Bytes of a sample that are in the clear, and behind them some of which the pattern's are encrypted.
struct Subsample {
  std::uint16_t clear = 0;
  std::uint32_t covered = 0;
  friend bool operator==(const Subsample&, const Subsample&) = default;
};

// A sample's auxiliary information has a size of eight bits.
inline constexpr std::size_t kSubsamplesMax = 42;

struct FragmentProtection {
  KeyMark key{};
  bool is_video = false;
  bool is_default = true;  // It is the one that the init segment names.
  // Of each sample; nothing at all where samples are encrypted from end to end, as sound is.
  std::vector<std::vector<Subsample>> subsamples{};
};

// `sinf` of a sample entry that was `original`. §4
void write_protection_scheme(BoxWriter& out, FourCc original, const KeyMark& key, bool is_video);
// In `traf`, behind `trun`: the key by a sample group where it is another, and where the clear bytes are. `moof_begin`:
// where that box does.
void write_sample_protection(BoxWriter& out, const FragmentProtection& protection, std::size_t samples,
                             std::size_t moof_begin);

}  // namespace fanlight::packager
