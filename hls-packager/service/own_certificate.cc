#include "service/own_certificate.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "http/certificate.h"
#include "http/sockets.h"

namespace fanlight::packager {
namespace {

using std::filesystem::path;

// Whoever holds it makes the pair; closing it lets go. Not open: it cannot be had, because it is somebody else's or
// another process keeps it. Such a one may never let go (stopped, or a child that inherited it), and to serve nothing
// for its sake is worse than two that write: what they write has names of its own, and the last one stays.
Descriptor lock(const path& file, Micros patience) {
  using Clock = std::chrono::steady_clock;
  Descriptor held(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const auto until = Clock::now() + std::chrono::microseconds(patience.count);
  for (bool is_said = false; held.is_open() && flock(held.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return {};  // No locks here, as on some network file systems.
    if (!std::exchange(is_said, true))
      spdlog::info("waits up to {} s for {}, which another process holds", static_cast<double>(patience.count) * 1e-6,
                   file.string());
    if (Clock::now() >= until) {
      spdlog::warn("{} is still held by another process (fuser, lslocks): goes on without", file.string());
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return held;
}

// A power cut leaves what was there before, or this, and no empty files.
bool make_last(const path& file) {
  const Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  return opened.is_open() && fsync(opened.get()) == 0;
}

// Key and certificate are one file, so that there is no moment at which they do not match.
Result<Done> put(const path& file, const path& fresh) {
  std::error_code failed;
  std::filesystem::remove(fresh, failed);
  if (Result<Done> written = write_self_signed_certificate(fresh, fresh); !written) return written;
  if (!make_last(fresh)) return Error{ErrorCode::kFailed, "cannot write " + fresh.string() + ": is the disk full?"};
  std::filesystem::rename(fresh, file, failed);
  if (failed) return Error{ErrorCode::kFailed, "cannot write " + file.string() + ": " + failed.message()};
  make_last(file.parent_path());
  return Done{};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> open_own_certificate(const path& folder, Micros patience) {
  const path file = folder / "localhost.pem", key_beside = folder / "localhost.key";
  // The key beside it is of one that somebody put there, or of an earlier packager.
  const auto open_pair = [&] {
    auto whole = TlsContext::open(file, file);
    return whole ? whole : TlsContext::open(file, key_beside);
  };
  const auto is_good = [&](const auto& known) { return known && !is_self_signed_to_renew(file); };
  if (auto known = open_pair(); is_good(known)) return known;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const Descriptor held = lock(folder / "localhost.lock", patience);
  auto known = open_pair();
  if (is_good(known)) return known;  // Another one was faster.
  const path fresh = path(file) += held.is_open() ? ".new" : "." + std::to_string(getpid()) + ".new";
  if (Result<Done> written = put(file, fresh); !written) {
    if (!known) return written.error();
    spdlog::warn("our own certificate ends soon, or has, and stays: {}", written.error().what);
    return known;
  }
  std::filesystem::remove(key_beside, failed);
  spdlog::warn("no certificate is named: {} is our own, for localhost alone", file.string());
  return open_pair();
}

}  // namespace fanlight::packager
