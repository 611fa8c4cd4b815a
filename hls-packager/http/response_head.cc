#include "http/response_head.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "http/field_text.h"

namespace fanlight::packager {
namespace {

struct Reason {
  std::uint16_t status;
  std::string_view text;
};
constexpr Reason kReasons[] = {
    {200, "OK"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

void append_number(std::string& out, std::uint64_t value, int base = 10) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  out.append(digits.data(), end);
}

// The proleptic Gregorian calendar, in eras of 400 years that begin on the first of March.
struct Day {
  std::int64_t year = 0;
  unsigned month = 0;  // From 1.
  unsigned day = 0;    // Likewise.
};
constexpr Day day_of(std::int64_t days_since_1970) {
  const std::int64_t days = days_since_1970 + 719'468;
  const std::int64_t era = days / 146'097;
  const std::int64_t in_era = days % 146'097;
  const std::int64_t year = (in_era - in_era / 1'460 + in_era / 36'524 - in_era / 146'096) / 365;
  const std::int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * in_year + 2) / 153;  // From March.
  const auto day = static_cast<unsigned>(in_year - (153 * month + 2) / 5 + 1);
  const auto from_january = static_cast<unsigned>(month < 10 ? month + 3 : month - 9);
  return {era * 400 + year + (from_january <= 2 ? 1 : 0), from_january, day};
}

}  // namespace

std::string_view reason_of(std::uint16_t status) noexcept {
  for (const Reason& one : kReasons)
    if (one.status == status) return one.text;
  return "Other";
}

void write_response_head(const HttpResponse& response, const ResponseFraming& framing, std::string_view date,
                         std::string& out) {
  out.assign("HTTP/1.1 ");
  append_number(out, response.status);
  out.append(" ").append(reason_of(response.status)).append("\r\ndate: ").append(date).append("\r\n");
  for (const auto& [name, value] : response.fields)
    if (is_field_value(value)) out.append(name).append(": ").append(value).append("\r\n");
  if (framing.length && may_have_body(response.status)) {
    out.append("content-length: ");
    append_number(out, *framing.length);
    out.append("\r\n");
  } else if (framing.is_chunked) {
    out.append("transfer-encoding: chunked\r\n");
  }
  if (!framing.keeps_alive) out.append("connection: close\r\n");
  if (framing.keeps_alive && framing.is_http_1_0) out.append("connection: keep-alive\r\n");
  out.append("\r\n");
}

void write_chunk_head(std::size_t size, std::string& out) {
  out.clear();
  append_number(out, size, 16);
  out.append("\r\n");
}

std::string http_date(std::int64_t seconds) {
  constexpr std::string_view kDays = "ThuFriSatSunMonTueWed";  // 1970 began on a Thursday.
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::int64_t days = seconds / 86'400;
  const auto second = static_cast<int>(seconds % 86'400);
  const Day day = day_of(days);
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), "%.3s, %02u %.3s %04d %02d:%02d:%02d GMT",
                                 kDays.data() + days % 7 * 3, day.day, kMonths.data() + (day.month - 1) * 3,
                                 static_cast<int>(day.year), second / 3'600, second / 60 % 60, second % 60);
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace fanlight::packager
