#include "access/stream_id.h"

#include <optional>

#include "contract/limits.h"

namespace fanlight::control {
namespace {

using wire::Reject;

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

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
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = utf8_length(lead);
    if (length == 0 || length > text.size() || lead < 0x20 || lead == 0x7F) return false;
    for (std::size_t i = 1; i < length; ++i)
      if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return false;
    if (length > 1) {
      const auto second = static_cast<unsigned char>(text[1]);
      if (!is_second_byte_in_range(lead, second)) return false;
      if (lead == 0xC2 && second < 0xA0) return false;  // C1 control characters.
    }
    text.remove_prefix(length);
  }
  return true;
}

// The standard keys of one `#!::` list; empty where the key did not come.
struct Keys {
  std::optional<std::string_view> resource, mode, user, type;
};

std::optional<std::string_view>* slot_of(Keys& keys, std::string_view key) {
  if (key == "r") return &keys.resource;
  if (key == "m") return &keys.mode;
  if (key == "u") return &keys.user;
  if (key == "t") return &keys.type;
  return nullptr;
}

// Empty on a lone comma, a key without '=', a standard key that comes twice or holds '='.
std::optional<Keys> parse_keys(std::string_view list) {
  Keys keys;
  if (list.empty() || list.back() == ',') return std::nullopt;
  while (!list.empty()) {
    std::string_view value = cut(list, ',');
    if (value.find('=') == std::string_view::npos) return std::nullopt;
    const std::string_view key = cut(value, '=');
    if (key.empty()) return std::nullopt;
    std::optional<std::string_view>* slot = slot_of(keys, key);
    if (slot == nullptr) continue;  // Reserved or a vendor's: bmd_uuid=…
    if (slot->has_value() || value.find('=') != std::string_view::npos) return std::nullopt;
    *slot = value;
  }
  return keys;
}

Result<StreamRequest, Reject> checked(Role role, std::string_view name, std::string_view user) {
  if (!is_stream_name(name) || !is_user(user)) return Reject::kBadRequest;
  return StreamRequest{.role = role, .name = std::string{name}, .user = std::string{user}, .token = {}};
}

Result<StreamRequest, Reject> parse_key_list(std::string_view list) {
  const std::optional<Keys> keys = parse_keys(list);
  if (!keys || !keys->resource) return Reject::kBadRequest;
  const std::string_view type = keys->type.value_or("stream");
  if (type == "file") return Reject::kBadMode;
  if (type != "stream") return Reject::kBadRequest;
  const std::string_view mode = keys->mode.value_or("request");
  if (mode != "request" && mode != "publish") return Reject::kBadMode;
  return checked(mode == "publish" ? Role::kPublisher : Role::kViewer, *keys->resource, keys->user.value_or(""));
}

Result<StreamRequest, Reject> parse_path(std::string_view text) {
  text = cut(text, '?');
  if (text.find(':') == std::string_view::npos) return checked(Role::kViewer, text, "");
  const std::string_view verb = cut(text, ':');
  if (verb != "publish" && verb != "read") return Reject::kBadRequest;
  const std::string_view name = cut(text, ':');
  return checked(verb == "publish" ? Role::kPublisher : Role::kViewer, name, cut(text, ':'));
}

}  // namespace

bool is_stream_name(std::string_view text) {
  if (text.empty() || text.size() > kStreamNameBytesMax || text.back() == '/') return false;
  if (text.find("..") != std::string_view::npos) return false;
  while (!text.empty()) {
    const std::string_view segment = cut(text, '/');
    if (segment.empty() || segment == ".") return false;
    for (const char c : segment)
      if (!is_name_letter(c)) return false;
  }
  return true;
}

bool is_stream_pattern(std::string_view text) {
  if (text.empty() || text.back() != '*') return false;
  return is_stream_name(std::string{text.substr(0, text.size() - 1)} + "x");
}

Result<StreamRequest, Reject> parse_stream_id(std::string_view text) {
  if (text.starts_with("#!::")) return parse_key_list(text.substr(4));
  if (text.starts_with("#!")) return Reject::kBadRequest;  // "#!:{…}", nested: defined, used by nobody.
  return parse_path(text);
}

}  // namespace fanlight::control
