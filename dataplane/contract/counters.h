// One worker's counters. Written by: that worker alone, with relaxed stores. Read by: anybody, at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/verdict.h"

namespace fanlight {

// enumerator, name in metrics. docs/counters.md has the sentence "if this grows, then…" for each.
#define FANLIGHT_COUNTERS(X)                    \
  X(kBreaths, "breaths")                        \
  X(kBreathsIdle, "breaths_idle")               \
  X(kBusyMicros, "busy_us")                     \
  X(kReceived, "received")                      \
  X(kReceivedBytes, "received_bytes")           \
  X(kTransmitted, "transmitted")                \
  X(kTransmittedBytes, "transmitted_bytes")     \
  X(kTransmitCalls, "transmit_calls")           \
  X(kTransmitSegmented, "transmit_segmented")   \
  X(kTransmitRefused, "transmit_refused")       \
  X(kTransmitUnresolved, "transmit_unresolved") \
  X(kTransmitPoolDry, "transmit_pool_dry")      \
  X(kOwnFrames, "own_frames")                   \
  X(kNeighbourNewsLost, "neighbour_news_lost")  \
  X(kTransmitPaused, "transmit_paused")         \
  X(kReceivePoolDry, "receive_pool_dry")        \
  X(kFreshSent, "fresh_sent")                   \
  X(kReleaseGivenUp, "release_given_up")        \
  X(kReleaseSkipped, "release_skipped")         \
  X(kReleaseNotTs, "release_not_ts")            \
  X(kDestinationPauses, "destination_pauses")   \
  X(kRepairsSent, "repairs_sent")               \
  X(kControlSent, "control_sent")               \
  X(kReportsSent, "reports_sent")               \
  X(kRepliesSent, "replies_sent")               \
  X(kRepliesRefused, "replies_refused")         \
  X(kHeaderPoolDry, "header_pool_dry")          \
  X(kCopyPoolDry, "copy_pool_dry")              \
  X(kCipherFailed, "cipher_failed")             \
  X(kKeyGone, "key_gone")                       \
  X(kKeysTurned, "keys_turned")                 \
  X(kKeysUnanswered, "keys_unanswered")         \
  X(kPayloadTooLarge, "payload_too_large")      \
  X(kRepairsLimited, "repairs_limited")         \
  X(kNakStale, "nak_stale")                     \
  X(kNakRepeated, "nak_repeated")               \
  X(kNakNotHeld, "nak_not_held")                \
  X(kNakTooOld, "nak_too_old")                  \
  X(kNakOverflow, "nak_overflow")               \
  X(kDropRequestsSent, "drop_requests_sent")    \
  X(kPublisherLost, "publisher_lost")           \
  X(kPublisherGivenUp, "publisher_given_up")    \
  X(kPublisherSplices, "publisher_splices")     \
  X(kClocksWrong, "clocks_wrong")               \
  X(kRepairedLate, "repaired_late")             \
  X(kFecMade, "fec_made")                       \
  X(kFecSkipped, "fec_skipped")                 \
  X(kFecRepaired, "fec_repaired")               \
  X(kFecWrong, "fec_wrong")                     \
  X(kSrtpMade, "srtp_made")                     \
  X(kSrtpLateJoins, "srtp_late_joins")          \
  X(kHistoryOverrun, "history_overrun")         \
  X(kJoinsAtPicture, "joins_at_picture")        \
  X(kJoinsLive, "joins_live")                   \
  X(kWindowClosed, "window_closed")             \
  X(kViewerSkips, "viewer_skips")               \
  X(kPacketsSkipped, "packets_skipped")         \
  X(kStraysTaken, "strays_taken")               \
  X(kHandoversGiven, "handovers_given")         \
  X(kHandoversTaken, "handovers_taken")         \
  X(kHandoversLost, "handovers_lost")           \
  X(kHandoversUnplaced, "handovers_unplaced")   \
  X(kAdoptionPoolDry, "adoption_pool_dry")      \
  X(kCutStalled, "cut_stalled")                 \
  X(kCutTooSlow, "cut_too_slow")                \
  X(kCutOverBudget, "cut_over_budget")          \
  X(kSessionsOpened, "sessions_opened")         \
  X(kSessionsClosed, "sessions_closed")         \
  X(kSessionsRefused, "sessions_refused")       \
  X(kHalfOpenDisplaced, "half_open_displaced")  \
  X(kResponsesForgotten, "responses_forgotten") \
  X(kCallsMade, "calls_made")                   \
  X(kCallsFailed, "calls_failed")               \
  X(kEventsRefused, "events_refused")

enum class Counter : std::uint8_t {
#define X(enumerator, name) enumerator,
  FANLIGHT_COUNTERS(X)
#undef X
};

inline constexpr std::array kCounterNames = {
#define X(enumerator, name) std::string_view{name},
    FANLIGHT_COUNTERS(X)
#undef X
};
inline constexpr std::size_t kCounterCount = kCounterNames.size();

class alignas(64) WorkerCounters {
 public:
  void add(Counter counter, std::uint64_t n = 1) noexcept { bump(values_[static_cast<std::size_t>(counter)], n); }
  void set(Counter counter, std::uint64_t n) noexcept {
    values_[static_cast<std::size_t>(counter)].store(n, std::memory_order_relaxed);
  }
  // Counts a verdict: an index, not a branch.
  void count(Verdict verdict) noexcept { bump(verdicts_[static_cast<std::size_t>(verdict)], 1); }

  // What the port judged by itself, in total so far.
  void set_judged_by_port(std::span<const std::uint64_t, kVerdictCount> totals) noexcept {
    for (std::size_t i = 0; i < kVerdictCount; ++i) port_verdicts_[i].store(totals[i], std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t read(Counter counter) const noexcept {
    return values_[static_cast<std::size_t>(counter)].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t read(Verdict verdict) const noexcept {
    const auto i = static_cast<std::size_t>(verdict);
    return verdicts_[i].load(std::memory_order_relaxed) + port_verdicts_[i].load(std::memory_order_relaxed);
  }

 private:
  // One writer: a plain add, published without a locked instruction.
  static void bump(std::atomic<std::uint64_t>& value, std::uint64_t n) noexcept {
    value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::array<std::atomic<std::uint64_t>, kCounterCount> values_{};
  std::array<std::atomic<std::uint64_t>, kVerdictCount> verdicts_{};
  std::array<std::atomic<std::uint64_t>, kVerdictCount> port_verdicts_{};
};

}  // namespace fanlight
