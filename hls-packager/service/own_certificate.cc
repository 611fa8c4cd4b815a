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

struct Pair {
  path certificate, key;
};

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

// Between the two renames the pair does not match: who finds it so makes another.
Result<Done> put_pair(const Pair& to) {
  const Pair fresh{path(to.certificate) += ".new", path(to.key) += ".new"};
  std::error_code failed;
  for (const path& file : {fresh.certificate, fresh.key}) std::filesystem::remove(file, failed);
  if (Result<Done> written = write_self_signed_certificate(fresh.certificate, fresh.key); !written) return written;
  for (const path& file : {fresh.certificate, fresh.key})
    if (!make_last(file)) return Error{ErrorCode::kFailed, "cannot write " + file.string() + ": is the disk full?"};
  for (const auto& [from, name] : {std::pair{fresh.key, to.key}, {fresh.certificate, to.certificate}}) {
    std::filesystem::rename(from, name, failed);
    if (failed) return Error{ErrorCode::kFailed, "cannot write " + name.string() + ": " + failed.message()};
  }
  make_last(to.key.parent_path());
  return Done{};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> open_own_certificate(const path& folder) {
  const Pair pair{folder / "localhost.pem", folder / "localhost.key"};
  const auto open_pair = [&] { return TlsContext::open(pair.certificate, pair.key); };
  const auto is_good = [&](const auto& known) { return known && !is_self_signed_to_renew(pair.certificate); };
  if (auto known = open_pair(); is_good(known)) return known;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  const Descriptor held = lock(folder / "localhost.lock");
  auto known = open_pair();
  if (is_good(known)) return known;  // Another one was faster.
  if (Result<Done> put = put_pair(pair); !put) {
    if (!known) return put.error();
    spdlog::warn("our own certificate ends soon, or has, and stays: {}", put.error().what);
    return known;
  }
  spdlog::warn("no certificate is named: {} is our own, for localhost alone", pair.certificate.string());
  return open_pair();
}

}  // namespace fanlight::packager
