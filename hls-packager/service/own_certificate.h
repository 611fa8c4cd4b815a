// The certificate that is used where none is named: our own, for localhost, in a folder that stays. Made at the first
// start and where it cannot be used, renewed before it ends; a pair that still can be used is never taken away.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "http/tls_context.h"

namespace fanlight::packager {

// Of `localhost.pem` in `folder`, which has the key as well; or that is in `localhost.key`. Packagers that start
// together wait for each other, no longer than `patience`. Errors: there is no pair that can be used, and none can be
// written.
[[nodiscard]] Result<std::shared_ptr<TlsContext>> open_own_certificate(const std::filesystem::path& folder,
                                                                       Micros patience = seconds(10));

}  // namespace fanlight::packager
