#include "access/stream_id.h"

#include <algorithm>
#include <optional>

#include "config/percent.h"
#include "contract/limits.h"
#include "jose/text.h"

namespace fanlight::control {
namespace {

using wire::Reject;

// Cuts `text` at the first `separator`: what stands before it; `text` keeps what stands behind, or becomes empty.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return head;
}

// Length of the UTF-8 sequence that `lead` starts; 0 when it cannot start one.
std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_second_byte_in_range(unsigned char lead, unsigned char second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second <= 0x8F;
  return true;
}

// The user is shown in tables, logs and JSON: it must be text, and must not steer a terminal.
bool is_user(std::string_view text) {
  if (!jose::is_plain(text)) return false;
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = utf8_length(lead);
    if (length == 0 || length > text.size()) return false;
    for (std::size_t i = 1; i < length; ++i)
      if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return false;
    if (length > 1 && !is_second_byte_in_range(lead, static_cast<unsigned char>(text[1]))) return false;
    text.remove_prefix(length);
  }
  return true;
}

// The keys that mean something here; empty where one did not come. Values are decoded.
struct Keys {
  std::optional<std::string> resource, mode, user, type, token;
};

// What differs between `#!::r=a,m=b` and the query of `a?m=b&u=c`.
struct Form {
  char separator;
  bool is_query;  // Keys have long names as well, words without '=' mean nothing, and the path names the resource.
};
constexpr Form kKeyList{',', false};
constexpr Form kQuery{'&', true};

std::optional<std::string>* slot_of(Keys& keys, std::string_view key, bool is_query) {
  if (key == "r" && !is_query) return &keys.resource;
  if (key == "m" || (is_query && key == "mode")) return &keys.mode;
  if (key == "u" || (is_query && key == "user")) return &keys.user;
  if (key == "t") return &keys.type;
  if (key == "jwt") return &keys.token;
  return nullptr;  // s=, h=, reserved, or a vendor's: bmd_uuid=…
}

// False on a key without '=' or without a name, one of ours that comes twice, holds '=' or a malformed escape.
bool parse_keys(std::string_view list, Form form, Keys& keys) {
  while (!list.empty()) {
    std::string_view value = cut(list, form.separator);
    if (value.empty()) continue;  // A separator too many.
    if (value.find('=') == std::string_view::npos) {
      if (form.is_query) continue;
      return false;
    }
    const std::string_view key = cut(value, '=');
    if (key.empty()) return false;
    std::optional<std::string>* slot = slot_of(keys, key, form.is_query);
    if (slot == nullptr) continue;
    if (slot->has_value() || value.find('=') != std::string_view::npos) return false;
    *slot = percent_decoded(value);
    if (!*slot) return false;
  }
  return true;
}

// An empty value says as little as an absent key.
std::string_view value_or(const std::optional<std::string>& value, std::string_view fallback) {
  return value && !value->empty() ? std::string_view{*value} : fallback;
}

// `role`: what a prefix said; a mode must not say otherwise.
Result<StreamRequest, Reject> request_of(std::string_view name, const Keys& keys, std::optional<Role> role) {
  if (value_or(keys.type, "stream") != "stream") return Reject::kBadMode;
  const std::string_view mode = value_or(keys.mode, role == Role::kPublisher ? "publish" : "request");
  if (mode != "request" && mode != "publish") return Reject::kBadMode;
  const Role wanted = mode == "publish" ? Role::kPublisher : Role::kViewer;
  if (role && *role != wanted) return Reject::kBadRequest;
  if (name.starts_with('/')) name.remove_prefix(1);
  const std::string_view user = value_or(keys.user, "");
  if (!is_stream_name(name) || !is_user(user)) return Reject::kBadRequest;
  return StreamRequest{.role = wanted,
                       .name = std::string{name},
                       .user = std::string{user},
                       .token = std::string{value_or(keys.token, "")}};
}

Result<StreamRequest, Reject> parse_key_list(std::string_view list) {
  Keys keys;
  if (!parse_keys(list, kKeyList, keys)) return Reject::kBadRequest;
  return request_of(value_or(keys.resource, ""), keys, std::nullopt);
}

// Three parts of base64url, the first of a JSON object: what else stands behind a user is no business of ours.
bool is_token(std::string_view text) {
  return text.starts_with("eyJ") && std::ranges::count(text, '.') == 2 &&
         std::ranges::all_of(text, [](char c) { return is_name_letter(c); });
}

// What stands behind `publish:live/main:`, the user, a password and a query, or a query alone.
bool parse_fields(std::string_view fields, Keys& keys) {
  const std::string_view first = cut(fields, ':');
  if (fields.empty() && first.find('=') != std::string_view::npos) return parse_keys(first, kQuery, keys);
  const std::string_view password = cut(fields, ':');
  if (!first.empty()) keys.user = percent_decoded(first);
  if (!first.empty() && !keys.user) return false;
  if (is_token(password)) keys.token = password;
  return parse_keys(fields, kQuery, keys);
}

Result<StreamRequest, Reject> parse_path(std::string_view query) {
  std::string_view text = cut(query, '?');
  std::optional<Role> role;
  Keys keys;
  if (text.find(':') != std::string_view::npos) {
    const std::string_view verb = cut(text, ':');
    if (verb != "publish" && verb != "read") return Reject::kBadRequest;
    role = verb == "publish" ? Role::kPublisher : Role::kViewer;
  }
  const std::optional<std::string> name = percent_decoded(cut(text, ':'));
  if (!name || !parse_fields(text, keys) || !parse_keys(query, kQuery, keys)) return Reject::kBadRequest;
  return request_of(*name, keys, role);
}

Result<StreamRequest, Reject> parse_plain(std::string_view text) {
  if (text.starts_with("#!::")) return parse_key_list(text.substr(4));
  if (text.starts_with("#!")) return Reject::kBadRequest;  // "#!:{…}", nested: defined, used by nobody.
  return parse_path(text);
}

// A URL wants '#' escaped, and ffmpeg and srt-live-transmit send it as it stands. No form starts like that otherwise.
bool is_escaped_whole(std::string_view text) {
  constexpr std::string_view kHeads[] = {"%23", "publish%3A", "publish%3a", "read%3A", "read%3a"};
  return std::ranges::any_of(kHeads, [&](std::string_view head) { return text.starts_with(head); });
}

}  // namespace

Result<StreamRequest, Reject> parse_stream_id(std::string_view text) {
  if (!is_escaped_whole(text)) return parse_plain(text);
  const std::optional<std::string> plain = percent_decoded(text);
  if (!plain) return Reject::kBadRequest;
  return parse_plain(*plain);
}

}  // namespace fanlight::control
