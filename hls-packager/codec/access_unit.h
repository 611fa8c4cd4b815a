// Where an access unit ends and the next one begins, in bytes that may hold several: ISO/IEC 14496-10 §7.4.1.2.3, ITU-T
// H.265 §7.4.2.4.4.
#pragma once

#include <vector>

#include "codec/nal_units.h"

namespace fanlight::packager {

// What a NAL unit may say of it.
enum class UnitRole : std::uint8_t {
  kOther,
  kOpening,    // Behind a slice it is the next one's, if that has one.
  kDelimiter,  // Likewise, whatever slice comes.
  kSlice,
  kFirstSlice,  // Of a picture: where the other field has its own, of that one.
};

[[nodiscard]] constexpr bool is_slice(UnitRole role) noexcept {
  return role == UnitRole::kSlice || role == UnitRole::kFirstSlice;
}

// Units of the first one go to `take`; what is behind it is answered. Each slice goes to `begins_picture` once, with
// whether openings are between it and the slice before: is it another picture's than that one?
template <class RoleOf, class BeginsPicture, class Take>
ByteSpan take_access_unit(ByteSpan bytes, RoleOf role_of, BeginsPicture begins_picture, Take take) {
  std::vector<ByteSpan> held;  // Behind a slice, and of its picture only if another slice of that one comes, or none.
  bool has_slice = false, has_delimiter = false;
  NalUnits units(bytes);
  while (const std::optional<ByteSpan> unit = units.next()) {
    const UnitRole role = role_of(*unit);
    if (!is_slice(role) && has_slice && (role != UnitRole::kOther || !held.empty())) {
      held.push_back(*unit);
      has_delimiter |= role == UnitRole::kDelimiter;
      continue;
    }
    if (is_slice(role)) {
      const bool begins = begins_picture(*unit, !held.empty());
      if (has_slice && (begins || has_delimiter)) {
        constexpr std::ptrdiff_t kStartCode = 3;
        const std::byte* const first = (held.empty() ? *unit : held.front()).data() - kStartCode;
        return bytes.subspan(static_cast<std::size_t>(first - bytes.data()));
      }
      for (const ByteSpan one : held) take(one);
      held.clear();
      has_slice = true;
    }
    take(*unit);
  }
  for (const ByteSpan one : held) take(one);
  return {};
}

}  // namespace fanlight::packager
