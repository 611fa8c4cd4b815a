// FEC of random matrices over random losses: what a solver that sees everything at once brings back, the relay's brings
// back as it comes, and never another byte than was lost.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/exclusive_or.h"
#include "engine/rtp/receiver.h"
#include "stream/fec_encoder.h"
#include "stream/fec_repair.h"
#include "wire/test_bytes.h"

namespace fanlight {
namespace {

struct Media {
  wire::RtpHeader header;
  Bytes payload;
};

struct Line {
  std::vector<std::int64_t> packets{};
  bool is_row = false;
  std::int64_t sent_after = 0;  // This packet.
};

struct Shape {
  std::int64_t columns = 4;
  std::int64_t rows = 4;
  std::int64_t matrices = 3;
  bool has_rows = true;
  [[nodiscard]] std::int64_t size() const { return columns * rows; }
  [[nodiscard]] std::int64_t packets() const { return matrices * size(); }
};

Shape any_shape() {
  Shape shape;
  shape.columns = *rc::gen::inRange(1, 21);
  shape.rows = *rc::gen::inRange<std::int64_t>(
      4, std::max<std::int64_t>(5, std::min<std::int64_t>(20, 100 / shape.columns) + 1));
  shape.has_rows = shape.columns >= 4 && *rc::gen::arbitrary<bool>();
  return shape;
}

// A row's FEC goes at once, a column's is spread over the next matrix.
std::vector<Line> lines_of(const Shape& shape) {
  std::vector<Line> lines;
  for (std::int64_t base = 0; base < shape.packets(); base += shape.size()) {
    for (std::int64_t column = 0; column < shape.columns; ++column) {
      Line line{.sent_after = base + shape.size() - 1 + column * shape.rows};
      for (std::int64_t row = 0; row < shape.rows; ++row) line.packets.push_back(base + row * shape.columns + column);
      lines.push_back(line);
    }
    for (std::int64_t row = 0; shape.has_rows && row < shape.rows; ++row) {
      Line line{.is_row = true, .sent_after = base + (row + 1) * shape.columns - 1};
      for (std::int64_t column = 0; column < shape.columns; ++column)
        line.packets.push_back(base + row * shape.columns + column);
      lines.push_back(line);
    }
  }
  return lines;
}

std::vector<Media> any_media(std::int64_t packets) {
  const auto first_seq = *rc::gen::element<std::uint16_t>(0, 65'535, 65'500, 65'300, 32'760, 1'000);
  const auto first_stamp = *rc::gen::arbitrary<std::uint32_t>();
  std::vector<Media> media;
  for (std::int64_t n = 0; n < packets; ++n) {
    Media one{.header = {.marker = n % 7 == 0,
                         .payload_type = 33,
                         .seq = static_cast<std::uint16_t>(first_seq + n),
                         .timestamp = first_stamp + static_cast<std::uint32_t>(n * 90),
                         .ssrc = 5},
              .payload = Bytes(static_cast<std::size_t>(188 * *rc::gen::inRange(1, 8)))};
    for (std::size_t i = 0; i < one.payload.size(); ++i)
      one.payload[i] = std::byte{static_cast<std::uint8_t>(n * 31 + static_cast<std::int64_t>(i) * 7)};
    media.push_back(std::move(one));
  }
  return media;
}

Bytes fec_of(const Line& line, const Shape& shape, const std::vector<Media>& media) {
  wire::FecHeader fec{.base = media[static_cast<std::size_t>(line.packets[0])].header.seq,
                      .is_row = line.is_row,
                      .offset = static_cast<std::uint8_t>(line.is_row ? 1 : shape.columns),
                      .count = static_cast<std::uint8_t>(line.packets.size())};
  wire::RtpHeader rtp{.payload_type = wire::kPayloadTypeFec};
  Bytes payload;
  for (const std::int64_t n : line.packets) {
    const Media& one = media[static_cast<std::size_t>(n)];
    if (one.payload.size() > payload.size()) payload.resize(one.payload.size());
    exclusive_or(payload, one.payload);
    fec.length_recovery ^= static_cast<std::uint16_t>(one.payload.size());
    fec.payload_type_recovery ^= one.header.payload_type;
    fec.timestamp_recovery ^= one.header.timestamp;
    rtp.marker = rtp.marker != one.header.marker;
  }
  Bytes out(wire::kFecOverheadBytes + payload.size());
  wire::write_rtp_header(std::span(out).first<wire::kRtpHeaderBytes>(), rtp);
  wire::write_fec_header(std::span(out).subspan<wire::kRtpHeaderBytes, wire::kFecHeaderBytes>(), fec);
  std::ranges::copy(payload, out.begin() + wire::kFecOverheadBytes);
  return out;
}

// Peels lines until none misses exactly one. What is ahead of all that came is left alone.
std::set<std::int64_t> solve(std::set<std::int64_t> missing, const std::vector<Line>& heard, std::int64_t newest) {
  for (bool has_moved = true; has_moved;) {
    has_moved = false;
    for (const Line& line : heard) {
      std::vector<std::int64_t> of_it;
      std::ranges::copy_if(line.packets, std::back_inserter(of_it),
                           [&](std::int64_t n) { return missing.contains(n); });
      if (of_it.size() != 1 || of_it[0] >= newest) continue;
      missing.erase(of_it[0]);
      has_moved = true;
    }
  }
  return missing;
}

// A feed's part of the relay: receiver, history and repair.
struct House {
  explicit House(std::uint8_t type) : payload_type(type) {}
  PacketPool pool{1024, 1500};
  History history{512};
  rtp::Receiver receiver{{.first_pos = {900}, .latency = seconds(5)}};
  FecRepair fec;
  Instant now{1'000'000};
  std::uint8_t payload_type;
  bool is_honest = true;

  PacketRef packet_of(ByteSpan bytes) {
    PacketRef packet = pool.take();
    RC_ASSERT(packet && packet.resize(bytes.size()));
    std::ranges::copy(bytes, packet.bytes().begin());
    return packet;
  }
  void hear(const wire::RtpHeader& header, PacketRef packet) {
    const rtp::Receiver::Placement placed = receiver.handle_data(now, header);
    RC_ASSERT(placed.verdict == Verdict::kAccepted || placed.verdict == Verdict::kAcceptedLate);
    fec.handle_data(receiver.run_first(), placed.pos, header, true);
    (void)history.admit(now, placed.pos, {}, packet);
  }
  void hear_fec(ByteSpan bytes) {
    const auto parsed = wire::parse_fec(bytes);
    const auto first = receiver.position_of(parsed->fec.base);
    if (!first) return;
    PacketRef packet = packet_of(bytes);
    (void)fec.handle_fec(*first, *parsed, packet);
  }
  // Calls `check` with each packet that is brought back.
  template <class Check>
  void repair(Check check) {
    while (auto one = fec.next(history, receiver.first_missing(), payload_type)) {
      if (!one->payload) continue;
      check(*one);
      one->header.seq = receiver.number_of(one->pos);
      const rtp::Receiver::Placement placed = receiver.handle_repaired(now, one->header, one->neighbours);
      RC_ASSERT(!is_honest || placed.verdict == Verdict::kAcceptedLate);
      if (placed.verdict != Verdict::kAcceptedLate) continue;
      fec.handle_data(receiver.run_first(), placed.pos, one->header, true);
      RC_ASSERT(history.admit(now, placed.pos, {}, one->payload) == Verdict::kAcceptedLate);
    }
  }
};

RC_GTEST_PROP(FecProperty, BringsBackWhatCanBeAndNeverAWrongByte, ()) {
  const Shape shape = any_shape();
  const std::vector<Media> media = any_media(shape.packets());
  const std::vector<Line> lines = lines_of(shape);
  const int one_in = *rc::gen::element(3, 5, 10, 30);
  std::set<std::int64_t> lost;
  for (std::int64_t n = 1; n < shape.packets(); ++n)
    if (*rc::gen::inRange(0, one_in) == 0) lost.insert(n);
  for (std::int64_t n = *rc::gen::inRange<std::int64_t>(1, shape.packets()),
                    end = n + *rc::gen::inRange<std::int64_t>(0, shape.columns + 1);
       n < std::min(end, shape.packets()); ++n)
    lost.insert(n);

  House house(33);
  std::vector<Line> heard;
  std::set<std::int64_t> repaired;
  std::int64_t newest = 0;
  const auto check = [&](const FecRepair::Repaired& one) {
    const std::int64_t n = one.pos.value - 900;
    RC_ASSERT(lost.contains(n) && repaired.insert(n).second);
    const Media& wanted = media[static_cast<std::size_t>(n)];
    RC_ASSERT(house.receiver.number_of(one.pos) == wanted.header.seq);
    RC_ASSERT(one.header.timestamp == wanted.header.timestamp && one.header.marker == wanted.header.marker);
    RC_ASSERT(std::ranges::equal(one.payload.bytes(), wanted.payload));
  };
  for (std::int64_t n = 0; n < shape.packets() + shape.size() + shape.columns; ++n) {
    house.now = house.now + millis(1);
    if (n < shape.packets() && !lost.contains(n)) {
      newest = n;
      house.hear(media[static_cast<std::size_t>(n)].header,
                 house.packet_of(media[static_cast<std::size_t>(n)].payload));
    }
    for (const Line& line : lines) {
      if (line.sent_after != n || *rc::gen::inRange(0, 12) == 0) continue;
      heard.push_back(line);
      house.hear_fec(fec_of(line, shape, media));
    }
    house.repair(check);
  }
  std::set<std::int64_t> left = lost;
  for (const std::int64_t n : repaired) left.erase(n);
  RC_ASSERT(left == solve(lost, heard, newest));
  RC_ASSERT(house.pool.available() + house.history.held() + house.fec.held() == house.pool.capacity());
}

// What is made for destinations is what was asked for, whatever the passes and the holes: no line with a hole has any.
RC_GTEST_PROP(FecProperty, WhatIsMadeIsEveryWholeLineAndNoOther, ()) {
  Shape shape = any_shape();
  shape.matrices = 4;
  std::vector<Media> media = any_media(shape.packets());
  const auto random = *rc::gen::element<std::uint32_t>(0, 65'500, 65'535, 0xFFFF'FFFF);
  for (std::int64_t n = 0; n < shape.packets(); ++n) {
    wire::RtpHeader& header = media[static_cast<std::size_t>(n)].header;
    header.seq = static_cast<std::uint16_t>(random + static_cast<std::uint32_t>(n));
    header.timestamp = static_cast<std::uint32_t>(n * 90) + tick_offset_of({random});
  }
  std::set<std::int64_t> holes;
  for (std::int64_t n = 1; n < shape.packets(); ++n)
    if (*rc::gen::inRange(0, 40) == 0) holes.insert(n);

  PacketPool pool(1024, 1500);
  FecEncoder encoder({.columns = static_cast<std::uint8_t>(shape.columns),
                      .rows = static_cast<std::uint8_t>(shape.rows),
                      .has_rows = shape.has_rows,
                      .random = random});
  std::multiset<Bytes> made;
  for (std::int64_t n = 0; n < shape.packets();) {
    std::vector<FreshPacket> pass;
    const std::int64_t end = std::min(shape.packets(), n + *rc::gen::inRange<std::int64_t>(1, 65));
    for (; n < end; ++n) {
      if (holes.contains(n)) continue;
      const Media& one = media[static_cast<std::size_t>(n)];
      PacketRef payload = pool.take();
      RC_ASSERT(payload && payload.resize(one.payload.size()));
      std::ranges::copy(one.payload, payload.bytes().begin());
      pass.push_back({.payload = std::move(payload),
                      .pos = {n},
                      .time = {},
                      .ticks = static_cast<std::uint32_t>(n * 90),
                      .word = rtp_word(one.header.marker)});
    }
    encoder.protect(pass, {n}, pool);
    for (const FecEncoder::Kind kind : {FecEncoder::Kind::kColumn, FecEncoder::Kind::kRow})
      for (const FreshPacket& one : encoder.made(kind))
        made.insert(Bytes(one.payload.bytes().begin(), one.payload.bytes().end()));
  }
  std::multiset<Bytes> wanted;
  for (const Line& line : lines_of(shape)) {
    if (line.sent_after >= shape.packets() - (line.is_row ? 0 : 1)) continue;
    if (std::ranges::any_of(line.packets, [&](std::int64_t n) { return holes.contains(n); })) continue;
    const Bytes whole = fec_of(line, shape, media);
    wanted.insert(Bytes(whole.begin() + wire::kRtpHeaderBytes, whole.end()));
  }
  RC_ASSERT(made == wanted);
}

// Any byte of any FEC packet may be another. Packets that were heard stay as they were, and nothing is leaked.
RC_GTEST_PROP(FecProperty, LiesBringBackNothingButWhatWasMissing, ()) {
  const Shape shape = any_shape();
  const std::vector<Media> media = any_media(shape.packets());
  House house(33);
  house.is_honest = false;
  for (std::int64_t n = 0; n < shape.packets(); ++n) {
    if (n > 0 && *rc::gen::inRange(0, 8) == 0) continue;
    house.now = house.now + millis(1);
    house.hear(media[static_cast<std::size_t>(n)].header, house.packet_of(media[static_cast<std::size_t>(n)].payload));
  }
  std::set<std::int64_t> held;
  for (std::int64_t n = 0; n < shape.packets(); ++n)
    if (house.history.find({900 + n}) != nullptr) held.insert(n);
  for (const Line& line : lines_of(shape)) {
    Bytes fec = fec_of(line, shape, media);
    for (int lies = *rc::gen::inRange(1, 4); lies > 0; --lies)
      fec[*rc::gen::inRange<std::size_t>(0, 40)] = std::byte{*rc::gen::arbitrary<std::uint8_t>()};
    if (*rc::gen::inRange(0, 3) == 0) fec.resize(*rc::gen::inRange<std::size_t>(28, fec.size()));
    if (static_cast<std::uint8_t>(fec[0]) >> 6 == 2) house.hear_fec(fec);
    house.repair([&](const FecRepair::Repaired& one) { RC_ASSERT(!held.contains(one.pos.value - 900)); });
  }
  for (const std::int64_t n : held)
    RC_ASSERT(
        std::ranges::equal(house.history.find({900 + n})->packet.bytes(), media[static_cast<std::size_t>(n)].payload));
  RC_ASSERT(house.pool.available() + house.history.held() + house.fec.held() == house.pool.capacity());
}

}  // namespace
}  // namespace fanlight
