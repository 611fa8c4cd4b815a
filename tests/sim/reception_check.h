// What the relay has to report of a feed that it hears: RFC 3550 A.3, reckoned once more from what comes to its door.
// Copies and what is too late count as received, so a way that loses nothing shows no loss.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "books.h"
#include "wire/rtcp.h"

namespace fanlight::sim {

class ReceptionCheck {
 public:
  // A packet of the feed's one source has come to the door.
  void note_arrival(std::uint16_t seq) {
    if (!first_) first_ = newest_ = seq;
    newest_ = std::max(newest_, newest_ + static_cast<std::int16_t>(seq - static_cast<std::uint16_t>(newest_)));
    ++arrived_;
  }
  // A report about it leaves; `is_lossless`: its way loses nothing.
  void check(Books& books, const wire::ReportBlock& block, bool is_lossless) {
    if (!first_) return books.fail("a report about what never came");
    const std::int64_t expected = newest_ - *first_ + 1;
    const std::int64_t expected_since = expected - expected_before_;
    const std::int64_t lost_since = expected_since - (arrived_ - arrived_before_);
    const std::int64_t fraction = lost_since <= 0 ? 0 : std::min<std::int64_t>(255, lost_since * 256 / expected_since);
    books.expect_equal("highest number reported", block.highest_seq, static_cast<std::uint32_t>(newest_));
    if (block.lost != expected - arrived_)
      books.fail("lost packets reported: " + std::to_string(block.lost) + " != " + std::to_string(expected - arrived_));
    books.expect_equal("fraction lost", block.fraction_lost, static_cast<std::uint64_t>(fraction));
    if (is_lossless) books.expect_equal("fraction lost of a way without loss", block.fraction_lost, 0);
    expected_before_ = expected;
    arrived_before_ = arrived_;
    ++checked_;
  }
  [[nodiscard]] std::uint64_t checked() const { return checked_; }

 private:
  std::optional<std::int64_t> first_;  // Extended sequence numbers.
  std::int64_t newest_ = 0;
  std::int64_t arrived_ = 0;
  std::int64_t expected_before_ = 0;  // As of the last report.
  std::int64_t arrived_before_ = 0;
  std::uint64_t checked_ = 0;
};

}  // namespace fanlight::sim
