#include "api/socket_file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "api/socket_path.h"

namespace fanlight::control {
namespace {

constexpr int kBacklog = 64;

Error failed(const std::string& path, int error) {
  const bool is_rights = error == EACCES || error == EPERM || error == EROFS;
  const ErrorCode code = is_rights ? ErrorCode::kNoRights : ErrorCode::kFailed;
  std::string what = "cannot open the control API's socket " + path + ": " + std::strerror(error);
  if (is_rights) what += "; run as a user who may write there, or set relay.api to another path";
  if (error == ENOENT) what += "; create its directory, or set relay.api to another path";
  return {code, std::move(what)};
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, kSocketPathBytesMax);
  return address;
}

int open_socket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// A full backlog (EAGAIN) is an answer too: only a refusal says that nobody is there.
bool is_answered(const sockaddr_un& address) {
  const int fd = open_socket();
  const int refused = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  close(fd);
  return refused == 0 || error != ECONNREFUSED;
}

Result<Done> clear_way(const std::string& path, const sockaddr_un& address) {
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0) return errno == ENOENT ? Result<Done>(Done{}) : failed(path, errno);
  if (!S_ISSOCK(file.st_mode))
    return Error{ErrorCode::kInUse, path + " is a file and no socket; set relay.api to another path"};
  if (is_answered(address))
    return Error{ErrorCode::kInUse,
                 "the control API's socket " + path +
                     " is in use: another relay answers there; stop it, or set relay.api to another path"};
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path, errno);
  return Done{};
}

// One level, ours alone: /run/fanlight and /tmp/fanlight-UID are not there before the first start. A directory in /tmp
// that somebody else made is refused.
Result<Done> make_directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return Done{};
  const std::string directory = path.substr(0, slash);
  if (mkdir(directory.c_str(), S_IRWXU) == 0 || errno != EEXIST) return Done{};  // bind() says what is wrong.
  struct stat found {};
  const bool is_strange = directory.starts_with("/tmp/fanlight-") && lstat(directory.c_str(), &found) == 0 &&
                          (!S_ISDIR(found.st_mode) || found.st_uid != geteuid());
  if (is_strange)
    return Error{ErrorCode::kNoRights, directory + " belongs to somebody else; set relay.api to another path"};
  return Done{};
}

// Until listen() every connect() is refused, so nobody slips in before the mode is set.
bool bind_private(int fd, const sockaddr_un& address) {
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
         chmod(address.sun_path, S_IRUSR | S_IWUSR) == 0 && listen(fd, kBacklog) == 0;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

}  // namespace

Result<Done> prepare_place(const std::string& path, unsigned uid, unsigned gid) {
  const std::string directory = directory_of(path);
  const bool is_made = !directory.empty() && mkdir(directory.c_str(), S_IRWXU) == 0;
  // A link that somebody put there is not followed.
  if ((is_made || directory == "/run/fanlight") && lchown(directory.c_str(), uid, gid) != 0 && errno != ENOENT)
    return failed(path, errno);
  return clear_way(path, address_of(path));
}

Result<int> listen_at(const std::string& path) {
  if (path.empty() || path.size() > kSocketPathBytesMax)
    return Error{ErrorCode::kInvalid, "the path of the control API's socket must have 1 to 107 bytes: " + path};
  const sockaddr_un address = address_of(path);
  const Result<Done> made = make_directory(path);
  if (!made) return made.error();
  const Result<Done> cleared = clear_way(path, address);
  if (!cleared) return cleared.error();
  const int fd = open_socket();
  if (fd >= 0 && bind_private(fd, address)) return fd;
  const int error = errno;
  if (fd >= 0) close(fd);
  return failed(path, error);
}

}  // namespace fanlight::control
