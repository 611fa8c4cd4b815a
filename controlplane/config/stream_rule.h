// A stream rule from its keys: the same for a [[stream]] table and for a body of POST /v1/streams.
#pragma once

#include <string_view>

#include "config/fields.h"
#include "config/rules.h"

namespace fanlight::control {

inline constexpr IntegerRange kLatencyMs{0, 60'000};
inline constexpr IntegerRange kBitrateMbps{0, 1'000};
inline constexpr IntegerRange kJoinRateMbps{0, 10'000};
inline constexpr IntegerRange kRepairPercent{1, 100};
inline constexpr IntegerRange kCoalesceMs{0, 20};
inline constexpr IntegerRange kRekeyPackets{0, 1 << 30};
inline constexpr std::int64_t kRekeyPacketsLeast = 100;  // But for 0.
inline constexpr IntegerRange kRekeySeconds{0, 31'536'000};
inline constexpr IntegerRange kPassphraseBytes{10, 79};  // srt-wire §4.1

// What a rule may be called: a stream's name, or a pattern.
[[nodiscard]] bool is_rule_name(std::string_view name);
// Asks `reader` for every key of a rule and finishes it. Only usable when no problem was noted.
[[nodiscard]] StreamRule read_stream_rule(FieldReader& reader);

}  // namespace fanlight::control
