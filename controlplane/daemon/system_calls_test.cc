#include "daemon/system_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace fanlight::control {
namespace {

struct Attempt {
  const char* what;
  std::function<bool()> is_refused;
};

bool is_eperm(long outcome) { return outcome == -1 && errno == EPERM; }

// In a child that is caged as a relay with this port is: the first of `attempts` that was not as it should be.
std::string first_wrong(SeccompMode mode, PortKind port, const std::vector<Attempt>& attempts, bool should_be_refused) {
  int ends[2];
  if (pipe(ends) != 0) return "pipe";
  const pid_t child = fork();
  if (child == 0) {
    std::string wrong;
    prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL);
    if (!restrict_system_calls(mode, port)) wrong = "the filter";
    for (const Attempt& attempt : attempts)
      if (wrong.empty() && attempt.is_refused() != should_be_refused) wrong = attempt.what;
    (void)!write(ends[1], wrong.data(), wrong.size());
    _exit(0);
  }
  close(ends[1]);
  char wrong[64] = {};
  const ssize_t size = read(ends[0], wrong, sizeof wrong);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return "the child died";
  return {wrong, static_cast<std::size_t>(size)};
}

std::vector<Attempt> harm() {
  return {
      {"execve", [] { return is_eperm(execl("/bin/true", "true", nullptr)); }},
      {"fork",
       [] {
         const pid_t child = fork();
         if (child == 0) _exit(0);
         return is_eperm(child);
       }},
      {"ptrace", [] { return is_eperm(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
      {"open for writing", [] { return is_eperm(open("/tmp/fanlight-caged", O_WRONLY | O_CREAT, 0600)); }},
      {"open and empty", [] { return is_eperm(open("/dev/null", O_RDONLY | O_TRUNC)); }},
      {"open to append", [] { return is_eperm(open("/dev/null", O_WRONLY | O_APPEND)); }},
      {"rename", [] { return is_eperm(rename("/tmp/a", "/tmp/b")); }},
      {"chmod", [] { return is_eperm(chmod("/tmp", 0777)); }},
      {"mount", [] { return is_eperm(mount("a", "/b", "c", 0, nullptr)); }},
      {"setuid", [] { return is_eperm(setuid(0)); }},
      {"kill", [] { return is_eperm(kill(getppid(), 0)); }},
      {"a signal to the thread of another process",
       [] { return is_eperm(syscall(SYS_tgkill, getppid(), getppid(), 0)); }},
      {"setting a limit",
       [] {
         rlimit files{};
         return getrlimit(RLIMIT_NOFILE, &files) == 0 && is_eperm(setrlimit(RLIMIT_NOFILE, &files));
       }},
      {"setting another's limit",
       [] {
         rlimit files{};
         return getrlimit(RLIMIT_NOFILE, &files) == 0 &&
                is_eperm(syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, &files, nullptr));
       }},
      {"the kernel's ciphers", [] { return is_eperm(socket(AF_ALG, SOCK_SEQPACKET, 0)); }},
      {"the hypervisor's streams", [] { return is_eperm(socket(AF_VSOCK, SOCK_STREAM, 0)); }},
      {"a raw socket", [] { return is_eperm(socket(AF_PACKET, SOCK_RAW, 0)); }},
      {"raw packets of the internet", [] { return is_eperm(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)); }},
      {"memory to write and run",
       [] {
         return is_eperm(reinterpret_cast<long>(
             mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
       }},
      {"memory to run",
       [] {
         return is_eperm(
             reinterpret_cast<long>(mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
       }},
      {"memory made to run",
       [] {
         void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return is_eperm(mprotect(page, 4096, PROT_READ | PROT_EXEC));
       }},
      {"becoming dumpable or not", [] { return is_eperm(prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL)); }},
      {"typing into a terminal", [] { return is_eperm(ioctl(0, TIOCSTI, "x")); }},
  };
}

std::vector<Attempt> work() {
  return {
      {"reading a file", [] { return open("/etc/passwd", O_RDONLY) < 0; }},
      {"a socket", [] { return socket(AF_INET6, SOCK_DGRAM, 0) < 0; }},
      {"asking for a limit",
       [] {
         rlimit files{};
         return getrlimit(RLIMIT_NOFILE, &files) != 0;
       }},
      {"a signal to itself", [] { return syscall(SYS_tgkill, getpid(), gettid(), 0) != 0; }},
      {"a thread",
       [] {
         bool has_run = false;
         std::thread([&] { has_run = true; }).join();
         return !has_run;
       }},
      {"a name",
       [] {
         addrinfo* found = nullptr;
         if (getaddrinfo("localhost", nullptr, nullptr, &found) != 0) return true;
         freeaddrinfo(found);
         return false;
       }},
      {"memory",
       [] { return mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED; }},
      {"a bell", [] { return eventfd(0, EFD_NONBLOCK) < 0; }},
      {"taking the API's socket away", [] { return is_eperm(unlink("/tmp/fanlight-there-is-no-such")); }},
  };
}

TEST(SystemCallsTest, WhatARelayHasNoUseForIsRefused) {
  for (const PortKind port : {PortKind::kSockets, PortKind::kEthernet}) {
    std::vector<Attempt> attempts = harm();
    if (port == PortKind::kEthernet) attempts.pop_back();  // Drivers have requests of their own.
    EXPECT_EQ(first_wrong(SeccompMode::kOn, port, attempts, true), "");
  }
}

TEST(SystemCallsTest, WhatARelayDoesIsAllowed) {
  EXPECT_EQ(first_wrong(SeccompMode::kOn, PortKind::kSockets, work(), false), "");
  std::vector<Attempt> drivers = work();
  drivers.push_back({"hearing of a new peer", [] { return syscall(SYS_epoll_create, 1) < 0; }});
  EXPECT_EQ(first_wrong(SeccompMode::kOn, PortKind::kEthernet, drivers, false), "");
}

TEST(SystemCallsTest, OnlyLoggedOrOffNothingIsRefused) {
  const std::vector<Attempt> attempts = {
      {"becoming dumpable or not", [] { return is_eperm(prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL)); }}};
  EXPECT_EQ(first_wrong(SeccompMode::kLog, PortKind::kSockets, attempts, false), "");
  EXPECT_EQ(first_wrong(SeccompMode::kOff, PortKind::kSockets, attempts, false), "");
}

TEST(SystemCallsTest, ThreadsThatRunAlreadyAreCagedToo) {
  const std::vector<Attempt> attempts = {{"an older thread", [] {
                                            const int bell = eventfd(0, 0), answer = eventfd(0, 0);
                                            std::thread older([=] {
                                              std::uint64_t value = 0;
                                              (void)!read(bell, &value, sizeof value);
                                              value = is_eperm(open("/dev/null", O_WRONLY)) ? 2 : 1;
                                              (void)!write(answer, &value, sizeof value);
                                            });
                                            const bool is_caged =
                                                restrict_system_calls(SeccompMode::kOn, PortKind::kSockets).has_value();
                                            std::uint64_t value = 1;
                                            (void)!write(bell, &value, sizeof value);
                                            (void)!read(answer, &value, sizeof value);
                                            older.join();
                                            return is_caged && value == 2;
                                          }}};
  EXPECT_EQ(first_wrong(SeccompMode::kOff, PortKind::kSockets, attempts, true), "");
}

}  // namespace
}  // namespace fanlight::control
