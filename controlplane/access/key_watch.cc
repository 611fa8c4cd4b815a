#include "access/key_watch.h"

#include <algorithm>

namespace fanlight::control {
namespace {

std::string title_of(const IssuerRule& issuer) { return "issuer " + issuer.name + ": " + issuer.jwks; }

}  // namespace

bool KeyWatch::is_needed() const {
  return std::ranges::any_of(issuers_, [](const IssuerRule& issuer) { return !issuer.jwks.empty(); });
}

std::vector<KeyWatch::News> KeyWatch::look() {
  std::vector<News> news;
  for (IssuerRule& issuer : issuers_) {
    if (issuer.jwks.empty()) continue;
    const std::optional<FileStamp> stamp = stamp_of(issuer.jwks);
    const bool was_gone = !issuer.jwks_stamp;
    if (stamp == issuer.jwks_stamp && (!was_gone || issuer.keys.empty())) continue;
    issuer.jwks_stamp = stamp;  // Taken before the file is read: a change meanwhile is seen at the next look.
    if (stamp)
      news.push_back(read(issuer));
    else if (was_gone)
      news.push_back(miss(issuer));
    else
      news.push_back({false, true, title_of(issuer) + " is gone; the keys in use stay until it is missed again"});
  }
  return news;
}

KeyWatch::News KeyWatch::read(IssuerRule& issuer) {
  Result<std::vector<jose::Key>> keys = read_jwks_file(issuer.jwks);
  if (!keys) return {false, true, title_of(issuer) + " " + keys.error().what + "; the keys in use stay"};
  issuer.keys = *std::move(keys);
  if (issuer.keys.empty())
    return {true, true, title_of(issuer) + " has no key that may verify: none of its tokens counts"};
  return {true, false, title_of(issuer) + " was read again, " + std::to_string(issuer.keys.size()) + " keys"};
}

KeyWatch::News KeyWatch::miss(IssuerRule& issuer) {
  issuer.keys.clear();
  return {true, true, title_of(issuer) + " is still gone: none of its tokens counts until it is back"};
}

}  // namespace fanlight::control
