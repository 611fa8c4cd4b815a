// Makes documents: the text as it is, and as gzip, once for all who ask.
#pragma once

#include <memory>
#include <string_view>

#include "live/document.h"

struct libdeflate_compressor;

namespace fanlight::packager {

class Compressor {
 public:
  Compressor();
  [[nodiscard]] Document document_of(std::string_view text);

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const noexcept;
  };
  std::unique_ptr<libdeflate_compressor, Free> compressor_;
};

}  // namespace fanlight::packager
