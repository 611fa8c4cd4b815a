// intel-ipsec-mb's dispatch table for this processor. It notes errors in it, so each thread has its own; the first call
// on a thread allocates.
#pragma once

#include <intel-ipsec-mb.h>

namespace fanlight::crypto {

[[nodiscard]] IMB_MGR* ipsec_manager();

}  // namespace fanlight::crypto
