// What things are called, relative to a rendition's folder. HLS and DASH name the same bytes, so they use the same
// names; a part that is announced and a part that is listed are one name because both are made here.
//
// Segments are numbered by their media sequence number, init segments by how often the track's format has changed.
#pragma once

#include <cstdint>
#include <string>

namespace fanlight::packager {

inline constexpr const char* kPlaylistName = "index.m3u8";  // Of a rendition, and beside the folders the multivariant.
// `key`: which of the presentation's keys it names; the first is what all of a clear one have.
inline std::string init_name(std::uint64_t init, std::uint64_t key = 0) {
  return "i" + std::to_string(init) + (key == 0 ? std::string{} : "." + std::to_string(key)) + ".mp4";
}
inline std::string segment_name(std::uint64_t msn) { return "s" + std::to_string(msn) + ".m4s"; }
inline std::string part_name(std::uint64_t msn, std::uint64_t part) {
  return "s" + std::to_string(msn) + "." + std::to_string(part) + ".m4s";
}
// Beside the folders: a key's bytes, and all keys as ClearKey has them.
inline std::string key_name(const std::string& key_id) { return key_id + ".key"; }
inline constexpr const char* kLicenceName = "licence.json";
// segment_name() as a DASH SegmentTemplate has it.
inline constexpr const char* kSegmentTemplate = "s$Number$.m4s";

}  // namespace fanlight::packager
