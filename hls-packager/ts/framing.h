// Cuts bytes that come in pieces of any size into transport stream packets: 188 bytes, alone or with 4 bytes in front
// (M2TS) or 16 behind (Reed-Solomon). Finds its way again behind what is none.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

class Framing {
 public:
  // Calls `take` with each whole packet. The packet is the callee's until it returns.
  template <class Take>
  void handle(ByteSpan bytes, Take&& take) {
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    while (const std::optional<std::size_t> at = next()) take(ByteSpan(pending_).subspan(*at, kPacketBytes));
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
  }
  // At the end of the input: what is left may be too little to be sure of.
  template <class Take>
  void finish(Take&& take) {
    is_ending_ = true;
    handle({}, take);
  }

  [[nodiscard]] std::uint64_t bytes_skipped() const noexcept { return bytes_skipped_; }

 private:
  static constexpr std::size_t kPacketBytes = 188;
  // Where the next packet begins; empty: not here yet.
  [[nodiscard]] std::optional<std::size_t> next() noexcept;
  [[nodiscard]] bool find_spacing() noexcept;
  [[nodiscard]] bool has_rhythm(std::size_t at, std::size_t spacing) const noexcept;

  std::vector<std::byte> pending_;
  std::size_t at_ = 0;       // What is before is done with.
  std::size_t spacing_ = 0;  // From sync byte to sync byte; 0: not known.
  bool is_ending_ = false;
  std::uint64_t bytes_skipped_ = 0;
};

}  // namespace fanlight::packager
