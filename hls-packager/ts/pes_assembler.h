// Puts the PES packets of one PID together, and hands each over as soon as it is complete: sound says its length;
// pictures mostly do not, and end where stuffing shows it (adaptation_field.h), or where the next one begins. Whose
// pictures go on behind their stuffing, or behind their length, is not believed a second time; nor is who says a few
// bytes more than come.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ts/pes.h"

namespace fanlight::packager {

struct PesPacket {
  PesHeader header;
  std::vector<std::byte> bytes;
  bool is_after_loss = false;  // Something in front of it was lost, or could not be used.
  [[nodiscard]] ByteSpan content() const noexcept { return ByteSpan(bytes).subspan(header.header_bytes); }
};

struct PesCounts {
  std::uint64_t malformed = 0;
  std::uint64_t torn = 0;       // Shorter than they said, or something in them was lost: not handed over.
  std::uint64_t too_large = 0;  // Likewise.
  std::uint64_t split = 0;  // More came than their stuffing or length said, or a little less: each once for each PID.
};

class PesAssembler {
 public:
  static constexpr std::size_t kPesBytesMax = std::size_t{8} << 20;

  explicit PesAssembler(bool is_of_pictures) : is_of_pictures_(is_of_pictures), trusts_stuffing_(is_of_pictures) {}

  struct Piece {
    ByteSpan payload;
    bool starts_unit = false;
    bool has_stuffing = false;
  };
  // What the piece completes: two packets at most, in `done`.
  void handle(const Piece& piece, PesCounts& counts, std::vector<PesPacket>& done);
  // Transport packets are missing: what is open is not whole.
  void lose(PesCounts& counts) noexcept;
  // The input is over.
  void finish(PesCounts& counts, std::vector<PesPacket>& done);

 private:
  enum class State : std::uint8_t { kWaiting, kOpen, kClosedEarly };
  void look_at_header(PesCounts& counts);
  void look_behind_length(PesCounts& counts) noexcept;
  [[nodiscard]] std::size_t length() const noexcept;
  [[nodiscard]] bool is_complete(bool has_stuffing) const noexcept;
  void close(std::vector<PesPacket>& done);
  void drop(std::uint64_t& count) noexcept;

  State state_ = State::kWaiting;
  bool is_of_pictures_;
  bool trusts_stuffing_;
  bool trusts_length_ = true;
  bool was_closed_by_length_ = false;  // What was closed early.
  bool is_after_loss_ = false;
  std::optional<PesHeader> header_{};  // Of what is open, once it is there.
  std::vector<std::byte> bytes_;
};

}  // namespace fanlight::packager
