// The one way to a secret of the configuration. For a key `passphrase` exactly one of three is written:
//
//   passphrase = "…"                 the secret itself
//   passphrase_file = "/path"        the first line of a file that only its owner reads; relative to the configuration
//   passphrase_credential = "NAME"   the first line of $CREDENTIALS_DIRECTORY/NAME: systemd's LoadCredential=
//
// The first stands only where strangers cannot read the configuration, its group may.
// A body of the API has the first alone: what a caller writes must not make the relay open files.
#pragma once

#include <string>
#include <string_view>

#include "config/fields.h"

namespace fanlight::control {

// Asks `reader` for the three keys. Empty when none is there, and after a problem; no problem shows the secret.
[[nodiscard]] std::string read_secret(FieldReader& reader, std::string_view key, IntegerRange bytes);
// Whether `key`, a secret or something with one in it, stands where strangers can read it: then that is a problem.
bool is_laid_open(FieldReader& reader, std::string_view key);
// Whether one of the three is written, well or not.
[[nodiscard]] bool has_secret(const FieldReader& reader, std::string_view key);

}  // namespace fanlight::control
