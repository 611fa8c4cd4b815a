#include "config/webhook_rule.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ip.h"
#include "config/letters.h"
#include "config/open_file.h"
#include "config/secret_source.h"
#include "config/stream_rule.h"

namespace fanlight::control {
namespace {

constexpr std::size_t kHostBytesMax = 253;
constexpr std::size_t kUrlBytesMax = 2'048;
constexpr std::size_t kNameBytesMax = 64;

// RFC 3986's characters of a path and query; nothing that could begin another line of the request.
bool is_target(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || std::string_view{"-._~:/?[]@!$&'()*+,;=%"}.find(c) != std::string_view::npos;
  });
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= kHostBytesMax &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
}

bool read_port(std::string_view text, HttpUrl& url) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), url.port);
  return error == std::errc{} && end == text.data() + text.size() && url.port != 0;
}

bool read_authority(std::string_view text, HttpUrl& url) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    url.host = text.substr(1, end - 1);
    const auto address = IpAddress::parse(url.host);
    if (!address || address->is_v4()) return false;
    text.remove_prefix(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    if (!is_host(url.host)) return false;
    text.remove_prefix(colon);
  }
  return text.empty() || (text.front() == ':' && read_port(text.substr(1), url));
}

std::string read_name(FieldReader& reader) {
  std::string name = reader.text("name");
  const bool is_good = !name.empty() && name.size() <= kNameBytesMax &&
                       std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
  if (!is_good)
    reader.complain("name", reader.has("name") ? quoted(name) : "nothing",
                    "1 to 64 letters, digits, hyphens and underscores");
  return name;
}

// What is asked may hold a token, what is answered a passphrase: neither crosses a network in the clear unasked.
void read_url(FieldReader& reader, WebhookRule& rule) {
  const Result<HttpUrl, std::string> url = parse_http_url(reader.text("url"));
  const bool may_be_clear = reader.flag("insecure", false);
  if (!url) {
    reader.complain("url", reader.has("url") ? "one that cannot be used: " + url.error() : "nothing",
                    "https://HOST[:PORT]/PATH, or http:// to this host");
    return;
  }
  rule.url = *url;
  if (!url->is_tls && !url->is_loopback() && !may_be_clear)
    reader.complain("url", "http:// to another host", "https://, or insecure = true: tokens and passphrases go clear");
}

void read_ca_file(FieldReader& reader, WebhookRule& rule) {
  rule.ca_file = reader.text("ca_file");
  if (!reader.has("ca_file")) return;
  if (!rule.ca_file.starts_with('/') && reader.places()) rule.ca_file = reader.places()->directory + rule.ca_file;
  if (!rule.url.is_tls) reader.complain("ca_file", "one beside an http:// URL", "an https:// URL");
  const OpenFile file(rule.ca_file);
  struct stat about {};
  if (file.fd() < 0 || fstat(file.fd(), &about) != 0 || !S_ISREG(about.st_mode))
    return reader.complain("ca_file", quoted(rule.ca_file) + ", which cannot be read", "a file of PEM certificates");
  const auto later = reader.places() ? reader.places()->later : std::nullopt;
  if (later && !may_read(about, later->user, later->group))
    reader.complain("ca_file", quoted(rule.ca_file) + ", which relay.user may not read at a reload",
                    "a file that " + later->name + " reads too: chmod a+r it");
}

// What stands in a header must not begin another one.
bool is_header_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

Secret read_hook_secret(FieldReader& reader, std::string_view key) {
  std::string text = read_secret(reader, key, kPassphraseBytes);
  if (key == "token" && !is_header_text(text)) {
    reader.complain(key, "one with other bytes", "printable ASCII alone");
    wipe(text);
  }
  const Secret secret = Secret(text);
  wipe(text);
  return secret;
}

}  // namespace

bool HttpUrl::is_loopback() const {
  if (host == "localhost") return true;
  const auto address = IpAddress::parse(host);
  return address && (address->is_v4() ? host.starts_with("127.") : *address == IpAddress::parse("::1"));
}

std::string HttpUrl::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (is_tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

Result<HttpUrl, std::string> parse_http_url(std::string_view text) {
  HttpUrl url;
  url.is_tls = text.starts_with("https://");
  if (!url.is_tls && !text.starts_with("http://")) return std::string{"it begins with neither https:// nor http://"};
  if (text.size() > kUrlBytesMax) return std::string{"it is longer than 2,048 bytes"};
  url.port = url.is_tls ? 443 : 80;
  text.remove_prefix(url.is_tls ? 8 : 7);
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view authority = text.substr(0, end);
  const std::string_view target = text.substr(end);
  if (authority.find('@') != std::string_view::npos)
    return std::string{"a user name in it; a token goes into token_file"};
  if (!read_authority(authority, url)) return std::string{"no host, or a port that is none"};
  if (!is_target(target)) return std::string{"a fragment, or characters that must be percent-encoded"};
  url.target = target.starts_with('/') ? std::string{target} : "/" + std::string{target};
  return url;
}

WebhookRule read_webhook_rule(FieldReader& reader) {
  WebhookRule rule;
  rule.name = read_name(reader);
  read_url(reader, rule);
  read_ca_file(reader, rule);
  rule.timeout = millis(reader.integer("timeout_ms", {50, 2'500}, 1'000));
  rule.concurrency = static_cast<std::uint32_t>(reader.integer("concurrency", {1, 256}, 16));
  rule.negative_cache = seconds(reader.integer("negative_cache_s", {0, 3'600}, 5));
  rule.token = read_hook_secret(reader, "token");
  rule.signing_key = read_hook_secret(reader, "signing_key");
  reader.finish();
  return rule;
}

EventsRule read_events_rule(FieldReader& reader) {
  EventsRule rule;
  rule.webhook = reader.text("webhook");
  reader.finish();
  return rule;
}

}  // namespace fanlight::control
