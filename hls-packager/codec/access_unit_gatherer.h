// Access units of an elementary stream that comes in pieces cut anywhere, within a NAL unit and within a start code as
// well: ISO/IEC 13818-1 lets PES packets end so. One is whole when the next one begins, or the stream ends.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/access_unit.h"

namespace fanlight::packager {

class AccessUnitGatherer {
 public:
  using RoleOf = UnitRole (*)(ByteSpan unit) noexcept;
  struct Unit {
    std::uint64_t at = 0;  // Bytes in front of it, of all that were appended.
    std::vector<std::byte> bytes;
  };

  // `is_in_step`: what comes first begins with a NAL unit. Otherwise what is in front of the first access unit goes.
  AccessUnitGatherer(RoleOf role_of, bool is_in_step) : role_of_(role_of), is_in_step_(is_in_step) {}

  void append(ByteSpan piece) { bytes_.insert(bytes_.end(), piece.begin(), piece.end()); }
  [[nodiscard]] std::optional<Unit> next();
  // The stream has ended, for now.
  [[nodiscard]] Unit take_rest();
  // Bytes are missing: what is open goes, and what comes in front of the next access unit.
  void drop() noexcept;

  [[nodiscard]] bool is_in_step() const noexcept { return is_in_step_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  // Bytes appended so far.
  [[nodiscard]] std::uint64_t end() const noexcept { return at_ + bytes_.size(); }

 private:
  void get_in_step();
  [[nodiscard]] std::optional<UnitRole> find_unit();
  [[nodiscard]] bool is_end(UnitRole role) noexcept;
  [[nodiscard]] std::vector<std::byte> take(std::size_t size);

  RoleOf role_of_;
  bool is_in_step_;
  std::uint64_t at_ = 0;  // Where the bytes are, of all.
  std::vector<std::byte> bytes_;
  std::size_t found_ = 0;    // The newest start code.
  std::size_t scanned_ = 0;  // None more begins in front of it.
  bool has_slice_ = false;
  std::optional<std::size_t> opening_{};  // Behind a slice: where the next one begins, if its slice comes.
};

}  // namespace fanlight::packager
