// One [[issuer]] of the configuration: whose tokens count, and the keys that their signatures are checked with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "config/key_file.h"
#include "jose/key.h"

namespace fanlight::control {

struct IssuerRule {
  std::string name;             // What policies call it.
  std::string iss{};            // What its tokens call it; empty: anything or nothing.
  std::string aud{};            // Whom its tokens are for; empty: they name nobody.
  std::int64_t leeway_s = 10;   // How far its clock may be from ours.
  bool needs_exp = true;        // A token without an end counts for nothing.
  bool ends_at_expiry = false;  // And so does the session.
  std::vector<jose::Key> keys{};
  std::string jwks{};                     // The file that they are from and that is looked at again; empty: none.
  std::optional<FileStamp> jwks_stamp{};  // Before it was read.
  int line = 0;                           // In the file.
};

[[nodiscard]] IssuerRule read_issuer_rule(FieldReader& reader, int line);

}  // namespace fanlight::control
