#include "live/compressor.h"

#include <libdeflate.h>

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace fanlight::packager {
namespace {

constexpr int kLevel = 6;  // Of 12: playlists of some kilobytes take 50 µs.

}  // namespace

void Compressor::Free::operator()(libdeflate_compressor* compressor) const noexcept {
  libdeflate_free_compressor(compressor);
}

Compressor::Compressor() : compressor_(libdeflate_alloc_compressor(kLevel)) { CHECK(compressor_ != nullptr); }

Document Compressor::document_of(std::string_view text) {
  std::vector<std::byte> packed(libdeflate_gzip_compress_bound(compressor_.get(), text.size()));
  const std::size_t size =
      libdeflate_gzip_compress(compressor_.get(), text.data(), text.size(), packed.data(), packed.size());
  CHECK(size != 0);
  return {.plain = SharedBytes::copy_of(text), .gzip = SharedBytes::copy_of(std::span(packed).first(size))};
}

}  // namespace fanlight::packager
