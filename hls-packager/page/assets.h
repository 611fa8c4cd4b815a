// The files of the page, read once at start: nobody's request ever opens one.
//
// The folder is what scripts/page.sh makes: index.html (the list), play.html (the player), assets/ (scripts, styles,
// whose names change with their contents).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "live/compressor.h"
#include "live/snapshot.h"

namespace fanlight::packager {

struct Asset {
  std::string_view type{};    // Of static life.
  Document document;          // Of what is no text: without gzip.
  bool is_immutable = false;  // Under its name there is never anything else.
};

class Assets {
 public:
  // No page: find() finds nothing.
  Assets() = default;
  // Errors: it is no folder, lacks index.html or play.html, or holds more than kBytesMax.
  static Result<Assets> load(const std::filesystem::path& folder, Compressor& compressor);

  [[nodiscard]] bool is_there() const noexcept { return !files_.empty(); }
  // By the path of a request: "/", "/play/…", "/assets/…". Null: none of these.
  [[nodiscard]] const Asset* find(std::string_view path) const;

 private:
  static constexpr std::uintmax_t kBytesMax = 64 << 20;
  std::map<std::string, Asset, std::less<>> files_;  // By their path in the folder, with a slash in front.
};

}  // namespace fanlight::packager
