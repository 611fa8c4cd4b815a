// FEC as SMPTE 2022-1 has it, over rows and columns of five packets, and losses that it can make good: one packet of
// some rows; a burst that meets each column once; stairs, whose ends columns bring back, so that rows bring back the
// steps. Where rows do, columns are lost as well, and the other way round. A matrix's last packet is never lost: what
// is behind it may be long in coming.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "random.h"
#include "wire/fec_header.h"
#include "wire/rtp_header.h"

namespace fanlight::sim {

class FecSender {
 public:
  struct Fec {
    bool is_row = false;
    bool is_lost = false;
    ByteSpan datagram{};
  };
  void begin();
  // Of the matrix that begins: nothing of the first.
  void draw_losses(Random& random);
  // Whether the next packet is.
  [[nodiscard]] bool is_lost() const { return lost_[next_]; }
  [[nodiscard]] bool is_between_matrices() const { return next_ == 0; }
  // Lost or not.
  void add(const wire::RtpHeader& header, ByteSpan payload);
  // What is due behind it.
  [[nodiscard]] std::optional<Fec> poll();

 private:
  static constexpr std::size_t kSide = 5;
  struct Line {
    wire::FecHeader about{};
    std::vector<std::byte> sum{};
    std::size_t packets = 0;
  };
  // How far the rows, or columns, of a matrix are: those before `due` are full, those before `sent` were sent.
  struct Lines {
    std::array<Line, kSide> lines{};
    std::size_t due = 0;
    std::size_t sent = 0;
    bool are_lost = false;
  };
  static void add_to(Line& line, const wire::RtpHeader& header, ByteSpan payload);
  [[nodiscard]] std::optional<Fec> poll(Lines& lines, bool is_row);
  void lose_stairs(std::size_t row, std::size_t column);

  std::size_t next_ = 0;  // In the matrix.
  bool has_begun_ = false;
  std::array<bool, kSide * kSide> lost_{};
  Lines rows_{};
  Lines columns_{};
  std::uint16_t number_ = 0;
  std::vector<std::byte> out_;
};

}  // namespace fanlight::sim
