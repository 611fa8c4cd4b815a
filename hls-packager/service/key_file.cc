#include "service/key_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "config/open_file.h"

namespace fanlight::packager {
namespace {

constexpr mode_t kOthersBits = 0077;
constexpr off_t kFileBytesMax = 64 << 10;

}  // namespace

Result<std::vector<ContentKey>, std::vector<KeyFileProblem>> load_keys(const std::string& path) {
  const auto refused = [](std::string found, std::string accepted) {
    return std::vector<KeyFileProblem>{{0, std::move(found), std::move(accepted)}};
  };
  const control::OpenFile file(path);
  struct stat about {};
  if (file.fd() < 0 || fstat(file.fd(), &about) != 0)
    return refused(path + ", which cannot be read: " + std::strerror(errno), "a file of this user's");
  if (!S_ISREG(about.st_mode) || about.st_size > kFileBytesMax)
    return refused(path + ", which is no file of keys", "a regular file of 64 KiB at most");
  if ((about.st_mode & kOthersBits) != 0)
    return refused(path + " with mode " + control::octal(about.st_mode),
                   "mode 0600 or 0400, so that nobody else reads the keys: chmod 600 " + path);
  std::string text;
  if (!control::read_whole(file.fd(), text))
    return refused(path + ", which cannot be read: " + std::strerror(errno), "a file of this user's");
  auto keys = parse_keys(text);
  explicit_bzero(text.data(), text.size());
  if (keys) return keys;
  std::vector<KeyFileProblem> problems = keys.error();
  for (KeyFileProblem& one : problems)
    one.found = path + (one.line == 0 ? "" : ":" + std::to_string(one.line)) + ": " + one.found;
  return problems;
}

}  // namespace fanlight::packager
