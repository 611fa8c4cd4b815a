#include "link_proxy/duration_option.h"

#include <map>

namespace fanlight::link_proxy {

CLI::Validator not_negative() {
  return {[](std::string& text) { return text.starts_with('-') ? std::string("a time is not negative") : ""; }, ""};
}

CLI::Validator time_unit() {
  return CLI::AsNumberWithUnit(std::map<std::string, double>{{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"min", 60e6}},
                               CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME");
}

}  // namespace fanlight::link_proxy
