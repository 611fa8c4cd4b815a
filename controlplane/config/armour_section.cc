#include "config/armour_section.h"

#include <algorithm>

namespace fanlight::control {
namespace {

constexpr IntegerRange kRates{1, 100'000};

std::uint32_t read_rate(FieldReader& reader, std::string_view key, std::uint32_t usual) {
  return static_cast<std::uint32_t>(reader.integer(key, kRates, usual));
}

}  // namespace

ArmourOptions read_armour(FieldReader& reader) {
  ArmourOptions armour;
  armour.conclusions_per_second = read_rate(reader, "conclusions_per_second", armour.conclusions_per_second);
  armour.site_conclusions_per_second =
      read_rate(reader, "site_conclusions_per_second",
                std::min(armour.site_conclusions_per_second, armour.conclusions_per_second));
  armour.inductions_per_second = read_rate(reader, "inductions_per_second", armour.inductions_per_second);
  armour.half_open_max = static_cast<std::uint32_t>(reader.integer("half_open_max", {1, 65'535}, 0));
  if (armour.site_conclusions_per_second > armour.conclusions_per_second)
    reader.complain("site_conclusions_per_second", std::to_string(armour.site_conclusions_per_second),
                    "at most conclusions_per_second (" + std::to_string(armour.conclusions_per_second) + ")");
  reader.finish();
  return armour;
}

std::string armour_text(const ArmourOptions& armour) {
  return "armour: a worker passes on " + std::to_string(armour.conclusions_per_second) + " CONCLUSIONs a second, " +
         std::to_string(armour.site_conclusions_per_second) + " of them from one site (/24, IPv6 /56), half from one " +
         "network (/16, IPv6 /32); it answers " + std::to_string(armour.inductions_per_second) +
         " INDUCTIONs a second and waits for " + std::to_string(armour.half_open_max) + " sessions to be heard";
}

}  // namespace fanlight::control
