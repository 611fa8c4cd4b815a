#include "daemon/privileges.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <thread>

namespace fanlight::control {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// A process cannot come back from what it tries here.
bool in_a_child(const std::function<bool()>& holds) {
  const pid_t child = fork();
  if (child == 0) _exit(holds() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string line_of(const std::string& file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key)) return line.substr(key.size());
  return {};
}

std::string error_of(RelayOptions relay) {
  const auto account = find_account(relay);
  return account ? std::string{} : account.error().what;
}

TEST(PrivilegesTest, AnAccountIsLookedUpAndAStrangerTold) {
  EXPECT_FALSE(find_account({})->has_value());
  RelayOptions relay;
  relay.user = "nobody";
  relay.group = "daemon";
  const auto account = find_account(relay);
  ASSERT_TRUE(account);
  EXPECT_EQ((*account)->uid, 65534u);
  EXPECT_EQ((*account)->gid, 1u);
  relay.group = "no-such-group";
  EXPECT_THAT(error_of(relay),
              AllOf(HasSubstr("relay.group: found \"no-such-group\""), HasSubstr("groupadd --system")));
  relay.user = "no-such-user";
  EXPECT_THAT(error_of(relay), AllOf(HasSubstr("relay.user: found \"no-such-user\""), HasSubstr("useradd --system")));
  relay.user = "root";
  relay.group = "";
  EXPECT_THAT(error_of(relay), HasSubstr("accepted a user without its rights"));
}

TEST(PrivilegesTest, EveryThreadBecomesTheUserAndNoneComesBack) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  EXPECT_TRUE(in_a_child([] {
    int ends[2];
    if (pipe(ends) != 0) return false;
    std::string theirs;
    std::thread older([&] {
      char byte = 0;
      (void)!read(ends[0], &byte, 1);
      const std::string status = "/proc/self/task/" + std::to_string(gettid()) + "/status";
      theirs = line_of(status, "Uid:") + line_of(status, "CapEff:") + line_of(status, "CapPrm:");
    });
    if (!become({65534, 65534, "nobody"})) return false;
    (void)!write(ends[1], "", 1);
    older.join();
    return theirs == "\t65534\t65534\t65534\t65534\t0000000000000000\t0000000000000000" && setuid(0) != 0 &&
           getgroups(0, nullptr) == 0 && become({65534, 65534, "nobody"}).has_value();
  }));
}

TEST(PrivilegesTest, NoGroupOfRootsIsLeft) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  EXPECT_TRUE(in_a_child([] {
    const gid_t groups[] = {0, 4, 6};
    if (setgroups(3, groups) != 0 || !become({65534, 65534, "nobody"})) return false;
    return getgroups(0, nullptr) == 0;
  }));
}

// Ambient or kept capabilities outlast a change of user: to the kernel such a process is root under another name.
TEST(PrivilegesTest, RightsThatStayAreFoundByTryingThem) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  EXPECT_TRUE(in_a_child([] {
    constexpr unsigned long kNoFixup = 1UL << 2;  // SECBIT_NO_SETUID_FIXUP of linux/securebits.h
    if (prctl(PR_SET_SECUREBITS, kNoFixup, 0UL, 0UL, 0UL) != 0) return false;
    const auto became = become({65534, 65534, "nobody"});
    return !became && became.error().what.find("root's rights did not go") != std::string::npos;
  }));
}

TEST(PrivilegesTest, WithoutRootsRightsSomebodyElseIsRefused) {
  EXPECT_TRUE(in_a_child([] {
    if (geteuid() == 0 && !become({65534, 65534, "nobody"})) return false;
    const auto became = become({1, 1, "daemon"});
    return !became && became.error().what.find("start as root, or as daemon") != std::string::npos;
  }));
}

}  // namespace
}  // namespace fanlight::control
