// The NAL units of an access unit as MPEG-TS carries it: H.264 Annex B, H.265 Annex B.
//
//   [00] 00 00 01 | header, payload | 00 ... | 00 00 01 | ...
//
// Zeros behind a unit are not part of it (trailing_zero_8bits, or the first byte of a start code of four).
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

// Where 00 00 01 begins; the size when it does not.
[[nodiscard]] std::size_t find_start_code(ByteSpan bytes) noexcept;

// What begins with something else than a start code, if only with the end of one: its first bytes are of a unit that
// began before.
[[nodiscard]] bool begins_in_unit(ByteSpan bytes) noexcept;

class NalUnits {
 public:
  explicit NalUnits(ByteSpan annex_b) noexcept;

  // The next one, its header first, never empty. Bytes before the first start code are nobody's.
  [[nodiscard]] std::optional<ByteSpan> next() noexcept;

 private:
  ByteSpan rest_;  // Behind a start code, or nothing.
};

// Without emulation prevention (H.264 §7.4.1, H.265 §7.4.2): of 00 00 03 the 03 goes. Looks at the first `most` bytes.
[[nodiscard]] std::vector<std::byte> unescape(ByteSpan unit, std::size_t most);

// How many bytes of `unit` the first `plain` of them without emulation prevention take.
[[nodiscard]] std::size_t escaped_size(ByteSpan unit, std::size_t plain) noexcept;

// As it stands in a sample: behind its length in four bytes.
void append_unit(std::vector<std::byte>& sample, ByteSpan unit);

}  // namespace fanlight::packager
