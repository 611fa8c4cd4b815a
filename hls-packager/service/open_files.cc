#include "service/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace fanlight::packager {
namespace {

constexpr std::uint64_t kOthers = 64;     // Listeners, logs, libsrt's threads, a lookup's sockets.
constexpr std::uint64_t kEachStream = 4;  // Its socket, the next one's while this is closed, and libsrt's own.
constexpr std::uint64_t kConnectionsMin = 8;

}  // namespace

std::uint64_t raise_open_files() noexcept {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  rlimit raised = files;
  raised.rlim_cur = files.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : files.rlim_cur;
}

std::size_t connections_within(std::uint64_t open_files_max, std::size_t streams, std::size_t wanted) noexcept {
  const std::uint64_t reserve = kOthers + kEachStream * streams;
  const std::uint64_t room = open_files_max > reserve ? open_files_max - reserve : 0;
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(room, std::min<std::uint64_t>(kConnectionsMin, wanted), wanted));
}

}  // namespace fanlight::packager
