#include "jose/text.h"

namespace fanlight::jose {

std::string shown(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kShownBytesMax)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return out + (text.size() > kShownBytesMax ? "…\"" : "\"");
}

bool is_plain(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    const bool is_c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_c1) return false;
  }
  return true;
}

}  // namespace fanlight::jose
