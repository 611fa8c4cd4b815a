// Playlists as servers send them to browsers.
#pragma once

#include <libdeflate.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fanlight::load {

// Empty: it is no gzip, or of more than a megabyte.
[[nodiscard]] inline std::optional<std::string> gunzipped(std::string_view packed) {
  constexpr std::size_t kBytesMax = 1 << 20;
  constexpr auto kFree = [](libdeflate_decompressor* one) { libdeflate_free_decompressor(one); };
  const std::unique_ptr<libdeflate_decompressor, decltype(kFree)> inflater(libdeflate_alloc_decompressor());
  std::string text(kBytesMax, '\0');
  std::size_t size = 0;
  const auto outcome =
      libdeflate_gzip_decompress(inflater.get(), packed.data(), packed.size(), text.data(), text.size(), &size);
  if (outcome != LIBDEFLATE_SUCCESS) return std::nullopt;
  text.resize(size);
  return text;
}

}  // namespace fanlight::load
