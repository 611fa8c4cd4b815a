#include "daemon/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace fanlight::control {
namespace {

Error failed(const Account& account, const char* step) {
  return {ErrorCode::kNoRights, std::string("cannot become user ") + account.name + ": " + step + ": " +
                                    std::strerror(errno) + "; start as root, or as " + account.name};
}

Error lacking(const char* step) {
  return {ErrorCode::kFailed, std::string("root's capabilities do not go: ") + step + ": " + std::strerror(errno)};
}

bool is_already(const Account& account) {
  uid_t real = 0, effective = 0, saved = 0;
  return getresuid(&real, &effective, &saved) == 0 && real == account.uid && effective == account.uid &&
         saved == account.uid;
}

// Each of these succeeds for whoever still has the right.
bool can_come_back() { return setresuid(0, 0, 0) == 0 || seteuid(0) == 0 || setresgid(0, 0, 0) == 0; }

}  // namespace

Result<std::optional<Account>> find_account(const RelayOptions& relay) {
  if (relay.user.empty()) return std::optional<Account>{};
  const passwd* const user = getpwnam(relay.user.c_str());
  if (user == nullptr)
    return Error{ErrorCode::kInvalid, "relay.user: found \"" + relay.user +
                                          "\", accepted a user of this host: useradd --system " + relay.user};
  Account account{user->pw_uid, user->pw_gid, relay.user};
  if (!relay.group.empty()) {
    const group* const found = getgrnam(relay.group.c_str());
    if (found == nullptr)
      return Error{ErrorCode::kInvalid, "relay.group: found \"" + relay.group +
                                            "\", accepted a group of this host: groupadd --system " + relay.group};
    account.gid = found->gr_gid;
  }
  if (account.uid == 0) return Error{ErrorCode::kInvalid, "relay.user: found root, accepted a user without its rights"};
  return std::optional(account);
}

void forgo_new_privileges() { prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL); }

Result<Done> keep_socket_capabilities() {
  constexpr std::uint32_t kKept = 1u << CAP_NET_BIND_SERVICE | 1u << CAP_NET_ADMIN;
  static_assert(CAP_NET_BIND_SERVICE < 32 && CAP_NET_ADMIN < 32);
  for (int one = 0; prctl(PR_CAPBSET_READ, one, 0UL, 0UL, 0UL) >= 0; ++one) {
    const bool is_kept = one == CAP_NET_BIND_SERVICE || one == CAP_NET_ADMIN;
    if (!is_kept) prctl(PR_CAPBSET_DROP, one, 0UL, 0UL, 0UL);
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0UL, 0UL, 0UL);
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return lacking("capget");
  sets[0].permitted &= kKept;
  sets[1].permitted = 0;
  for (__user_cap_data_struct& set : sets) {
    set.effective = set.permitted;
    set.inheritable = 0;
  }
  return syscall(SYS_capset, &header, sets.data()) == 0 ? Result<Done>(Done{}) : lacking("capset");
}

// The C library carries a change of IDs to every thread, and the kernel takes a thread's capabilities with its last ID
// of root.
Result<Done> become(const Account& account) {
  if (is_already(account)) return Done{};
  if (setgroups(0, nullptr) != 0) return failed(account, "setgroups");
  if (setresgid(account.gid, account.gid, account.gid) != 0) return failed(account, "setresgid");
  if (setresuid(account.uid, account.uid, account.uid) != 0) return failed(account, "setresuid");
  if (can_come_back())
    return Error{ErrorCode::kFailed, "root's rights did not go with root: the relay does not run so"};
  // The kernel thinks that a process which was root holds root's secrets. This one keeps its own out of core files.
  prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL);
  return Done{};
}

}  // namespace fanlight::control
