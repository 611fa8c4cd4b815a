// What came of asking a webhook, counted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fanlight::control {

enum class HookOutcome : std::uint8_t {
  kAllowed,
  kRefused,
  kTimeout,
  kUnreachable,  // Name, connection or certificate.
  kBroken,       // The response was not whole, or no HTTP.
  kUnusable,     // It was, and meant nothing: docs/configuration.md says what does.
  kBusy,         // The relay itself was late: not the webhook's failure.
};
inline constexpr std::array<std::string_view, 7> kHookOutcomeNames = {"allowed", "refused",  "timeout", "unreachable",
                                                                      "broken",  "unusable", "busy"};

struct WebhookView {
  std::string name;
  std::array<std::uint64_t, kHookOutcomeNames.size()> outcomes{};
  double answer_seconds = 0;  // What the last response took; 0: none came.
};

// Session events on their way out.
struct EventsView {
  std::uint64_t posted = 0;         // Taken by the webhook.
  std::uint64_t dropped = 0;        // By the desk, or because the webhook did not take them.
  std::uint64_t listeners_cut = 0;  // Those that did not read.
};

}  // namespace fanlight::control
