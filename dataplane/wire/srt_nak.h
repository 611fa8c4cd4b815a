// Loss report (NAK) content and drop request. draft §3.2.5, §3.2.9, srt-wire §1.7
//
//  |0|                    lost sequence number                     |   one packet
//  |1|               first lost sequence number                    |   a range, both ends lost ...
//  |0|                last lost sequence number                    |   ... in two words
#pragma once

#include <cstdint>
#include <optional>

#include "wire/srt_header.h"

namespace fanlight::wire {

struct SeqRange {
  SeqNo first{};
  SeqNo last{};
  friend bool operator==(const SeqRange&, const SeqRange&) = default;
};

// Walks a loss report without allocating. next() answers the ranges in order (one packet: first == last), and empty at
// the end or at a malformed word; is_malformed() tells the two apart.
class LossReportReader {
 public:
  explicit LossReportReader(ByteSpan content) noexcept : rest_(content) {}
  [[nodiscard]] std::optional<SeqRange> next() noexcept;
  [[nodiscard]] bool is_malformed() const noexcept { return malformed_; }

 private:
  ByteSpan rest_;
  bool malformed_ = false;
};

// True when the report is one or more well-formed ranges with first <= last (31-bit distance) and no half range.
[[nodiscard]] bool is_well_formed_loss_report(ByteSpan content) noexcept;

// What libsrt puts in one report at most: a payload of 1456 bytes.
inline constexpr std::size_t kLossReportWordsMax = 364;

// Builds a NAK packet range by range.
class LossReportWriter {
 public:
  // `out` receives header and content, of which at most kLossReportWordsMax words are used.
  LossReportWriter(MutableByteSpan out, WireTime time, SocketId destination) noexcept;
  // False when the range no longer fits; the packet so far stays valid.
  [[nodiscard]] bool add(SeqRange range) noexcept;
  // Size in bytes of the packet, 0 when nothing was added.
  [[nodiscard]] std::size_t written() const noexcept;

 private:
  MutableByteSpan out_;
  std::size_t at_;
};

struct DropRequest {
  std::uint32_t message = 0;  // 0: by sequence only.
  SeqRange range{};
  friend bool operator==(const DropRequest&, const DropRequest&) = default;
};
// `header.info` carries the message number; content shorter than 8 bytes or a set bit 31 is malformed.
[[nodiscard]] std::optional<DropRequest> parse_drop_request(const ControlHeader& header, ByteSpan content) noexcept;
[[nodiscard]] std::size_t write_drop_request(MutableByteSpan out, const DropRequest& request, WireTime time,
                                             SocketId destination) noexcept;

}  // namespace fanlight::wire
