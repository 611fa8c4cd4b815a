#include "stream/join_plan.h"

#include <algorithm>

namespace fanlight {
namespace {

constexpr std::int64_t kPaceMax = 8;  // Times the stream's rate.
// Who waits for its turn longer than this takes no place among those that catch up.
constexpr Micros kTurnMax = millis(500);
// A viewer that cannot be brought to live is not tried for ever.
constexpr std::int64_t kGiveUpFactor = 4;

// Packets per second; more than the stream's own rate, or 0.
std::int64_t pace_of(Instant now, const Stream& stream) {
  const std::int64_t rate = stream.rate().per_second(now);
  const auto packet_bits = static_cast<std::int64_t>((stream.payload_bytes_max() + kMssOverhead) * 8);
  const auto bits_max = static_cast<std::int64_t>(stream.options().join.bits_max);
  const std::int64_t fast = kPaceMax * rate;
  const std::int64_t pace = bits_max == 0 ? fast : std::min(fast, bits_max / packet_bits);
  return pace > rate ? pace : 0;
}

}  // namespace

std::optional<JoinRun> plan_join(Instant now, const Stream& stream, const Viewer& viewer) noexcept {
  const std::optional<AccessIndex::Point>& point = stream.access().last();
  if (!stream.options().join.at_picture || !point || now - viewer.start_at(now) > kTurnMax) return std::nullopt;
  const bool is_held =
      stream.history().find(point->start) != nullptr && stream.history().find(point->picture) != nullptr;
  // Less than nothing when the picture came just now: the viewer waits for it.
  const std::int64_t backlog = std::max<std::int64_t>(0, stream.served_next() - point->start);
  const std::int64_t pace = pace_of(now, stream);
  if (!is_held || pace == 0) return std::nullopt;
  const Micros takes{backlog * 1'000'000 / (pace - stream.rate().per_second(now))};
  const Micros allowed = std::max(viewer.sender.latency(), stream.options().join.time_max);
  if (takes > allowed) return std::nullopt;
  return JoinRun(JoinRun::Line{
      .first = point->start,
      .begun = now,
      .begun_after = stream.clock().now(now) - viewer.envelope.time_zero,
      .interval_ns = 1'000'000'000 / pace,
      .give_up_at = now + kGiveUpFactor * allowed,
  });
}

}  // namespace fanlight
