#include "fec_sender.h"

#include <algorithm>

#include "base/exclusive_or.h"

namespace fanlight::sim {

void FecSender::begin() {
  next_ = 0;
  has_begun_ = false;
  rows_.due = rows_.sent = columns_.due = columns_.sent = 0;
}

void FecSender::draw_losses(Random& random) {
  lost_.fill(false);
  rows_.due = rows_.sent = columns_.due = columns_.sent = 0;
  rows_.are_lost = columns_.are_lost = false;
  constexpr std::int64_t kLast = kSide * kSide - 1;
  const std::int64_t kind = random.between(0, 3);
  if (!has_begun_ || kind == 0) {
    has_begun_ = true;
  } else if (kind == 1) {
    columns_.are_lost = true;
    for (std::size_t row = 0; row < kSide; ++row)
      if (random.chance(0.5)) lost_[row * kSide + static_cast<std::size_t>(random.between(0, kSide - 1))] = true;
  } else if (kind == 2) {
    rows_.are_lost = true;
    const std::int64_t packets = random.between(2, kSide);
    std::fill_n(lost_.begin() + random.between(0, kLast - packets), packets, true);
  } else {
    lose_stairs(static_cast<std::size_t>(random.between(0, kSide - 3)),
                static_cast<std::size_t>(random.between(0, kSide - 3)));
  }
  lost_.back() = false;
}

// Two in each of two rows, and of the middle one of three columns.
void FecSender::lose_stairs(std::size_t row, std::size_t column) {
  const std::size_t first = row * kSide + column;
  for (const std::size_t at : {first, first + 1, first + kSide + 1, first + kSide + 2}) lost_[at] = true;
}

void FecSender::add_to(Line& line, const wire::RtpHeader& header, ByteSpan payload) {
  if (line.packets++ == 0) {
    line.about = {.base = header.seq};
    line.sum.assign(payload.size(), {});
  }
  line.about.length_recovery ^= static_cast<std::uint16_t>(payload.size());
  line.about.payload_type_recovery ^= header.payload_type;
  line.about.timestamp_recovery ^= header.timestamp;
  exclusive_or(line.sum, payload);
}

void FecSender::add(const wire::RtpHeader& header, ByteSpan payload) {
  const std::size_t row = next_ / kSide;
  const std::size_t column = next_ % kSide;
  if (column == 0) rows_.lines[row].packets = 0;
  if (row == 0) columns_.lines[column].packets = 0;
  add_to(rows_.lines[row], header, payload);
  add_to(columns_.lines[column], header, payload);
  next_ = (next_ + 1) % (kSide * kSide);
  if (column == kSide - 1) rows_.due = row + 1;
  if (next_ == 0) columns_.due = kSide;
}

std::optional<FecSender::Fec> FecSender::poll() {
  const auto row = poll(rows_, true);
  return row ? row : poll(columns_, false);
}

std::optional<FecSender::Fec> FecSender::poll(Lines& lines, bool is_row) {
  if (lines.sent == lines.due) return std::nullopt;
  const Line& line = lines.lines[lines.sent++];
  wire::FecHeader about = line.about;
  about.is_row = is_row;
  about.offset = is_row ? 1 : kSide;
  about.count = kSide;
  out_.assign(wire::kFecOverheadBytes, {});
  wire::write_rtp_header(std::span(out_).first<wire::kRtpHeaderBytes>(),
                         {.payload_type = wire::kPayloadTypeFec, .seq = number_++});
  wire::write_fec_header(std::span(out_).subspan<wire::kRtpHeaderBytes, wire::kFecHeaderBytes>(), about);
  out_.insert(out_.end(), line.sum.begin(), line.sum.end());
  return Fec{is_row, lines.are_lost, out_};
}

}  // namespace fanlight::sim
