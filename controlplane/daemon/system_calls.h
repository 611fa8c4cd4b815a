// The cage: which system calls a running relay may make, held by the kernel (seccomp). What the relay is for, it does
// with fewer than a hundred of them; starting programs, writing files, changing users and looking into other processes
// are not among them, so that somebody who talks the relay into running code of theirs has little to run.
//
// The list is system_calls.cc's table; docs/security.md has it for people, and tests/tidy compares the two.
#pragma once

#include "base/result.h"
#include "config/config.h"

namespace fanlight::control {

// From here on, for every thread, those to come included. What is not listed fails with EPERM; the kernel's log says
// what. SeccompMode::kLog only says it.
[[nodiscard]] Result<Done> restrict_system_calls(SeccompMode mode, PortKind port);

}  // namespace fanlight::control
