#include "daemon/system_calls.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace fanlight::control {
namespace {

// Whatever their arguments. One line for each purpose, as docs/security.md has them.
constexpr const char* kAllowed[] = {
    // packets
    "recvmmsg",
    "recvmsg",
    "recvfrom",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "ppoll",
    "poll",
    // waiting and waking
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_ctl",
    "epoll_create1",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "pselect6",
    "select",
    "futex",
    "nanosleep",
    "clock_nanosleep",
    "restart_syscall",
    "pipe2",
    // connections: the API, name resolution, webhooks, the service manager
    "accept",
    "accept4",
    "bind",
    "connect",
    "shutdown",
    "getsockname",
    "getpeername",
    "getsockopt",
    "setsockopt",
    // files that are open, and reading others
    "read",
    "readv",
    "pread64",
    "write",
    "writev",
    "close",
    "lseek",
    "fstat",
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "fstatfs",
    "statfs",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getcwd",
    "fcntl",
    "dup",
    "dup2",
    "dup3",
    "unlink",
    // memory
    "munmap",
    "mremap",
    "madvise",
    "brk",
    "mlock",
    "munlock",
    "membarrier",
    // threads and their ends
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "sched_yield",
    "sched_getaffinity",
    "exit",
    "exit_group",
    // signals
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    // questions about time, oneself and the host
    "clock_gettime",
    "clock_getres",
    "gettimeofday",
    "time",
    "getcpu",
    "getpid",
    "gettid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getrandom",
    "getrusage",
    "sysinfo",
    "uname",
    "times",
};

// What drivers do when a device is given back, libxdp of net_af_xdp the first three; the last is how EAL's interrupt
// thread hears of another file, as net_memif and net_virtio_user bring with each peer.
constexpr const char* kAllowedOnEthernet[] = {"bpf", "flock", "mkdir", "sched_setaffinity", "epoll_create"};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

// Adds rules and keeps the first that was refused.
class Rules {
 public:
  explicit Rules(void* filter) : filter_(filter) {}

  // A name that this kernel's architecture does not have needs no rule.
  void allow(const char* name) { add(SCMP_ACT_ALLOW, name, {}); }
  template <class... Comparisons>
  void allow_if(const char* name, Comparisons... comparisons) {
    const std::array<scmp_arg_cmp, sizeof...(comparisons)> all{comparisons...};
    add(SCMP_ACT_ALLOW, name, all);
  }
  void answer(const char* name, int error) { add(SCMP_ACT_ERRNO(static_cast<unsigned>(error)), name, {}); }
  [[nodiscard]] const std::string& refused() const { return refused_; }

 private:
  void add(std::uint32_t action, const char* name, std::span<const scmp_arg_cmp> comparisons) {
    const int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR) return;
    const int outcome = seccomp_rule_add_array(filter_, action, call, static_cast<unsigned>(comparisons.size()),
                                               comparisons.empty() ? nullptr : comparisons.data());
    if (outcome != 0 && refused_.empty()) refused_ = std::string(name) + ": " + std::strerror(-outcome);
  }

  void* filter_;
  std::string refused_;
};

constexpr scmp_datum_t kWriteAndExecute = PROT_WRITE | PROT_EXEC;

// Those of which only some are harmless. Within one rule all comparisons must hold; of several rules one.
void add_judged(Rules& rules, PortKind port) {
  // Reading: not even an empty file is made.
  constexpr scmp_datum_t kReading = O_ACCMODE | O_CREAT | O_TRUNC;
  rules.allow_if("open", SCMP_A1_64(SCMP_CMP_MASKED_EQ, kReading, O_RDONLY));
  rules.allow_if("openat", SCMP_A2_64(SCMP_CMP_MASKED_EQ, kReading, O_RDONLY));
  // No raw packets, whatever capability the process was given. The type has flags beside it.
  constexpr scmp_datum_t kType = 0xF;
  for (const int family : {AF_UNIX, AF_INET, AF_INET6})
    for (const int type : {SOCK_STREAM, SOCK_DGRAM})
      rules.allow_if("socket", SCMP_A0_64(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)),
                     SCMP_A1_64(SCMP_CMP_MASKED_EQ, kType, static_cast<scmp_datum_t>(type)));
  rules.allow_if("socket", SCMP_A0_64(SCMP_CMP_EQ, static_cast<scmp_datum_t>(AF_NETLINK)));
  // No memory is written and then run: code comes from files (the resolver's modules) alone.
  rules.allow_if("mmap", SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  rules.allow_if("mmap", SCMP_A2_64(SCMP_CMP_MASKED_EQ, kWriteAndExecute, PROT_EXEC),
                 SCMP_A3_64(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));
  rules.allow_if("mprotect", SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // Threads, no processes. clone3 has its flags in memory, where no filter looks: the C library then takes clone.
  rules.allow_if("clone", SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  rules.answer("clone3", ENOSYS);
  constexpr int kPrSetName = 15;  // linux/prctl.h
  constexpr int kPrSetTimerSlack = 29;
  for (const int option : {kPrSetName, kPrSetTimerSlack})
    rules.allow_if("prctl", SCMP_A0_64(SCMP_CMP_EQ, static_cast<scmp_datum_t>(option)));
  // Asking for limits: the second argument would set one.
  rules.allow_if("prlimit64", SCMP_A2_64(SCMP_CMP_EQ, 0));
  // A failed CHECK ends the relay by a signal to itself.
  rules.allow_if("tgkill", SCMP_A0_64(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));
  if (port == PortKind::kEthernet) {
    rules.allow("ioctl");  // A driver's own requests, when its device is given back.
  } else {
    for (const unsigned long request : {FIONBIO, FIONREAD, TCGETS, SIOCGIFNAME, SIOCGIFINDEX, SIOCGIFFLAGS})
      rules.allow_if("ioctl", SCMP_A1_64(SCMP_CMP_EQ, request));
  }
}

Error failed(const std::string& step) {
  return {ErrorCode::kFailed, "cannot restrict the relay's system calls: " + step +
                                  "; relay.seccomp = \"off\" does without, where this kernel has no seccomp"};
}

}  // namespace

Result<Done> restrict_system_calls(SeccompMode mode, PortKind port) {
  if (mode == SeccompMode::kOff) return Done{};
  const Filter filter(seccomp_init(mode == SeccompMode::kLog ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return failed("seccomp_init");
  // For all threads, refusals into the kernel's log, found by halving instead of one after the other. This is no
  // guest's code, so that the processor need not be slowed down against it.
  for (const auto& [attribute, value] : {std::pair{SCMP_FLTATR_CTL_TSYNC, 1u},
                                         {SCMP_FLTATR_CTL_LOG, 1u},
                                         {SCMP_FLTATR_CTL_OPTIMIZE, 2u},
                                         {SCMP_FLTATR_CTL_SSB, 1u}})
    (void)seccomp_attr_set(filter.get(), attribute, value);
  Rules rules(filter.get());
  for (const char* name : kAllowed) rules.allow(name);
  if (port == PortKind::kEthernet)
    for (const char* name : kAllowedOnEthernet) rules.allow(name);
  add_judged(rules, port);
  if (!rules.refused().empty()) return failed(rules.refused());
  const int loaded = seccomp_load(filter.get());
  if (loaded != 0) return failed(std::strerror(-loaded));
  return Done{};
}

}  // namespace fanlight::control
