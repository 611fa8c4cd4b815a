// A certificate for trying things out on one's own host: of nobody but ourselves, so browsers ask whether to trust it.
#pragma once

#include <string>

#include "base/result.h"

namespace fanlight::packager {

// ECDSA P-256, for localhost, 127.0.0.1 and ::1, a year long unless told otherwise. Both files are new, PEM, and
// readable for their owner alone; they may be one.
[[nodiscard]] Result<Done> write_self_signed_certificate(const std::string& certificate_file,
                                                         const std::string& key_file, long seconds = 365L * 86'400);

// It is signed by itself, and has expired or will within 30 days. What is not, somebody else renews; and what cannot be
// read is left to who uses it.
[[nodiscard]] bool is_self_signed_to_renew(const std::string& certificate_file);

}  // namespace fanlight::packager
