// From root to a user of the relay's own, once what needs root is up: sockets below port 1024, DPDK devices, hugepages.
// Nothing leads back: no capability of any thread is left but those the caller names, no program that is started could
// bring new ones, and that root is gone is tried, not believed.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "config/config.h"

namespace fanlight::control {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

// Of relay.user and relay.group; none when there is no user. The error is for the configuration's reader.
[[nodiscard]] Result<std::optional<Account>> find_account(const RelayOptions& relay);

// This thread, those that it starts, and what they execute gain no rights any more.
void forgo_new_privileges();

// Root that stays root, with nothing in its hands but what sockets take: ports below 1024, large buffers. Of this
// thread and those that it starts; nothing gives the others back.
[[nodiscard]] Result<Done> keep_socket_capabilities();

// The whole process, all threads; to be called by the thread that will end it. As that user already, or without root's
// rights, it is the caller's configuration that is wrong.
[[nodiscard]] Result<Done> become(const Account& account);

}  // namespace fanlight::control
