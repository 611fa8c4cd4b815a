#include "jose/text.h"

namespace fanlight::jose {

std::string shown(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kShownBytesMax)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return out + (text.size() > kShownBytesMax ? "…\"" : "\"");
}

namespace {

// In UTF-8: what is not seen, breaks a line, or turns the order of what stands behind it (UAX #9, UTR #36).
bool starts_unseen(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned last = byte(2);
  if (text.starts_with("\xD8\x9C")) return true;  // U+061C
  if (text.starts_with("\xE2\x80")) return (last >= 0x8B && last <= 0x8F) || (last >= 0xA8 && last <= 0xAE);
  if (text.starts_with("\xE2\x81")) return last >= 0xA0 && last <= 0xAF;  // U+2060 to U+206F
  if (text.starts_with("\xEF\xBF")) return last >= 0xB9 && last <= 0xBB;  // U+FFF9 to U+FFFB
  return text.starts_with("\xEF\xBB\xBF") || text.starts_with("\xF3\xA0\x80") || text.starts_with("\xF3\xA0\x81");
}

}  // namespace

bool is_plain(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    const bool is_c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_c1 || starts_unseen(text.substr(i))) return false;
  }
  return true;
}

}  // namespace fanlight::jose
