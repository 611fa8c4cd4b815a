// How much of what strangers can ask for a worker does. Each worker holds to it by itself.
#pragma once

#include <cstdint>

namespace fanlight {

struct ArmourOptions {
  // Conclusions that go to control, whose cookie was right: of all callers, and of one site (a /24, an IPv6 /56). A
  // network (a /16, an IPv6 /32) has half of all. Two seconds' worth may come at once.
  std::uint32_t conclusions_per_second = 4'000;
  std::uint32_t site_conclusions_per_second = 1'000;
  std::uint32_t inductions_per_second = 20'000;  // Answers to whoever asks for a cookie.
  std::uint32_t half_open_max = 0;               // Sessions that wait to be heard after our response; 0: no bound.
  friend bool operator==(const ArmourOptions&, const ArmourOptions&) = default;
};

}  // namespace fanlight
