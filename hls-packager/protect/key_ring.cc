#include "protect/key_ring.h"

#include <algorithm>
#include <optional>
#include <span>

#include "playlist/hex.h"
#include "playlist/text.h"

namespace fanlight::packager {
namespace {

std::optional<CipherBlock> parse_block(std::string_view hex) {
  if (hex.size() != 2 * kCipherBlockBytes) return std::nullopt;
  CipherBlock block{};
  for (std::size_t i = 0; i < kCipherBlockBytes; ++i) {
    const std::optional<std::byte> byte = parse_hex_byte(hex.substr(2 * i, 2));
    if (!byte) return std::nullopt;
    block[i] = *byte;
  }
  return block;
}

std::string_view trimmed(std::string_view line) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

std::optional<ContentKey> parse_key(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<CipherBlock> id = parse_block(line.substr(0, colon)),
                                   secret = parse_block(line.substr(colon + 1));
  if (!id || !secret) return std::nullopt;
  return ContentKey{*id, *secret};
}

// RFC 4648 §5, without padding.
std::string base64url_text(const CipherBlock& block) {
  std::string text = base64_text(block);
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

}  // namespace

Result<std::vector<ContentKey>, std::vector<KeyFileProblem>> parse_keys(std::string_view text) {
  std::vector<ContentKey> keys;
  std::vector<KeyFileProblem> problems;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const std::optional<ContentKey> key = parse_key(line);
    if (!key) {
      problems.push_back({number, "a line that is no key", "KEYID:KEY, both of 32 hexadecimal digits"});
    } else if (std::ranges::find(keys, key->id, &ContentKey::id) != keys.end()) {
      problems.push_back({number, "a key ID that is there already", "each once"});
    } else {
      keys.push_back(*key);
    }
  }
  if (keys.empty() && problems.empty()) problems.push_back({0, "no key", "a line KEYID:KEY at least"});
  if (keys.size() > kContentKeysMax)
    problems.push_back({0, std::to_string(keys.size()) + " keys", std::to_string(kContentKeysMax) + " at most"});
  if (!problems.empty()) return problems;
  return keys;
}

std::string key_id_text(const CipherBlock& id) {
  std::string text = hex_text(id);
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string key_id_uuid(const CipherBlock& id) {
  std::string text = key_id_text(id);
  for (const std::size_t at : {20u, 16u, 12u, 8u}) text.insert(at, 1, '-');
  return text;
}

std::string licence_text(const KeyRing& ring) {
  std::string keys;
  for (const ContentKey& one : ring.keys)
    keys += (keys.empty() ? "" : ",") + std::string(R"({"kty":"oct","kid":")") + base64url_text(one.id) + R"(","k":")" +
            base64url_text(one.secret) + R"("})";
  return R"({"keys":[)" + keys + R"(],"type":"temporary"})";
}

}  // namespace fanlight::packager
