// Heads of HTTP/1.1 responses, and the framing of bodies whose length is not known when they begin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace fanlight::packager {

struct ResponseFraming {
  std::optional<std::uint64_t> length{};  // Empty: what `is_chunked` says.
  bool is_chunked = false;                // Neither: the body ends with the connection.
  bool keeps_alive = true;
  bool is_http_1_0 = false;  // The request was: it has to be told that the connection stays.
};

[[nodiscard]] std::string_view reason_of(std::uint16_t status) noexcept;

// Whether a response of this status has a body and says its length (RFC 9110 §15.3.5, §15.4.5).
[[nodiscard]] constexpr bool may_have_body(std::uint16_t status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

// Into `out`, which is emptied first. A field whose value could end its line is left out.
void write_response_head(const HttpResponse& response, const ResponseFraming& framing, std::string_view date,
                         std::string& out);

// In front of a chunk of `size` bytes; behind it comes kChunkEnd.
void write_chunk_head(std::size_t size, std::string& out);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// "Thu, 26 Nov 2026 22:23:06 GMT" (RFC 9110 §5.6.7), of seconds since 1970.
[[nodiscard]] std::string http_date(std::int64_t seconds);

}  // namespace fanlight::packager
