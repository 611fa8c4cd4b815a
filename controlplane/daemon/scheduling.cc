#include "daemon/scheduling.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fanlight::control {
namespace {

constexpr int kControlNice = 10;                          // A weight of 110 beside 1,024.
constexpr unsigned long long kTurnNanoseconds = 100'000;  // The least that the kernel takes.

}  // namespace

// Linux knows the priority of threads: 0 is the calling one.
void give_way_to_workers() noexcept { (void)setpriority(PRIO_PROCESS, 0, kControlNice); }

void ask_for_short_turns() noexcept {
  sched_attr wanted{};
  wanted.size = sizeof wanted;
  wanted.sched_policy = SCHED_NORMAL;
  wanted.sched_nice = getpriority(PRIO_PROCESS, 0);
  wanted.sched_runtime = kTurnNanoseconds;
  (void)syscall(SYS_sched_setattr, 0, &wanted, 0);
}

}  // namespace fanlight::control
