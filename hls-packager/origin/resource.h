// What a path names, before anybody has looked whether there is such a thing. RFC 3986 §3.3
//
// Strict, so that a thing has one name and caches hold it once: escapes are whole, nothing is empty, "." or "..",
// numbers have no zeros in front.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fanlight::packager {

enum class ResourceKind : std::uint8_t { kIndex, kMpd, kInit, kSegment, kPart, kKey, kLicence };

struct Resource {
  ResourceKind kind = ResourceKind::kIndex;
  std::string folder{};      // Below /live/. Of an index it may be a stream's or a rendition's.
  std::uint64_t number = 0;  // Of an init segment, or a segment's media sequence number.
  std::uint64_t part = 0;    // Of an init segment: the key that it names.
  std::string key_id{};
};

inline constexpr std::string_view kLivePrefix = "/live/";
inline constexpr std::size_t kPathBytesMax = 1'024;
inline constexpr std::size_t kRenditionFolderBytesMax = 11;  // Numbered with 32 bits.

// The path's segments, decoded; empty when it is not a path of ours at all.
[[nodiscard]] std::optional<std::vector<std::string>> parse_path(std::string_view path);
// Empty: nothing here is called that.
[[nodiscard]] std::optional<Resource> parse_resource(std::string_view path);

// A folder's own name, and what it is in.
struct SplitFolder {
  std::string_view parent{};
  std::string_view name{};
};
[[nodiscard]] std::optional<SplitFolder> split_folder(std::string_view folder);
// Whether a rendition may be called so: "v0", "a12".
[[nodiscard]] bool is_rendition_folder(std::string_view name);

}  // namespace fanlight::packager
