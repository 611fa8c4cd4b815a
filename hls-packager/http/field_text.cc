#include "http/field_text.h"

#include <algorithm>
#include <array>

namespace fanlight::packager {
namespace {

// All kinds that a character is of, a bit each.
enum Kind : unsigned char { kToken = 1, kTarget = 2, kHost = 4, kIpLiteral = 8 };

constexpr auto kKinds = [] {
  std::array<unsigned char, 256> kinds{};
  const auto add = [&](std::string_view chars, unsigned kind) {
    for (const char c : chars) kinds[static_cast<unsigned char>(c)] |= static_cast<unsigned char>(kind);
  };
  for (unsigned c = 0; c < 128; ++c) {
    const char one = static_cast<char>(c);
    if (is_digit(one) || is_alpha(one)) kinds[c] = kToken | kHost | kIpLiteral;
    if (c > ' ' && c < 0x7F && one != '#') kinds[c] |= kTarget;
  }
  add("!#$%&'*+-.^_`|~", kToken);
  add("-._~%!$&'()*+;=", kHost | kIpLiteral);
  add(":", kIpLiteral);
  return kinds;
}();

// Looked at when all are through: a branch for each costs more than the few bytes that are looked at in vain.
bool all_are(Kind kind, std::string_view text) noexcept {
  unsigned char common = kind;
  for (const char c : text) common &= kKinds[static_cast<unsigned char>(c)];
  return common != 0;
}

constexpr char lower_of(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

bool is_token(std::string_view text) noexcept { return !text.empty() && all_are(kToken, text); }

bool is_target(std::string_view text) noexcept { return all_are(kTarget, text); }

bool is_field_value(std::string_view text) noexcept {
  unsigned char bad = 0;  // Not a bool: so the compiler takes many bytes at a time.
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= static_cast<unsigned char>((byte < 0x20) & (byte != '\t')) | static_cast<unsigned char>(byte == 0x7F);
  }
  return bad == 0;
}

bool is_host(std::string_view text) noexcept {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos || end < 2 || !all_are(kIpLiteral, text.substr(1, end - 1))) return false;
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    if (end == 0 || !all_are(kHost, text.substr(0, end))) return false;
  }
  const std::string_view port = text.substr(end);
  return port.empty() || (port.starts_with(':') && port.size() <= 6 && std::ranges::all_of(port.substr(1), is_digit));
}

bool equals_nocase(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  unsigned char differs = 0;
  for (std::size_t i = 0; i < text.size(); ++i) differs |= static_cast<unsigned char>(lower_of(text[i]) ^ lower[i]);
  return differs == 0;
}

bool starts_with_nocase(std::string_view text, std::string_view lower) noexcept {
  return equals_nocase(text.substr(0, lower.size()), lower);
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace fanlight::packager
