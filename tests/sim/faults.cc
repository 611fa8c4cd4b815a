#include "faults.h"

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "contract/limits.h"

namespace fanlight::sim {

void Faults::plan() {
  plan_publisher();
  plan_viewers();
  plan_relay();
  if (world_.spec_.repair == Repair::kSecondLeg) plan_legs();
  if (world_.spec_.destinations_leave) plan_destinations();
  if (world_.spec_.destinations_close) plan_closed();
}

Instant Faults::some_moment(Micros margin) {
  return Instant{} + micros(world_.random_.between(2'000'000, (world_.spec_.length - margin).count));
}

void Faults::plan_publisher() {
  const WorldSpec& spec = world_.spec_;
  SourcePeer& publisher = *world_.source_;
  Random& random = world_.random_;
  if (spec.publisher_vanishes || spec.publisher_returns || spec.publisher_jumps) world_.feed_.is_dense = false;
  if (spec.publisher_jumps) {
    for (int i = 0; i < 3; ++i)
      world_.act_at(some_moment(seconds(2)), [&] { publisher.jump(random.between(4'200, 60'000)); });
  }
  if (spec.publisher_pauses) {
    const Instant at = some_moment(seconds(4));
    world_.act_at(at, [&] { publisher.pause(true); });
    world_.act_at(at + millis(random.between(50, 2'500)), [&] { publisher.pause(false); });
  }
  if (spec.renews_keys) {
    for (std::int64_t i = 1; i <= 3; ++i)
      world_.act_at(Instant{} + millis(i * 2'500 + random.between(0, 1'000)),
                    [&] { publisher.renew_key(world_.now_); });
  }
  if (spec.rekey_packets > 0) {
    for (int i = 0; i < 4; ++i)
      world_.act_at(some_moment(seconds(2)), [&] {
        if (world_.relay_->desk().rotate_keys(world_.now_, "live/*", SocketId{})) world_.wake_control(world_.now_);
      });
  }
  if (spec.feed_rests) plan_rests();
  if (spec.steps_back) plan_step();
  if (spec.is_held_up) plan_hold();
  // Another RTP source takes over after a silence of 250 ms.
  const std::int64_t away_ms = spec.way == Way::kCall ? 1 : 350;
  if (spec.publisher_returns) {
    const Instant at = Instant{} + millis(random.between(3'000, 6'000));
    world_.act_at(at, [&] { publisher.leave(world_.now_); });
    world_.act_at(at + millis(random.between(away_ms, 3'000)),
                  [&] { publisher.change(), publisher.start(world_.now_); });
  }
  if (spec.publisher_vanishes) {
    const Instant at = Instant{} + millis(random.between(10'000, 11'000));
    world_.act_at(at, [&] { publisher.vanish(world_.now_); });
    world_.act_at(at + millis(random.between(away_ms, 2'500)),
                  [&] { publisher.change(), publisher.start(world_.now_); });
  }
}

// Each is longer than the sender is waited for, which is twice as long as its rests so far, and 2 s at most.
void Faults::plan_rests() {
  constexpr std::array<std::pair<int, int>, 3> kRestsMs{{{500, 700}, {1'500, 2'400}, {2'100, 2'600}}};
  Instant at = Instant{} + millis(world_.random_.between(2'000, 2'500));
  for (const auto& [least, most] : kRestsMs) {
    world_.act_at(at, [&] { world_.source_->pause(true); });
    at = at + millis(world_.random_.between(least, most));
    world_.act_at(at, [&] { world_.source_->pause(false); });
    at = at + millis(world_.random_.between(1'000, 2'000));
  }
}

void Faults::plan_step() {
  world_.act_at(Instant{} + millis(world_.random_.between(4'000, 7'000)), [&] {
    world_.feed_.stepped_at = world_.now_;
    world_.rtp_publisher_->step_back(millis(world_.random_.between(300, 900)));
  });
}

// For so long that the first of them is a beginning of time to the relay. What a viewer lost right before shows by the
// next packet alone, too late to be asked for.
void Faults::plan_hold() {
  world_.act_at(Instant{} + millis(world_.random_.between(4'000, 6'000)), [&] {
    world_.feed_.stepped_at = world_.now_ - millis(100);
    world_.homes_.front().up.hold(world_.now_ + millis(world_.random_.between(1'100, 3'000)));
  });
}

// Each dies once, and one is well again before the other does.
void Faults::plan_legs() {
  const std::size_t first = world_.random_.chance(0.5) ? 1 : 0;
  Instant at = Instant{} + millis(world_.random_.between(2'000, 3'500));
  for (const std::size_t leg : {first, 1 - first}) {
    world_.act_at(at, [&, leg] { world_.rtp_publisher_->legs().kill(leg); });
    world_.act_at(at + millis(world_.random_.between(100, 2'500)), [&] { world_.rtp_publisher_->legs().revive(); });
    at = at + millis(world_.random_.between(3'000, 5'000));
  }
}

void Faults::plan_viewers() {
  const WorldSpec& spec = world_.spec_;
  for (std::size_t i = 0; i < world_.viewers_.size(); ++i) {
    if (spec.viewers_churn && world_.random_.chance(0.4)) churn(i);
    if (spec.viewers_mute && world_.random_.chance(0.2)) mute(i);
  }
}

void Faults::churn(std::size_t i) {
  ViewerPeer& viewer = *world_.viewers_[i];
  viewer.excuse();
  const Instant at = some_moment(seconds(7));
  if (world_.random_.chance(0.5)) {
    world_.act_at(at, [&] { viewer.leave(world_.now_); });
  } else {
    world_.act_at(at, [&] { viewer.vanish(world_.now_); });
  }
  if (world_.random_.chance(0.8))
    world_.act_at(at + millis(world_.random_.between(0, 3'000)), [&] { viewer.join(world_.now_); });
}

void Faults::mute(std::size_t i) {
  ViewerPeer& viewer = *world_.viewers_[i];
  viewer.excuse();
  Instant at = some_moment(seconds(12));  // The last spell ends before the world does.
  for (std::int64_t spells = world_.random_.between(1, 4); spells > 0; --spells) {
    world_.act_at(at, [&] { viewer.mute_acks(true); });
    at = at + millis(world_.random_.between(200, 2'500));
    world_.act_at(at, [&] { viewer.mute_acks(false); });
    at = at + millis(world_.random_.between(5, 300));
  }
}

// They come back, half of them, and the stream comes back to them.
void Faults::plan_destinations() {
  const auto& may_leave = world_.spec_.has_groups ? world_.members_ : world_.destinations_;
  for (const auto& destination : may_leave) {
    if (!destination->may_report() || !world_.random_.chance(0.5)) continue;
    DestinationPeer& peer = *destination;
    const Instant at = some_moment(seconds(6));
    world_.act_at(at, [&] { peer.leave(world_.now_); });
    if (world_.random_.chance(0.5))
      world_.act_at(at + millis(world_.random_.between(1'500, 3'000)), [&] { peer.come_back(world_.now_); });
  }
}

// For so long that some are tried in vain, and all long before the end.
void Faults::plan_closed() {
  for (std::size_t i = 0; i < world_.destinations_.size(); i += 2) {
    DestinationPeer& peer = *world_.destinations_[i];
    const Instant at = Instant{} + millis(world_.random_.between(2'000, 4'000));
    world_.act_at(at, [&] { peer.close(world_.now_); });
    world_.act_at(at + millis(world_.random_.between(100, 5'000)), [&] { peer.open(world_.now_); });
  }
}

void Faults::plan_relay() {
  const WorldSpec& spec = world_.spec_;
  Random& random = world_.random_;
  if (spec.worker_stalls)
    for (int i = 0; i < 10; ++i)
      world_.act_at(some_moment(seconds(2)), [&] {
        world_.stalled_until_ = world_.now_ + millis(random.between(5, 15));
        if (spec.workers > 1)
          world_.stalled_ = static_cast<std::size_t>(random.between(0, std::int64_t(spec.workers) - 1));
      });
  if (spec.control_hangs)
    world_.act_at(some_moment(seconds(5)), [&] { world_.control_hangs_until_ = world_.now_ + seconds(2); });
  if (spec.headers_run_dry) run_headers_dry(some_moment(seconds(3)));
  if (spec.port_blocks) {
    for (int i = 0; i < 12; ++i) {
      const Instant at = some_moment(seconds(2));
      world_.act_at(at, [&, most = i % 3 == 0 ? 7 : 0] { take_at_most(static_cast<std::size_t>(most)); });
      world_.act_at(at + millis(5), [&] { take_at_most(kTransmitQueue); });
    }
  }
  if (spec.events_flood) plan_events_flood();
  if (spec.is_born) plan_birth();
}

// From the publisher's call to after its first packets one worker cannot be told of the stream, its ring being full, or
// has not read of it, and wakes to more commands than a breath takes. The publisher's own is the first worker.
void Faults::plan_birth() {
  Random& random = world_.random_;
  const auto late = static_cast<std::size_t>(random.between(1, std::int64_t(world_.spec_.workers) - 1));
  const Instant until = world_.first_call_ + millis(random.between(40, 120));
  if (random.chance(0.5)) {
    world_.act_at(world_.first_call_, [&, late] { world_.relay_->hold_back(late); });
    world_.act_at(until, [&] { world_.relay_->hold_back(SIZE_MAX); });
    return;
  }
  world_.act_at(world_.first_call_, [&, late, until] {
    world_.stalled_ = late;
    world_.stalled_until_ = until;
    for (std::size_t i = 0; i < 2 * kCommandsPerBreath; ++i) (void)world_.relay_->desk().ask_report(SocketId{});
    world_.wake_control(world_.now_);
  });
}

void Faults::take_at_most(std::size_t packets) {
  for (std::size_t worker = 0; worker < world_.spec_.workers; ++worker)
    world_.relay_->port(worker).take_at_most(packets);
}

// Control asks and asks, and does not listen.
void Faults::plan_events_flood() {
  const Instant at = some_moment(seconds(4));
  world_.act_at(at, [&] {
    world_.control_deaf_until_ = world_.now_ + millis(world_.random_.between(200, 1'500));
    for (int i = 0; i < 40; ++i) (void)world_.relay_->desk().ask_report(SocketId{});
    world_.wake_control(world_.now_);
  });
  world_.act_at(at + millis(5), [&] {
    for (int i = 0; i < 40; ++i) (void)world_.relay_->desk().ask_report(SocketId{});
    world_.wake_control(world_.now_);
  });
}

void Faults::run_headers_dry(Instant at) {
  auto held = std::make_shared<std::vector<PacketRef>>();
  world_.act_at(at, [&, held] {
    while (PacketRef header = world_.relay_->headers().take()) held->push_back(std::move(header));
  });
  world_.act_at(at + millis(world_.random_.between(2, 40)), [held] { held->clear(); });
}

}  // namespace fanlight::sim
