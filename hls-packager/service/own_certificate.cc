#include "service/own_certificate.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <system_error>

#include "http/certificate.h"
#include "http/sockets.h"

namespace fanlight::packager {
namespace {

using std::filesystem::path;

// Whoever holds it makes the pair; closing it lets go. Where none can be had (it is somebody else's) nobody is waited
// for.
Descriptor lock(const path& file) {
  Descriptor held(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (held.is_open()) flock(held.get(), LOCK_EX);
  return held;
}

// A power cut leaves what was there before, or this, and no empty files.
bool make_last(const path& file) {
  const Descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  return opened.is_open() && fsync(opened.get()) == 0;
}

// Key and certificate are one file, so that there is no moment at which they do not match.
Result<Done> put(const path& file) {
  const path fresh = path(file) += ".new";
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

Result<std::shared_ptr<TlsContext>> open_own_certificate(const path& folder) {
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
  const Descriptor held = lock(folder / "localhost.lock");
  auto known = open_pair();
  if (is_good(known)) return known;  // Another one was faster.
  if (Result<Done> written = put(file); !written) {
    if (!known) return written.error();
    spdlog::warn("our own certificate ends soon, or has, and stays: {}", written.error().what);
    return known;
  }
  std::filesystem::remove(key_beside, failed);
  spdlog::warn("no certificate is named: {} is our own, for localhost alone", file.string());
  return open_pair();
}

}  // namespace fanlight::packager
