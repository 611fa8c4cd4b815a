// An RTP receiver behind a link that loses, doubles and delays, against what the sender knows.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "engine/rtp/receiver.h"
#include "wire/rtp_feedback.h"

namespace fanlight::rtp {
namespace {

constexpr PacketPos kFirst{7'000};
constexpr Micros kLatency = millis(50);
constexpr Micros kInterval = millis(2);

struct Arriving {
  Instant at;
  std::int64_t number = 0;  // Of the sender's packets, from 0.
};

// Each packet is sent once in two milliseconds, and comes never, once or twice, up to 80 ms late.
std::vector<Arriving> through_bad_weather(std::int64_t packets, Instant start) {
  std::vector<Arriving> arriving;
  for (std::int64_t number = 0; number < packets; ++number) {
    const Instant sent = start + number * kInterval;
    for (int copies = *rc::gen::weightedElement<int>({{8, 1}, {1, 0}, {1, 2}}); copies > 0; --copies) {
      const bool is_delayed = *rc::gen::inRange(0, 8) == 0;
      arriving.push_back({sent + micros(is_delayed ? *rc::gen::inRange(0, 80'000) : 500), number});
    }
  }
  std::ranges::stable_sort(arriving, {}, &Arriving::at);
  return arriving;
}

// 18 ticks in a second are 200 ppm of 90 kHz.
RC_GTEST_PROP(RtpReceiverProperty, PlacesWhatComesInTimeOnceAndWhereItBelongs, ()) {
  const std::int64_t packets = *rc::gen::inRange(2, 400);
  const auto first_seq = *rc::gen::arbitrary<std::uint16_t>();
  const auto first_stamp = *rc::gen::arbitrary<std::uint32_t>();
  const std::int64_t drift = *rc::gen::inRange(-18, 19);
  const Instant start{1'000'000'000};
  const std::vector<Arriving> arriving = through_bad_weather(packets, start);
  RC_PRE(!arriving.empty());

  Receiver receiver({.first_pos = kFirst, .latency = kLatency});
  const std::int64_t zero = arriving.front().number;
  std::map<std::int64_t, Instant> overtaken;  // When a later packet first came, for those that had not.
  std::map<std::int64_t, bool> taken;
  std::int64_t newest = zero - 1;
  for (const Arriving& one : arriving) {
    receiver.handle_timeout(one.at);
    const std::int64_t ticks = one.number * kInterval.count * (90'000 + drift) / 1'000'000;
    const Receiver::Placement placed =
        receiver.handle_data(one.at, {.seq = static_cast<std::uint16_t>(first_seq + one.number),
                                      .timestamp = first_stamp + static_cast<std::uint32_t>(ticks),
                                      .ssrc = 5});
    const bool is_first_copy = !taken[one.number];
    const bool is_ahead = one.number > newest;
    const bool is_in_time =
        one.number >= zero && overtaken.contains(one.number) && one.at - overtaken[one.number] < kLatency;
    for (std::int64_t missed = newest + 1; missed < one.number; ++missed) overtaken[missed] = one.at;
    newest = std::max(newest, one.number);
    if (is_ahead) RC_ASSERT(placed.verdict == Verdict::kAccepted);
    if (!is_ahead && is_first_copy && is_in_time) RC_ASSERT(placed.verdict == Verdict::kAcceptedLate);
    if (!is_ahead && !(is_first_copy && is_in_time))
      RC_ASSERT(placed.verdict == Verdict::kDuplicate || placed.verdict == Verdict::kTooLate);
    if (placed.verdict != Verdict::kAccepted && placed.verdict != Verdict::kAcceptedLate) continue;
    taken[one.number] = true;
    RC_ASSERT(placed.pos == kFirst + (one.number - zero));
    const std::int64_t zero_ticks = zero * kInterval.count * (90'000 + drift) / 1'000'000;
    const auto us = std::int64_t{static_cast<std::int32_t>(placed.time.raw)};
    RC_ASSERT(std::abs(us - (ticks - zero_ticks) * 1'000'000 / 90'000) <= 1);
  }
  const Receiver::Stats& stats = receiver.stats();
  RC_ASSERT(stats.lost == stats.given_up + stats.repaired + static_cast<std::uint64_t>(receiver.missing_packets()));
  RC_ASSERT(stats.splices == 0u);
}

// A sender that answers every NACK, behind a link that loses a fifth each way: what is missing is asked for, nothing
// else is, ten times at most, and what is not held in the end was given up after its latency.
RC_GTEST_PROP(RtpReceiverProperty, AsksForWhatIsMissingAndForNothingElse, ()) {
  const auto first = *rc::gen::arbitrary<std::uint16_t>();
  const std::int64_t packets = *rc::gen::inRange(50, 300);
  const Micros way = micros(*rc::gen::inRange(100, 15'000));
  const auto is_lost = [] { return *rc::gen::inRange(0, 5) == 0; };
  Receiver receiver({.first_pos = kFirst, .latency = millis(200), .own_ssrc = 9, .nack = true});
  Instant now{1'000'000};
  std::multimap<Instant, std::int64_t> coming;
  for (std::int64_t i = 0; i < packets; ++i)
    if (i == 0 || !is_lost()) coming.emplace(now + i * kInterval + way, i);
  std::vector<bool> held(static_cast<std::size_t>(packets));
  std::map<std::int64_t, int> asks;
  while (!coming.empty() || receiver.missing_packets() > 0) {
    const Instant next = coming.empty() ? Instant::never() : coming.begin()->first;
    now = std::max(now, std::min(next, receiver.next_deadline().at));
    while (!coming.empty() && coming.begin()->first <= now) {
      const std::int64_t number = coming.begin()->second;
      coming.erase(coming.begin());
      const auto placed = receiver.handle_data(now, {.seq = static_cast<std::uint16_t>(first + number),
                                                     .timestamp = static_cast<std::uint32_t>(number * 180),
                                                     .ssrc = 1});
      const bool is_taken = placed.verdict == Verdict::kAccepted || placed.verdict == Verdict::kAcceptedLate;
      if (!is_taken) continue;
      RC_ASSERT(placed.pos == kFirst + number);
      RC_ASSERT(!held[static_cast<std::size_t>(number)]);
      held[static_cast<std::size_t>(number)] = true;
    }
    receiver.handle_timeout(now);
    std::array<std::byte, 1472> scratch;
    while (const std::size_t bytes = receiver.poll_control(now, {}, scratch)) {
      wire::RtcpReader reader(ByteSpan(scratch).first(bytes));
      while (const auto packet = reader.next()) {
        const auto nack = wire::parse_nack(*packet);
        for (std::size_t i = 0; nack && i < nack->size(); ++i)
          for (int behind = 0; behind < wire::NackItem::kSpan; ++behind) {
            if (behind > 0 && (nack->at(i).following >> (behind - 1) & 1) == 0) continue;
            const auto number = static_cast<std::uint16_t>(nack->at(i).first + behind - first);
            RC_ASSERT(number < packets);
            RC_ASSERT(!held[number]);
            RC_ASSERT(++asks[number] <= 10);
            if (!is_lost()) coming.emplace(now + 2 * way, number);
          }
      }
    }
    RC_ASSERT(receiver.next_deadline().at > now);
  }
  const auto& stats = receiver.stats();
  RC_ASSERT(stats.lost == stats.repaired + stats.given_up);
}

}  // namespace
}  // namespace fanlight::rtp
