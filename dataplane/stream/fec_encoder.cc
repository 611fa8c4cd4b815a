#include "stream/fec_encoder.h"

#include <algorithm>
#include <cstring>

#include "base/exclusive_or.h"
#include "wire/fec_header.h"

namespace fanlight {
namespace {

constexpr std::size_t kProtectedBytesMax = kDatagramBytesMax - wire::kFecOverheadBytes;

}  // namespace

void FecEncoder::protect(std::span<const FreshPacket> packets, PacketPos end, PacketPool& pool) noexcept {
  let_go();
  if (packets.empty()) return;
  const PacketPos first = packets.front().pos;
  const bool has_begun = next_.value >= 0;
  if (!has_begun || first < next_ || first - next_ > options_.packets()) {  // So much is missing that it begins anew.
    break_all();
    next_ = first;
  }
  for (const FreshPacket& packet : packets) {
    while (next_ < packet.pos) step(nullptr, pool);
    step(&packet, pool);
  }
  while (next_ < end) step(nullptr, pool);
}

// One position further, with its packet or without.
void FecEncoder::step(const FreshPacket* packet, PacketPool& pool) noexcept {
  const auto place = static_cast<std::size_t>(next_.value % options_.packets());
  const std::size_t column = place % options_.columns;
  const std::size_t row = place / options_.columns;
  if (packet != nullptr) ticks_ = packet->ticks;
  if (column == 0) row_ = {.buffer = {}, .first = next_, .is_begun = options_.has_rows};
  if (row == 0) columns_[column] = {.buffer = {}, .first = next_, .is_begun = true};
  add(row_, packet, pool);
  add(columns_[column], packet, pool);
  if (column + 1U == options_.columns) finish(row_, Kind::kRow);
  if (row + 1U == options_.rows) waiting_[column] = std::exchange(columns_[column], {});
  if (place % options_.rows == 0) finish(waiting_[place / options_.rows], Kind::kColumn);
  next_ = next_ + 1;
}

void FecEncoder::add(Sum& sum, const FreshPacket* packet, PacketPool& pool) noexcept {
  if (!sum.is_begun || sum.is_broken) return;
  if (packet != nullptr && try_add(sum, *packet, pool)) return;
  sum.is_broken = true;
  sum.buffer.reset();
}

bool FecEncoder::try_add(Sum& sum, const FreshPacket& packet, PacketPool& pool) noexcept {
  const ByteSpan payload = packet.payload.bytes();
  if (payload.size() > kProtectedBytesMax) return false;
  if (!sum.buffer) {
    sum.buffer = pool.take();
    if (!sum.buffer || !sum.buffer.resize(wire::kFecHeaderBytes)) return false;
  }
  const std::size_t before = sum.buffer.bytes().size();
  const std::size_t held = before - wire::kFecHeaderBytes;
  if (payload.size() > held && !sum.buffer.resize(wire::kFecHeaderBytes + payload.size())) return false;
  const MutableByteSpan total = sum.buffer.bytes().subspan(wire::kFecHeaderBytes);
  exclusive_or(total, payload.first(std::min(held, payload.size())));
  if (payload.size() > held) std::memcpy(total.data() + held, payload.data() + held, payload.size() - held);
  sum.length ^= static_cast<std::uint16_t>(payload.size());
  sum.payload_type ^= options_.payload_type;
  sum.timestamp ^= packet.ticks + tick_offset_of({options_.random});
  sum.marker = sum.marker != (packet.word != 0);
  return true;
}

void FecEncoder::finish(Sum& sum, Kind kind) noexcept {
  if (!sum.is_begun) return;
  const bool has_room = made_[static_cast<std::size_t>(kind)].count < kMadeMax;
  if (sum.is_broken || !has_room) {
    ++skipped_;
  } else {
    send(sum, kind);
  }
  sum = {};
}

void FecEncoder::send(Sum& sum, Kind kind) noexcept {
  const bool is_row = kind == Kind::kRow;
  wire::write_fec_header(sum.buffer.bytes().first<wire::kFecHeaderBytes>(),
                         {.base = static_cast<std::uint16_t>(SeqOffset{options_.random}.seq_of(sum.first).raw),
                          .length_recovery = sum.length,
                          .payload_type_recovery = sum.payload_type,
                          .timestamp_recovery = sum.timestamp,
                          .is_row = is_row,
                          .offset = is_row ? std::uint8_t{1} : options_.columns,
                          .count = is_row ? options_.columns : options_.rows});
  Made& made = made_[static_cast<std::size_t>(kind)];
  made.packets[made.count++] = {.payload = std::move(sum.buffer),
                                .pos = {made.number++},
                                .time = {},
                                .ticks = ticks_,
                                .word = rtp_word(sum.marker)};
  ++total_made_;
}

void FecEncoder::break_all() noexcept {
  row_ = {};
  for (Sum& sum : columns_) sum = {};
  for (Sum& sum : waiting_) sum = {};
}

void FecEncoder::let_go() noexcept {
  for (Made& made : made_) {
    for (FreshPacket& packet : std::span(made.packets).first(made.count)) packet.payload.reset();
    made.count = 0;
  }
}

void FecEncoder::reset() noexcept {
  let_go();
  break_all();
  next_ = {-1};
}

}  // namespace fanlight
