#include "config/secret_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "base/result.h"
#include "config/open_file.h"

namespace fanlight::control {
namespace {

// What stands in a Problem.
struct Refusal {
  std::string found;
  std::string accepted;
};

enum class Keeper { kOwner, kServiceManager };

struct Place {
  std::string path;
  Keeper keeper;
};

std::string user(uid_t uid) { return uid == 0 ? "root" : "user " + std::to_string(uid); }

Refusal cannot_open(const std::string& path, int error) {
  std::string accepted = "a file that " + user(geteuid()) + " may read";
  if (error == EACCES) accepted += ": chown it to that user and chmod 600 it, its directories passable";
  if (error == ENOENT) accepted = "the path of a file";
  return {path + ", which cannot be read: " + std::strerror(error), std::move(accepted)};
}

// A credential is the service manager's affair, in a directory that only the service's user enters; the bits of the
// group are there the mask of an ACL that names this user.
// A file that root alone reads would be there at the start and gone at the first reload, when the relay is not root.
std::optional<Refusal> judge_file(const Place& place, const SecretPlaces& places, const struct stat& file) {
  if (!S_ISREG(file.st_mode)) return Refusal{place.path + ", which is no regular file", "a regular file"};
  const mode_t forbidden = place.keeper == Keeper::kServiceManager ? 0027 : 0077;
  if ((file.st_mode & forbidden) != 0)
    return Refusal{place.path + " with mode " + octal(file.st_mode),
                   "mode 0600 or 0400, so that nobody else reads the secret: chmod 600 " + place.path};
  const bool is_for_another = places.later && place.keeper == Keeper::kOwner;
  if (is_for_another && file.st_uid != places.later->user)
    return Refusal{place.path + " of " + user(file.st_uid),
                   "a file of relay.user, which reads it at a reload: chown " + places.later->name + " " + place.path};
  if (!is_for_another && file.st_uid != 0 && file.st_uid != geteuid())
    return Refusal{place.path + " of " + user(file.st_uid),
                   "a file of root's or of the relay's user (" + user(geteuid()) + "): chown it"};
  return std::nullopt;
}

// The first line, or as much as tells that it is too long. Fills `line`, which the caller wipes.
bool read_line(int fd, std::vector<char>& line) {
  const std::optional<std::size_t> size = read_up_to(fd, line);
  if (!size) return false;
  auto end = std::find(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(*size), '\n');
  if (end != line.begin() && *(end - 1) == '\r') --end;
  explicit_bzero(&*end, static_cast<std::size_t>(line.end() - end));
  line.resize(static_cast<std::size_t>(end - line.begin()));
  return true;
}

Result<std::string, Refusal> read_place(const Place& place, const SecretPlaces& places, IntegerRange bytes) {
  const OpenFile file(place.path);
  struct stat about {};
  if (file.fd() < 0 || fstat(file.fd(), &about) != 0) return cannot_open(place.path, errno);
  if (auto refusal = judge_file(place, places, about)) return *std::move(refusal);
  std::vector<char> line(static_cast<std::size_t>(bytes.most) + 3);  // A longer line, and both ends of one that fits.
  if (!read_line(file.fd(), line)) return cannot_open(place.path, errno);
  const auto size = static_cast<std::int64_t>(line.size());
  std::string secret(line.begin(), line.end());
  explicit_bzero(line.data(), line.size());
  if (size >= bytes.least && size <= bytes.most) return secret;
  explicit_bzero(secret.data(), secret.size());
  const std::string found = size > bytes.most ? "more than " + std::to_string(bytes.most) : std::to_string(size);
  return Refusal{"a first line of " + found + " bytes in " + place.path, show(bytes) + " bytes"};
}

Result<Place, Refusal> place_of_credential(const std::string& name) {
  if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos)
    return Refusal{quoted(name), "a credential's name, as LoadCredential=NAME:PATH gives it"};
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0')
    return Refusal{quoted(name) + ", and $CREDENTIALS_DIRECTORY is not set",
                   "credentials under systemd alone, with LoadCredential=" + name + ":PATH in the unit"};
  return Place{std::string{directory} + "/" + name, Keeper::kServiceManager};
}

struct Keys {
  std::string file;
  std::string credential;
};

Keys places_of(std::string_view key) { return {std::string{key} + "_file", std::string{key} + "_credential"}; }

std::string taken(FieldReader& reader, const std::string& key, Result<std::string, Refusal> secret) {
  if (secret) return *std::move(secret);
  reader.complain(key, std::move(secret.error().found), std::move(secret.error().accepted));
  return {};
}

}  // namespace

bool has_secret(const FieldReader& reader, std::string_view key) {
  const Keys keys = places_of(key);
  return reader.has(key) || reader.has(keys.file) || reader.has(keys.credential);
}

bool is_laid_open(FieldReader& reader, std::string_view key) {
  if (!reader.places() || !reader.places()->loose_mode) return false;
  reader.complain(key, "a secret in a file with mode " + octal(*reader.places()->loose_mode),
                  "one that nobody else reads or changes: chmod 640 " + reader.places()->file +
                      " with the relay's group, else chmod 600; or a file of its own for the secret");
  return true;
}

std::string read_secret(FieldReader& reader, std::string_view key, IntegerRange bytes) {
  const Keys keys = places_of(key);
  if (!reader.places()) {
    for (const std::string& place : {keys.file, keys.credential})
      if (reader.has(place)) {
        (void)reader.text(place);
        reader.complain(place, "a place to read", std::string{key} + " itself: over the API the relay reads no files");
      }
    return reader.secret(key, bytes);
  }
  std::string secret = reader.secret(key, bytes);
  const std::string path = reader.text(keys.file);
  const std::string name = reader.text(keys.credential);
  const int written = int{reader.has(key)} + int{reader.has(keys.file)} + int{reader.has(keys.credential)};
  if (written > 1) {
    explicit_bzero(secret.data(), secret.size());
    reader.complain(key, std::to_string(written) + " places for one secret",
                    "one of " + std::string{key} + ", " + keys.file + ", " + keys.credential);
    return {};
  }
  if (!secret.empty() && is_laid_open(reader, key)) {
    explicit_bzero(secret.data(), secret.size());
    return {};
  }
  if (!path.empty())
    return taken(reader, keys.file,
                 read_place({path.starts_with('/') ? path : reader.places()->directory + path, Keeper::kOwner},
                            *reader.places(), bytes));
  if (reader.has(keys.file)) reader.complain(keys.file, "an empty path", "the path of a file");
  if (!reader.has(keys.credential)) return secret;
  Result<Place, Refusal> place = place_of_credential(name);
  return taken(
      reader, keys.credential,
      place ? read_place(*place, *reader.places(), bytes) : Result<std::string, Refusal>(std::move(place.error())));
}

}  // namespace fanlight::control
