// A file that the configuration names, opened to be judged and read.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <span>
#include <string>

namespace fanlight::control {

class OpenFile {
 public:
  // A pipe that nobody writes to must not hold up the relay.
  explicit OpenFile(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int fd() const { return fd_; }  // -1: errno says why.

 private:
  int fd_;
};

// As much as there is and `into` holds; empty on an error.
inline std::optional<std::size_t> read_up_to(int fd, std::span<char> into) {
  std::size_t size = 0;
  while (size < into.size()) {
    const ssize_t got = read(fd, into.data() + size, into.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

// False on an error of the file's.
inline bool read_whole(int fd, std::string& text) {
  char part[16'384];
  while (const std::optional<std::size_t> size = read_up_to(fd, part)) {
    text.append(part, *size);
    if (*size == sizeof part) continue;
    explicit_bzero(part, sizeof part);  // Secrets may have passed.
    return true;
  }
  explicit_bzero(part, sizeof part);
  return false;
}

// Whether that user may read it, by its mode; nothing is said of its directories. Further groups go with root.
inline bool may_read(const struct stat& file, unsigned user, unsigned group) {
  if (file.st_uid == user) return (file.st_mode & S_IRUSR) != 0;
  return (file.st_mode & (file.st_gid == group ? S_IRGRP : S_IROTH)) != 0;
}

// With one of these in its mode, strangers read a file or its group changes it. Reading is the group's: it may be the
// relay's, and so root gives it a file and nobody else.
inline constexpr mode_t kLooseBits = 0027;

// "0640"
inline std::string octal(mode_t mode) {
  char digits[8];
  std::snprintf(digits, sizeof digits, "%04o", mode & 07777u);
  return digits;
}

}  // namespace fanlight::control
