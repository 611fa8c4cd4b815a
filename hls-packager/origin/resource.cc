#include "origin/resource.h"

#include <algorithm>

#include "origin/decimal.h"
#include "playlist/hex.h"
#include "playlist/names.h"

namespace fanlight::packager {
namespace {

// What may stand in a segment as it is: RFC 3986's pchar.
bool is_plain(char c) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

// Of the two characters behind '%'. A slash or a control in disguise has no place in a name.
std::optional<char> parse_escape(std::string_view digits) {
  const std::optional<std::byte> byte = parse_hex_byte(digits.substr(0, 2));
  if (!byte) return std::nullopt;
  const auto value = std::to_integer<unsigned char>(*byte);
  if (value < 0x20 || value == 0x7F || value == '/' || value == '\\') return std::nullopt;
  return static_cast<char>(value);
}

std::optional<std::string> parse_segment(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const std::optional<char> escaped = parse_escape(text.substr(i + 1));
      if (!escaped) return std::nullopt;
      out += *escaped;
      i += 2;
    } else if (is_plain(text[i])) {
      out += text[i];
    } else {
      return std::nullopt;
    }
  }
  if (out.empty() || out == "." || out == "..") return std::nullopt;
  return out;
}

// One number has one name.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  return parse_decimal(text);
}

// What stands between two texts that do not overlap.
std::optional<std::string_view> between(std::string_view text, std::string_view before, std::string_view after) {
  if (text.size() < before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after))
    return std::nullopt;
  return text.substr(before.size(), text.size() - before.size() - after.size());
}

// "7", "7.2"
struct Numbers {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> second{};
};

std::optional<Numbers> parse_numbers(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::optional<std::uint64_t> first = parse_number(text.substr(0, dot));
  if (!first) return std::nullopt;
  if (dot == std::string_view::npos) return Numbers{*first};
  const std::optional<std::uint64_t> second = parse_number(text.substr(dot + 1));
  if (!second) return std::nullopt;
  return Numbers{*first, second};
}

bool is_key_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The names of playlist/names.h, read.
std::optional<Resource> parse_file(std::string_view name) {
  if (name == "index.m3u8") return Resource{.kind = ResourceKind::kIndex};
  if (name == "manifest.mpd") return Resource{.kind = ResourceKind::kMpd};
  if (name == kLicenceName) return Resource{.kind = ResourceKind::kLicence};
  if (const auto key = between(name, "", ".key"); key && is_key_id(*key))
    return Resource{.kind = ResourceKind::kKey, .key_id = std::string(*key)};
  if (const auto init = between(name, "i", ".mp4")) {
    const std::optional<Numbers> numbers = parse_numbers(*init);
    if (!numbers || numbers->second == std::uint64_t{0}) return std::nullopt;
    return Resource{.kind = ResourceKind::kInit, .number = numbers->first, .part = numbers->second.value_or(0)};
  }
  const auto media = between(name, "s", ".m4s");
  const std::optional<Numbers> numbers = media ? parse_numbers(*media) : std::nullopt;
  if (!numbers) return std::nullopt;
  if (!numbers->second) return Resource{.kind = ResourceKind::kSegment, .number = numbers->first};
  return Resource{.kind = ResourceKind::kPart, .number = numbers->first, .part = *numbers->second};
}

}  // namespace

std::optional<std::vector<std::string>> parse_path(std::string_view path) {
  if (path.size() > kPathBytesMax || !path.starts_with('/')) return std::nullopt;
  std::vector<std::string> segments;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    std::optional<std::string> segment = parse_segment(path.substr(at, slash - at));
    if (!segment) return std::nullopt;
    segments.push_back(std::move(*segment));
    at = slash + 1;
  }
  return segments;
}

std::optional<Resource> parse_resource(std::string_view path) {
  const auto segments = parse_path(path);
  if (!segments || segments->size() < 3 || segments->front() != "live") return std::nullopt;
  std::optional<Resource> resource = parse_file(segments->back());
  if (!resource) return std::nullopt;
  for (std::size_t i = 1; i + 1 < segments->size(); ++i)
    resource->folder += (resource->folder.empty() ? "" : "/") + (*segments)[i];
  return resource;
}

std::optional<SplitFolder> split_folder(std::string_view folder) {
  const std::size_t slash = folder.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return SplitFolder{.parent = folder.substr(0, slash), .name = folder.substr(slash + 1)};
}

bool is_rendition_folder(std::string_view name) {
  if (name.size() > kRenditionFolderBytesMax || (!name.starts_with('v') && !name.starts_with('a'))) return false;
  return parse_number(name.substr(1)).has_value();
}

}  // namespace fanlight::packager
