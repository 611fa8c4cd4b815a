#include "books.h"

#include <algorithm>
#include <utility>

#include "feed.h"
#include "relay_host.h"
#include "watch.h"
#include "world_spec.h"

namespace fanlight::sim {

namespace {

constexpr std::int64_t kDroppedMax = 20;  // In 1,000, where not all is demanded and nobody was disturbed.

}  // namespace

void Books::fail(std::string what) {
  ++failed_;
  if (failures_.size() < kKeptMax) failures_.push_back(std::move(what));
}

void Books::expect_equal(const char* what, std::uint64_t left, std::uint64_t right) {
  if (left != right) fail(std::string(what) + ": " + std::to_string(left) + " != " + std::to_string(right));
}

void Books::expect_at_most(const char* what, std::int64_t value, std::int64_t limit) {
  if (value > limit) fail(std::string(what) + ": " + std::to_string(value) + " > " + std::to_string(limit));
}

void balance_relay(Books& books, RelayHost& relay) {
  for (std::size_t worker = 0; worker < relay.workers(); ++worker) {
    const WorkerCounters& its = relay.counters(worker);
    std::uint64_t verdicts = 0;
    for (std::size_t i = 0; i < kVerdictCount; ++i) verdicts += its.read(static_cast<Verdict>(i));
    books.expect_equal("received + strays taken = sum of verdicts",
                       its.read(Counter::kReceived) + its.read(Counter::kStraysTaken), verdicts);
  }
  books.expect_equal("handed over = strays taken", relay.count(Verdict::kHandedOver),
                     relay.count(Counter::kStraysTaken));
  books.expect_equal("handovers given = taken", relay.count(Counter::kHandoversGiven),
                     relay.count(Counter::kHandoversTaken));
  books.expect_equal("handovers without a place", relay.count(Counter::kHandoversUnplaced), 0);
  books.expect_equal("handovers lost", relay.count(Counter::kHandoversLost), 0);
  books.expect_equal("references that ran out", relay.count(Counter::kAdoptionPoolDry), 0);

  const std::uint64_t queued = relay.queued();
  const std::uint64_t said = relay.count(Counter::kFreshSent) + relay.count(Counter::kRepairsSent) +
                             relay.count(Counter::kControlSent) + relay.count(Counter::kRepliesSent);
  const std::uint64_t left = relay.count(Counter::kTransmitted) + relay.count(Counter::kTransmitRefused) +
                             relay.count(Counter::kTransmitUnresolved);
  books.expect_equal("fresh + repairs + control + replies = transmitted + refused + queued", said, left + queued);
  books.expect_equal("queued at the end", queued, 0);
  books.expect_equal("sessions opened = closed", relay.count(Counter::kSessionsOpened),
                     relay.count(Counter::kSessionsClosed));
  books.expect_equal("closings control heard of", relay.closed().size(), relay.count(Counter::kSessionsClosed));
  books.expect_equal("buffers not in their pool", relay.buffers_out(), 0);
  books.expect_equal("cipher failures", relay.count(Counter::kCipherFailed), 0);
}

void balance_watch(Books& books, const WorldSpec& spec, const Feed& feed, const Watch& watch, std::uint64_t skipped,
                   bool is_closed_by_relay) {
  if (watch.delivered == 0) return;
  const std::uint64_t dropped = watch.dropped - watch.dropped_first;
  const std::uint64_t range = watch.last_index - watch.first_index + 1;
  books.expect_equal("delivered + left out = range of payloads", watch.delivered + watch.gaps, range);
  if (feed.is_dense && is_closed_by_relay) {
    // Towards one that has gone the relay may skip on; and it may have skipped before the first arrived.
    const bool is_exact = skipped == 0 || (watch.is_whole && watch.dropped_first == 0);
    const std::uint64_t known = is_exact ? dropped + skipped : watch.gaps;
    books.expect_equal("payloads left out = numbers dropped + positions skipped", watch.gaps, known);
    books.expect_at_most("payloads left out", static_cast<std::int64_t>(watch.gaps),
                         static_cast<std::int64_t>(dropped + skipped));
  }
  // What a feed lost on its way nobody repeats: its numbers are missing, those and no others.
  const std::uint64_t lost = spec.way == Way::kRtp ? feed.lost_between(watch.first_index, watch.last_index) : 0;
  if (!watch.is_excused)
    books.expect_at_most("numbers dropped, in 1,000",
                         static_cast<std::int64_t>((dropped - std::min(dropped, lost)) * 1'000 / range), kDroppedMax);
  if (spec.demands_all && !watch.is_excused)
    books.expect_equal("numbers dropped", (spec.way == Way::kRtp ? dropped : watch.dropped) - watch.unsettled, lost);
  if (spec.wander_max.count > 0)
    books.expect_at_most("play-out wanders, us", watch.wander.count, spec.wander_max.count);
}

}  // namespace fanlight::sim
