#include "access/key_watch.h"

#include <algorithm>

namespace fanlight::control {

bool KeyWatch::is_needed() const {
  return std::ranges::any_of(issuers_, [](const IssuerRule& issuer) { return !issuer.jwks.empty(); });
}

std::vector<KeyWatch::News> KeyWatch::look() {
  std::vector<News> news;
  for (IssuerRule& issuer : issuers_) {
    if (issuer.jwks.empty()) continue;
    const std::optional<FileStamp> stamp = stamp_of(issuer.jwks);
    if (stamp == issuer.jwks_stamp) continue;
    issuer.jwks_stamp = stamp;  // Taken before the file is read: a change meanwhile is seen at the next look.
    news.push_back(read(issuer));
  }
  return news;
}

KeyWatch::News KeyWatch::read(IssuerRule& issuer) {
  Result<std::vector<jose::Key>> keys = read_jwks_file(issuer.jwks);
  const std::string who = "issuer " + issuer.name + ": " + issuer.jwks;
  if (!keys) return {false, who + " " + keys.error().what + "; the keys in use stay"};
  issuer.keys = *std::move(keys);
  return {true, who + " was read again, " + std::to_string(issuer.keys.size()) + " keys"};
}

}  // namespace fanlight::control
