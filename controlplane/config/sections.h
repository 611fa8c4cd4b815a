// A TOML file as a flat list of tables: syntax only, no key has a meaning yet. The only header beside toml++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/fields.h"

namespace fanlight::control {

struct Section {
  std::string path;          // "relay", "ethernet.device"; empty for what stands above the first table.
  bool is_repeated = false;  // [[path]], one of several.
  int line = 1;
  std::vector<Field> fields;
};

// Tables in no promised order; repeated ones in the order of the file. The error is the first syntax error.
[[nodiscard]] Result<std::vector<Section>, Problem> parse_sections(std::string_view toml);

}  // namespace fanlight::control
