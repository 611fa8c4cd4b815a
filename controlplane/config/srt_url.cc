#include "config/srt_url.h"

#include <algorithm>
#include <optional>

#include "config/numbers.h"
#include "config/percent.h"
#include "config/stream_rule.h"
#include "config/url_scheme.h"

namespace fanlight::control {
namespace {

constexpr std::size_t kStreamIdBytesMax = 512;
constexpr std::size_t kHostBytesMax = 253;

// "HOST:PORT" or "[ADDRESS]:PORT". False when it is neither.
bool read_authority(std::string_view text, SrtUrl& url) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  const auto port = whole_number(text.substr(colon + 1), 65'535);
  if (!port || *port == 0) return false;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of("[]:@") != std::string_view::npos) {
    return false;
  }
  if (host.empty() || host.size() > kHostBytesMax) return false;
  url.host = host;
  url.port = static_cast<std::uint16_t>(*port);
  return true;
}

// What is wrong with it; empty when nothing is.
std::optional<std::string> read_option(std::string_view key, const std::string& value, SrtUrl& url) {
  const auto number = whole_number(value, kLatencyMs.most);
  if (key == "streamid") {
    if (value.empty() || value.size() > kStreamIdBytesMax || value.find('\0') != std::string::npos)
      return "streamid must be 1 to 512 bytes";
    url.stream_id = value;
  } else if (key == "passphrase") {
    const auto size = static_cast<std::int64_t>(value.size());
    if (size < kPassphraseBytes.least || size > kPassphraseBytes.most)
      return "passphrase has " + std::to_string(size) + " bytes and must have " + show(kPassphraseBytes);
    url.passphrase = value;
  } else if (key == "latency") {
    if (!number || *number < kLatencyMs.least) return "latency must be " + show(kLatencyMs) + " (milliseconds)";
    url.latency = millis(*number);
  } else if (key == "pbkeylen") {
    if (number != 16 && number != 24 && number != 32) return "pbkeylen must be 16, 24 or 32";
    url.has_key_bytes = true;
    url.key_bytes = static_cast<std::uint16_t>(*number);
  } else if (key == "mode") {
    if (value != "caller") return "mode must be caller, for it is the relay that calls";
  } else {
    return "an unknown option; there are streamid, passphrase, latency, pbkeylen and mode=caller";
  }
  return std::nullopt;
}

// A token is whoever has it. access/stream_id.h says where one stands; the escapes of a URL may be doubled.
std::string without_token(const std::string& stream_id) {
  constexpr std::string_view kToken = "jwt=";
  std::string text = percent_decoded(stream_id).value_or(stream_id);
  std::size_t at = text.find(kToken);
  if (at == std::string::npos) return stream_id;
  for (; at != std::string::npos; at = text.find(kToken, at)) {
    at += kToken.size();
    text.replace(at, std::min(text.find_first_of(",&", at), text.size()) - at, "...");
  }
  return text;
}

}  // namespace

Result<SrtUrl, std::string> parse_srt_url(std::string_view text) {
  if (!has_scheme(text, kSrtScheme)) return std::string{"not an SRT URL"};
  text.remove_prefix(kSrtScheme.size());
  const std::size_t mark = text.find('?');
  std::string_view query = mark == std::string_view::npos ? "" : text.substr(mark + 1);
  std::string_view authority = text.substr(0, mark);
  if (authority.ends_with('/')) authority.remove_suffix(1);
  SrtUrl url;
  if (!read_authority(authority, url)) return std::string{"no host and port"};
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const auto value = percent_decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!value) return std::string{"a malformed percent escape in the query"};
    if (auto fault = read_option(pair.substr(0, equals), *value, url)) return *std::move(fault);
  }
  return url;
}

std::string public_text(const SrtUrl& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  std::string text =
      std::string{kSrtScheme} + (is_v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
  char mark = '?';
  const auto add = [&](std::string_view key, std::string_view value) {
    text.append(1, mark).append(key).append("=").append(percent_encoded_value(value));
    mark = '&';
  };
  if (!url.stream_id.empty()) add("streamid", without_token(url.stream_id));
  if (url.latency > Micros{}) add("latency", std::to_string(url.latency.count / 1000));
  if (!url.passphrase.empty() && url.key_bytes != 16) add("pbkeylen", std::to_string(url.key_bytes));
  return text;
}

}  // namespace fanlight::control
