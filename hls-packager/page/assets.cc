#include "page/assets.h"

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

namespace fanlight::packager {
namespace {

constexpr std::string_view kList = "/index.html";
constexpr std::string_view kPlayer = "/play.html";
constexpr std::string_view kAssets = "/assets/";

struct Kind {
  std::string_view suffix;
  std::string_view type;
  bool is_text;
};
constexpr std::array kKinds = {Kind{".html", "text/html; charset=utf-8", true},
                               Kind{".css", "text/css; charset=utf-8", true},
                               Kind{".js", "text/javascript; charset=utf-8", true},
                               Kind{".json", "application/json", true},
                               Kind{".txt", "text/plain; charset=utf-8", true},
                               Kind{".svg", "image/svg+xml", true},
                               Kind{".png", "image/png", false},
                               Kind{".ico", "image/x-icon", false},
                               Kind{".woff2", "font/woff2", false}};

const Kind* kind_of(std::string_view name) {
  for (const Kind& kind : kKinds)
    if (name.ends_with(kind.suffix)) return &kind;
  return nullptr;
}

Error error_of(const std::filesystem::path& path, const std::string& what) {
  return {ErrorCode::kNotFound, path.string() + ": " + what};
}

}  // namespace

Result<Assets> Assets::load(const std::filesystem::path& folder, Compressor& compressor) {
  Assets assets;
  std::error_code failed;
  std::uintmax_t bytes = 0;
  const auto all = std::filesystem::recursive_directory_iterator(folder, failed);
  if (failed) return error_of(folder, "cannot be read: " + failed.message());
  for (const std::filesystem::directory_entry& entry : all) {
    const Kind* const kind = kind_of(entry.path().filename().string());
    if (kind == nullptr || !entry.is_regular_file(failed)) continue;
    bytes += entry.file_size(failed);
    if (bytes > kBytesMax) return error_of(folder, "holds more than the 64 MB that a page may have");
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) return error_of(entry.path(), "cannot be read");
    const std::string path = "/" + std::filesystem::relative(entry.path(), folder, failed).generic_string();
    Asset asset;
    asset.type = kind->type;
    asset.is_immutable = path.starts_with(kAssets);
    asset.document = compressor.document_of(text);
    if (!kind->is_text) asset.document.gzip = {};
    assets.files_.emplace(path, std::move(asset));
  }
  for (const std::string_view needed : {kList, kPlayer})
    if (!assets.files_.contains(needed)) return error_of(folder, "has no " + std::string(needed.substr(1)));
  return assets;
}

const Asset* Assets::find(std::string_view path) const {
  if (path == "/") path = kList;
  if (path.starts_with("/play/")) path = kPlayer;
  const bool is_page = path == kList || path == kPlayer || path.starts_with(kAssets);
  const auto found = is_page ? files_.find(path) : files_.end();
  return found == files_.end() ? nullptr : &found->second;
}

}  // namespace fanlight::packager
