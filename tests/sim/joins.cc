#include "joins.h"

#include <algorithm>

#include "relay_host.h"

namespace fanlight::sim {
namespace {

constexpr std::int64_t kPaceMax = 8;
constexpr Micros kPaceLooked = seconds(1);  // From a viewer's first packet on; a run is over by then.
constexpr std::int64_t kPaceBurst = 4;      // Packets that jitter brought together.
constexpr Micros kLiveMin = millis(500);    // Design D11: within max(latency, 500 ms).
constexpr Micros kRounds = millis(15);      // The response's head start, rounds of catching up, breaths.
constexpr Micros kBurst = millis(200);
constexpr Micros kReport = millis(150);        // (RTT + 4 var) / 2, as long as neither was measured.
constexpr std::int64_t kDoublingsMax = 10;     // Longer than a session waits for its viewer.
constexpr std::uint64_t kJoinsLiveShare = 20;  // One of so many where bursts leave holes in what they would start with.

bool is_bursty(const LinkQuality& quality) { return quality.burst_begin > 0; }
bool is_hurt(const LinkQuality& quality) { return quality.loss > 0 || quality.reorder > 0 || is_bursty(quality); }

}  // namespace

void Joins::note_sent(Books& books, Instant now, const wire::DataHeader& header) {
  if (header.retransmitted || spec_.content == Content::kOpaque) return;
  Line& line = lines_.try_emplace(header.destination, Line{.first = now}).first->second;
  ++line.fresh;
  if (now - line.first > kPaceLooked) return;
  const double due =
      static_cast<double>(kPaceMax * (now - line.first).count) / static_cast<double>(spec_.interval.count);
  books.expect_at_most("packets of a viewer that joins", line.fresh,
                       kPaceBurst + static_cast<std::int64_t>(due * (1 + spec_.pace_slack)));
}

void Joins::note_lost(SocketId viewer) {
  const auto line = lines_.find(viewer);
  if (line != lines_.end() && line->second.heard == Instant::never()) ++line->second.lost;
}

void Joins::note_heard(Instant now, SocketId viewer) {
  const auto line = lines_.find(viewer);
  if (line != lines_.end()) line->second.heard = std::min(line->second.heard, now);
}

// A round trip and the 10 ms between two ACKs. Each datagram that is lost costs at most one packet that would have
// drawn an ACK, and the next one follows when the time since the start has doubled; so does the next after a response
// that came late. Of two, one may be a packet and the other the report that it is missing.
Micros Joins::heard_within(const Line& line, const Watch& watch) const {
  const Micros trip = slowest(spec_.viewer_link);
  const Micros late = std::max(Micros{}, watch.began - line.first - trip);
  Micros within = kRounds + 2 * trip + kSyn + late;
  if (line.lost > 0 || late > Micros{})
    within = within + (std::int64_t{1} << std::min(line.lost, kDoublingsMax)) * std::max(late, kSyn);
  if (line.lost > 1) within = within + (line.lost - 1) * kReport;
  return is_bursty(spec_.publisher_link) || is_bursty(spec_.viewer_link) ? within + kBurst : within;
}

void Joins::balance(Books& books, const RelayHost& relay) const {
  const std::uint64_t live = relay.count(Counter::kJoinsLive);
  const std::uint64_t at_picture = relay.count(Counter::kJoinsAtPicture);
  if (!starts_at_picture(spec_)) return books.expect_equal("joins at a picture", at_picture, 0);
  const bool has_holes = is_bursty(spec_.publisher_link);
  books.expect_at_most("joins live", static_cast<std::int64_t>(live),
                       static_cast<std::int64_t>(has_holes ? 1 + (live + at_picture) / kJoinsLiveShare : 0));
}

void Joins::balance(Books& books, const Feed& feed, const Watch& watch) const {
  const auto line = lines_.find(watch.own);
  if (watch.delivered == 0 || watch.is_excused || line == lines_.end()) return;
  if (!watch.start_index) {
    const bool may_be_lost = spec_.way != Way::kCall && is_hurt(spec_.publisher_link);
    if (spec_.demands_all && !may_be_lost)
      books.fail("the first number of " + std::to_string(watch.own.raw()) + " never came");
    return;
  }
  const Instant joined = line->second.first;
  const Instant up = std::max(joined, watch.began);  // Its answer may have been lost.
  const Micros behind = joined - feed.made[*watch.start_index].at;
  const Micros heard = line->second.heard - joined;
  books.expect_at_most("heard, us after joining", heard.count, heard_within(line->second, watch).count);
  Micros takes = kRounds + slowest(spec_.viewer_link) + (is_bursty(spec_.viewer_link) ? kBurst : Micros{});
  if (starts_at_picture(spec_)) {
    balance_picture(books, feed, *watch.start_index, joined);
    // It has its first packets and waits to be heard while the stream goes on; from then on it is faster.
    takes = takes + heard - (up - joined) +
            Micros{static_cast<std::int64_t>(static_cast<double>((behind + heard).count) * (1 + spec_.pace_slack) /
                                             static_cast<double>(kPaceMax - 1))};
    books.expect_at_most("live, us after joining", (watch.live_at - up).count,
                         (std::max(spec_.latency, kLiveMin) + slowest(spec_.viewer_link)).count);
  } else {
    // Whose answer was lost has missed its first packets, and waits to be heard for the others.
    if (up - joined > slowest(spec_.viewer_link)) takes = takes + std::max(Micros{}, heard - (up - joined));
    books.expect_at_most("start lies back, us", behind.count, (slowest_in(spec_) + spec_.interval + kRounds).count);
  }
  books.expect_at_most("caught up, us after joining", (watch.live_at - up).count, takes.count);
}

// Its tables stand first, its picture has come; and no newer one has, unless the relay may have missed it.
void Joins::balance_picture(Books& books, const Feed& feed, std::uint64_t start, Instant joined) const {
  if (!feed.ts.has_tables(start)) return books.fail("payload " + std::to_string(start) + " begins without tables");
  const std::uint64_t picture = feed.ts.picture_behind(start);
  if (feed.made[picture].at > joined) books.fail("the picture behind payload " + std::to_string(start) + " is to come");
  if (is_hurt(spec_.publisher_link)) return;
  books.expect_equal("payloads from the tables to the picture", picture - start, feed.ts.picture_at);
  const std::uint64_t next = picture + feed.ts.group;
  const Micros way = slowest(spec_.publisher_link) + kRounds;
  if (next < feed.made.size() && feed.made[next].at + way < joined)
    books.fail("payload " + std::to_string(next) + " has a newer picture");
}

}  // namespace fanlight::sim
