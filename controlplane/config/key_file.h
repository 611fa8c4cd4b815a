// Files with the keys of tokens' issuers, and who else may have had a hand in them.
//
// A public key is no secret, but whoever can change it can sign: the file is root's or the relay's user's, and nobody
// else may write it. A set with an HMAC secret in it is a secret as well: nobody else may read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/fields.h"
#include "jose/key.h"

namespace fanlight::control {

inline constexpr std::size_t kKeyFileBytesMax = 256 * 1024;

// A JWK set (RFC 7517); a public key in PEM. `later`: whom the relay will be, when that is not us, and must be able to
// read it as, at a reload. The error is what follows the path in a message.
[[nodiscard]] Result<std::vector<jose::Key>> read_jwks_file(const std::string& path,
                                                            const std::optional<LaterReader>& later = {});
[[nodiscard]] Result<jose::Key> read_public_key_file(const std::string& path,
                                                     const std::optional<LaterReader>& later = {});

// Differs after every change of the file, also of one that was renamed into its place.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  // Its mode as well.
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
// Empty when there is no such file.
[[nodiscard]] std::optional<FileStamp> stamp_of(const std::string& path);

}  // namespace fanlight::control
