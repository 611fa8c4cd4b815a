// The head of an HTTP/1.1 request (RFC 9112), read strictly: what two readers could understand differently is refused,
// because then somebody between us and the player might see another request than we do. So no bare CR or LF, no folded
// lines, no space before a colon, one Host, and no body at all. The syntax is read by Boost.Beast's parser
// (docs/adr/0048).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace fanlight::packager {

inline constexpr std::size_t kRequestHeadBytesMax = 16 * 1024;
inline constexpr std::size_t kRequestFieldsMax = 100;
inline constexpr std::string_view kAllowedMethods = "GET, HEAD, OPTIONS";

struct RequestHead {
  HttpRequest request;
  std::string_view host{};
  bool is_http_1_0 = false;
  bool keeps_alive = true;
};

// Where a head ends, found as its bytes come. Every byte is looked at once.
class HeadEnd {
 public:
  enum class Found : std::uint8_t { kNotYet, kEnd, kMalformed };
  // `bytes` are all that came of the head so far, those of the calls before included.
  [[nodiscard]] Found look(std::string_view bytes) noexcept;
  // Behind the empty line, once that was found.
  [[nodiscard]] std::size_t size() const noexcept { return line_; }
  void reset() noexcept { *this = {}; }

 private:
  std::size_t line_ = 0;    // Where the line that is not complete yet begins.
  std::size_t looked_ = 0;  // Up to where there is no further LF.
};

// Of a head that is complete, its empty line included. Answers 0, or the status of the refusal. Its views are of
// `bytes`.
[[nodiscard]] std::uint16_t parse_request_head(std::string_view bytes, RequestHead& head);

}  // namespace fanlight::packager
