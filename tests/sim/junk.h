// Datagrams that nobody honest sends: truncated, malformed, spoofed, stray.
#pragma once

#include "world.h"

namespace fanlight::sim {

class Junk {
 public:
  explicit Junk(World& world) : world_(world) {}
  // Keeps sending until the world's end.
  void begin();

 private:
  void send_one();
  [[nodiscard]] std::size_t write_from_stranger(MutableByteSpan out);
  [[nodiscard]] std::size_t write_from_viewer(MutableByteSpan out, SocketId relay);
  [[nodiscard]] std::size_t write_from_publisher(MutableByteSpan out, SocketId relay);

  World& world_;
};

}  // namespace fanlight::sim
