#include "playlist/text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace fanlight::packager {
namespace {

// Without a format string: a long window is thousands of numbers.
void append_padded(std::string& out, std::int64_t number, std::size_t digits) {
  const std::string text = std::to_string(number);
  out.append(digits - std::min(digits, text.size()), '0');
  out += text;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

Micros micros_of(std::int64_t ticks, std::uint32_t timescale) {
  const std::int64_t rate = timescale;
  const std::int64_t rest = ticks % rate;  // Apart, so that no span is too long.
  return {ticks / rate * 1'000'000 + (rest * 1'000'000 + rate / 2) / rate};
}

std::string seconds_text(Micros span) {
  std::string out = std::to_string(span.count / 1'000'000) + '.';
  append_padded(out, span.count % 1'000'000, 6);
  return out;
}

std::string date_text(WallTime at) {
  const std::int64_t ms = (at.us + 500) / 1'000;
  const auto whole = static_cast<std::time_t>(ms / 1'000);
  std::tm utc{};
  gmtime_r(&whole, &utc);
  std::string out;
  append_padded(out, utc.tm_year + 1'900, 4);
  append_padded(out += '-', utc.tm_mon + 1, 2);
  append_padded(out += '-', utc.tm_mday, 2);
  append_padded(out += 'T', utc.tm_hour, 2);
  append_padded(out += ':', utc.tm_min, 2);
  append_padded(out += ':', utc.tm_sec, 2);
  append_padded(out += '.', ms % 1'000, 3);
  return out += 'Z';
}

std::string rate_text(FrameRate rate) {
  const std::uint64_t seconds = rate.seconds == 0 ? 1 : rate.seconds;
  const std::uint64_t thousandths = (std::uint64_t{rate.frames} * 1'000 + seconds / 2) / seconds;
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%llu.%03d", static_cast<unsigned long long>(thousandths / 1'000),
                static_cast<int>(thousandths % 1'000));
  return out.data();
}

bool is_language(std::string_view text) {
  constexpr std::size_t kBytesMax = 35;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.size() < 2 || text.size() > kBytesMax || text == "und" || !is_letter(text[0]) || !is_letter(text[1]))
    return false;
  return std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text)
    if (c != '"' && !is_control(c)) out += c;
  return out += '"';
}

std::string hex_text(ByteSpan bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    out += kDigits[std::to_integer<std::size_t>(byte) >> 4];
    out += kDigits[std::to_integer<std::size_t>(byte) & 15];
  }
  return out;
}

std::string base64_text(ByteSpan bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t three = 0;
    for (std::size_t i = at; i < at + 3; ++i)
      three = three << 8 | (i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i]) : 0);
    for (const unsigned shift : {18u, 12u, 6u, 0u}) out += kDigits[three >> shift & 63];
  }
  for (std::size_t i = 0; i < (3 - bytes.size() % 3) % 3; ++i) out[out.size() - 1 - i] = '=';
  return out;
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&apos;";
    else if (!is_control(c))
      out += c;
  }
  return out;
}

}  // namespace fanlight::packager
