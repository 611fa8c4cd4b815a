#include "config/key_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "config/open_file.h"
#include "config/secret.h"
#include "jose/jwks.h"

namespace fanlight::control {
namespace {

struct KeyFile {
  std::string text;
  mode_t mode = 0;
};

Error unreadable(int error) { return {ErrorCode::kNoRights, std::string{"cannot be read: "} + std::strerror(error)}; }
Error wrong(std::string what) { return {ErrorCode::kInvalid, std::move(what)}; }

// False on an error of the file's. Reads a byte more than there may be, at most.
bool read_all(int fd, std::string& text) {
  text.resize(kKeyFileBytesMax + 1);
  const std::optional<std::size_t> size = read_up_to(fd, text);
  text.resize(size.value_or(0));
  return size.has_value();
}

Result<KeyFile> read_key_file(const std::string& path, const std::optional<LaterReader>& later) {
  const OpenFile file(path);
  struct stat about {};
  if (file.fd() < 0 || fstat(file.fd(), &about) != 0) return unreadable(errno);
  if (!S_ISREG(about.st_mode)) return wrong("is no regular file");
  if (about.st_uid != 0 && about.st_uid != geteuid() && !(later && about.st_uid == later->user))
    return wrong("belongs to user " + std::to_string(about.st_uid) +
                 ", who can put keys into it: chown it to root or to the relay's user");
  if ((about.st_mode & 0022) != 0)
    return wrong("has mode " + octal(about.st_mode) + ", so that others can put keys into it: chmod go-w");
  if (later && !may_read(about, later->user, later->group))
    return wrong("relay.user may not read at a reload: chown " + later->name +
                 " it, or let others read what is public");
  KeyFile out{.text = {}, .mode = about.st_mode};
  if (!read_all(file.fd(), out.text)) return unreadable(errno);
  if (out.text.size() > kKeyFileBytesMax) return wrong("is longer than " + std::to_string(kKeyFileBytesMax) + " bytes");
  return out;
}

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

Result<std::vector<jose::Key>> read_jwks_file(const std::string& path, const std::optional<LaterReader>& later) {
  Result<KeyFile> file = read_key_file(path, later);
  if (!file) return file.error();
  Result<std::vector<jose::Key>> keys = jose::parse_jwks(file->text);
  wipe(file->text);
  if (!keys) return wrong("is not taken: " + keys.error().what);
  const bool has_secret = std::ranges::any_of(*keys, &jose::Key::is_secret);
  if (has_secret && (file->mode & 0077) != 0)
    return wrong("has a secret (\"oct\") in it and mode " + octal(file->mode) + ": chmod 600");
  return keys;
}

Result<jose::Key> read_public_key_file(const std::string& path, const std::optional<LaterReader>& later) {
  const Result<KeyFile> file = read_key_file(path, later);
  if (!file) return file.error();
  Result<jose::Key> key = jose::Key::of_pem(file->text);
  return key ? std::move(key) : wrong("is not taken: " + key.error().what);
}

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return std::nullopt;
  return FileStamp{.device = about.st_dev,
                   .inode = about.st_ino,
                   .bytes = about.st_size,
                   .modified_ns = nanoseconds(about.st_mtim),
                   .changed_ns = nanoseconds(about.st_ctim)};
}

}  // namespace fanlight::control
