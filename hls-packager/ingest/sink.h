// Who is told what comes of the sources. All on the thread that polls them.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace fanlight::packager {

class IngestSink {
 public:
  // MPEG-TS, as it was sent, in order; what was lost is left out.
  virtual void handle_bytes(std::size_t source, ByteSpan bytes) = 0;
  virtual void handle_up(std::size_t source) = 0;
  // It was up, or a call to it failed; the next one is made after `again_in`.
  virtual void handle_down(std::size_t source, std::string_view why, Micros again_in) = 0;

 protected:
  ~IngestSink() = default;
};

}  // namespace fanlight::packager
