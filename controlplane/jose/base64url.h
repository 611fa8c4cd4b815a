// RFC 4648 §5 without padding, as RFC 7515 writes bytes: each sequence of bytes has one text and no other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fanlight::jose {

// Empty for letters outside the alphabet ('+', '/', '=' and blanks among them), and for bits behind the last byte that
// are not zero.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace fanlight::jose
