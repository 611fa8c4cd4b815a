// intel-ipsec-mb's dispatch tables for this processor. It notes errors in them, so each thread has its own; the first
// call on a thread allocates.
#pragma once

#include <intel-ipsec-mb.h>

#include <span>

namespace fanlight::crypto {

[[nodiscard]] IMB_MGR* ipsec_manager();

// HMAC-SHA1 of every job. Sixteen at once are quickest side by side in wide registers; a few of them one after the
// other with the processor's SHA instructions, where it has them.
[[nodiscard]] bool hash_sha1(std::span<IMB_JOB> jobs);

}  // namespace fanlight::crypto
