#include "world.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "faults.h"
#include "junk.h"

namespace fanlight::sim {
namespace {

constexpr Micros kBreath = micros(30);  // From an arrival, or from one busy breath, to the next.
constexpr Micros kIngress = micros(20);
constexpr Micros kControlLag = millis(3);  // At most, when control is well.
constexpr Micros kRingRetry = millis(5);
constexpr Micros kJoinSpan = millis(1'000);
// Who comes at any time comes when the stream's rate and its first picture are known, and sees some of it.
constexpr Micros kJoinAnyTimeFrom = seconds(3);
constexpr Micros kJoinBeforeEnd = seconds(4);
constexpr Micros kGroupMax = millis(1'500);
constexpr Micros kLiveAgeMargin = millis(5);
constexpr char kStream[] = "live/main";
constexpr char kPattern[] = "live/*";
constexpr Micros kFresh = seconds(1);
constexpr double kOddShare = 0.05;
constexpr Micros kRepairSpan = millis(120);  // From a packet to what brings it back.

// SMPTE 2022-1 §8: 100 packets at most.
FecOptions draw_fec(Random& random) {
  FecOptions fec{.has_rows = random.chance(0.75)};
  fec.columns = static_cast<std::uint8_t>(random.between(kFecSideMin, kFecSideMax));
  fec.rows =
      static_cast<std::uint8_t>(random.between(kFecSideMin, std::min<std::int64_t>(kFecSideMax, 100 / fec.columns)));
  return fec;
}

}  // namespace

World::World(const WorldSpec& spec, std::uint64_t seed)
    : spec_(spec),
      random_(seed),
      feed_address_{spec.has_groups ? IpAddress::v4(239, 1, 1, 1) : relay_address_.ip, 5004},
      joins_(spec) {
  feed_.salt = random_.next();
  if (spec_.content != Content::kOpaque) feed_.ts = draw_shape();
  relay_ = std::make_unique<RelayHost>(relay_options());
  relay_->desk().set_random([this] { return static_cast<std::uint32_t>(random_.next()); });
  for (const control::StreamRule& rule : late_rules_)
    if (!relay_->desk().add_stream(rule)) books_.fail("the stream was refused");
  build_peers();
}

RelayHost::Options World::relay_options() {
  control::StreamRule rule;
  rule.name = spec_.is_born ? kPattern : kStream;
  rule.wait = !spec_.is_born;
  rule.latency_max = seconds(5);
  rule.join.at_picture = !spec_.starts_live;
  if (spec_.has_sealed_publisher) rule.publish_passphrase = kPassphrase;
  if (spec_.has_sealed_viewers) rule.view_passphrase = kPassphrase;
  rule.rekey_packets = spec_.rekey_packets;
  if (spec_.way != Way::kCall) rule.latency = spec_.latency;
  if (spec_.has_fec_out) rule.fec = fec_ = draw_fec(random_);
  RelayHost::Options options;
  // Where what is drawn of a stream leaves in its packets, it is added when the desk draws from the world's seed.
  (spec_.has_fec_out ? late_rules_ : options.rules).push_back(rule);
  if (spec_.is_opaque) {
    feed_.clock_rate = random_.chance(0.5) ? 90'000 : 48'000;
    options.formats[kStream] = {.media = "video", .encoding = "x-sim", .clock_rate = feed_.clock_rate};
  }
  options.workers = spec_.workers;
  options.key = {random_.next(), random_.next()};
  return options;
}

TsShape World::draw_shape() {
  const auto group = static_cast<std::uint64_t>(kGroupMax.count / spec_.interval.count);
  return {.group = static_cast<std::uint64_t>(random_.between(25, static_cast<std::int64_t>(group))),
          .picture_at = static_cast<std::uint64_t>(random_.between(0, 2)),
          .packets = static_cast<std::size_t>(random_.between(kTsPayloadPacketsMin, 7)),
          .has_indicator = random_.chance(0.5),
          .is_scrambled = spec_.content == Content::kScrambled};
}

void World::build_peers() {
  const auto clock = [&] {
    return DriftingClock(random_.between(1'000'000, 900'000'000'000), random_.between(-200, 200));
  };
  const auto isn = [&] {
    const std::int64_t low = spec_.wraps_numbers ? 0x7FFF'FFFE - 400 : 0;
    return SeqNo{static_cast<std::uint32_t>(random_.between(low, 0x7FFF'FFFE))};
  };
  if (spec_.way == Way::kCall) {
    const DriftingClock its = clock();
    build_publisher(its, isn());
  } else {
    build_feed();
  }
  homes_.push_back({.peer = source_.get(),
                    .up = Link(spec_.publisher_link),
                    .down = Link(spec_.publisher_link),
                    .who = Who::kSource,
                    .relay = spec_.way == Way::kCall ? relay_address_ : feed_address_,
                    .relay_control = feed_address_});
  addresses_[source_->address()] = 0;
  first_call_ = Instant{} + millis(random_.between(1, 600));
  act_at(first_call_, [this] { source_->start(now_); });
  for (std::size_t i = 0; i < spec_.viewers; ++i) {
    const DriftingClock its = clock();
    build_viewer(i, its, isn());
  }
  build_destinations();
  if (spec_.feed_rests) build_echo();
}

void World::build_publisher(const DriftingClock& clock, SeqNo first_seq) {
  PublisherPeer::Plan plan{.clock = clock,
                           .terms = {.stream_id = std::string("#!::m=publish,r=") + kStream, .latency = spec_.latency},
                           .is_sealed = spec_.has_sealed_publisher,
                           .interval = spec_.interval,
                           .odd_share = spec_.has_odd_payloads ? kOddShare : 0,
                           .payload_bytes = static_cast<std::size_t>(random_.between(188, 1'316))};
  if (feed_.ts.is_on()) plan.payload_bytes = feed_.ts.packets * 188;
  plan.terms.first_seq = first_seq;
  if (spec_.is_day) plan.clock = DriftingClock(1'000'000, 200);
  if (spec_.wraps_numbers) plan.time_start = 0xFFFF'FFFF - static_cast<std::uint32_t>(random_.between(0, 8'000'000));
  auto publisher =
      std::make_unique<PublisherPeer>(Endpoint{IpAddress::v4(198, 51, 100, 1), 5'000}, plan, feed_, *this, random_);
  publisher_ = publisher.get();
  source_ = std::move(publisher);
}

void World::build_viewer(std::size_t number, const DriftingClock& clock, SeqNo first_seq) {
  ViewerPeer::Plan viewer{.clock = clock, .terms = {.stream_id = kStream, .latency = spec_.latency}};
  if (spec_.is_day) viewer.clock = DriftingClock(1'000'000, number % 2 == 0 ? -200 : 200);
  viewer.terms.first_seq = first_seq;
  viewer.terms.window_packets = spec_.viewers_mute ? 128 : 8'192;
  viewer.is_sealed = spec_.has_sealed_viewers;
  viewer.answers_once = number % 8 == 7;
  viewer.live_age = slowest(spec_.publisher_link) + slowest(spec_.viewer_link) + kLiveAgeMargin;
  if (spec_.repair != Repair::kNone) viewer.live_age = viewer.live_age + kRepairSpan;
  const Endpoint address{IpAddress::v4(198, 51, 101, static_cast<std::uint8_t>(number + 1)),
                         static_cast<std::uint16_t>(6'000 + number)};
  viewers_.push_back(std::make_unique<ViewerPeer>(address, std::move(viewer), feed_, *this, random_));
  ViewerPeer* peer = viewers_.back().get();
  addresses_[address] = static_cast<std::uint32_t>(homes_.size());
  homes_.push_back({.peer = peer,
                    .up = Link(spec_.viewer_link),
                    .down = Link(spec_.viewer_link),
                    .relay = relay_address_,
                    .relay_control = relay_address_});
  const std::int64_t first = (spec_.joins_any_time ? kJoinAnyTimeFrom : spec_.joins_from).count;
  const std::int64_t last = (spec_.joins_any_time ? spec_.length - kJoinBeforeEnd : spec_.joins_from + kJoinSpan).count;
  act_at(Instant{} + micros(random_.between(first, last)), [this, peer] { peer->join(now_); });
}

// --- events

void World::schedule(Instant at, What what, std::uint32_t subject) {
  events_.push({std::max(at, now_), order_++, what, subject});
}

void World::act_at(Instant at, std::function<void()> action) {
  actions_.push_back(std::move(action));
  schedule(at, What::kAct, static_cast<std::uint32_t>(actions_.size() - 1));
}

std::uint32_t World::keep(const Endpoint& remote, const Endpoint& local, ByteSpan datagram) {
  if (free_datagrams_.empty()) {
    datagrams_.push_back(std::make_unique<Datagram>());
    free_datagrams_.push_back(static_cast<std::uint32_t>(datagrams_.size() - 1));
  }
  const std::uint32_t index = free_datagrams_.back();
  free_datagrams_.pop_back();
  Datagram& kept = *datagrams_[index];
  CHECK(datagram.size() <= kept.data.size());
  kept.remote = remote;
  kept.local = local;
  kept.is_unreachable = false;
  kept.bytes = static_cast<std::uint16_t>(datagram.size());
  if (!datagram.empty()) std::memcpy(kept.data.data(), datagram.data(), datagram.size());
  return index;
}

void World::run_until(Instant end) {
  while (!events_.empty() && events_.top().at <= end) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    handle(event);
  }
  now_ = end;
}

void World::handle(const Event& event) {
  switch (event.what) {
    case What::kToRelay: {
      bring(*datagrams_[event.subject]);
      free_datagrams_.push_back(event.subject);
      return wake_relay(now_ + kIngress);
    }
    case What::kToPeer: {
      const Datagram& datagram = *datagrams_[event.subject];
      const std::uint32_t home = addresses_.at(datagram.remote);
      if (homes_[home].peer->is_closed()) {
        say_unreachable(datagram.remote, homes_[home]);
      } else {
        homes_[home].peer->receive(now_, std::span(datagram.data).first(datagram.bytes));
      }
      free_datagrams_.push_back(event.subject);
      return settle_peer(home);
    }
    case What::kWakePeer:
      if (homes_[event.subject].wake_at != event.at) return;  // It has been woken otherwise.
      homes_[event.subject].wake_at = Instant::never();
      homes_[event.subject].peer->wake(now_);
      return settle_peer(event.subject);
    case What::kBreathe:
      if (relay_wake_ == event.at) breathe();
      return;
    case What::kControl:
      if (control_wake_ == event.at) take_control_turn();
      return;
    case What::kAct:
      actions_[event.subject]();
      actions_[event.subject] = nullptr;
      for (std::uint32_t i = 0; i < homes_.size(); ++i) settle_peer(i);
  }
}

// A feed's door is the first worker's.
void World::bring(const Datagram& datagram) {
  const ByteSpan bytes = std::span(datagram.data).first(datagram.bytes);
  std::size_t worker = 0;
  if (datagram.local == relay_address_) {
    worker = relay_->steer(datagram.remote, bytes);
    if (spec_.stray_chance > 0 && random_.chance(spec_.stray_chance)) worker = (worker + 1) % spec_.workers;
    if (wire::peek_destination(bytes) != SocketId{}) joins_.note_heard(now_, viewer_at(datagram.remote));
  } else if (has_one_whole_source(spec_) && datagram.remote == source_->address() && !wire::is_rtcp(bytes)) {
    reception_.note_arrival(wire::parse_rtp_front(bytes)->header.seq);
  }
  relay_->deliver(worker, {.remote = datagram.remote, .local = datagram.local}, bytes, datagram.is_unreachable);
}

void World::settle_peer(std::uint32_t index) {
  Home& home = homes_[index];
  const Instant at = std::max(home.peer->next_wake(), now_);
  if (at >= home.wake_at || at == Instant::never()) return;
  home.wake_at = at;
  schedule(at, What::kWakePeer, index);
}

// --- the relay

void World::wake_relay(Instant at) {
  if (at >= relay_wake_) return;
  relay_wake_ = std::max(at, now_);
  schedule(relay_wake_, What::kBreathe, 0);
}

void World::wake_control(Instant at) {
  if (at >= control_wake_) return;
  control_wake_ = std::max(at, now_);
  schedule(control_wake_, What::kControl, 0);
}

void World::breathe() {
  relay_wake_ = Instant::never();
  const bool is_stalled = now_ < stalled_until_;
  if (is_stalled && spec_.workers == 1) return wake_relay(stalled_until_);
  // Nobody breathes in step.
  const std::size_t first = spec_.workers == 1 ? 0 : static_cast<std::size_t>(random_.between(0, 63)) % spec_.workers;
  const bool had_news = relay_->breathe(now_, first, is_stalled ? stalled_ : SIZE_MAX);
  for (std::size_t worker = 0; worker < spec_.workers; ++worker) carry_outbox(relay_->port(worker));
  if (relay_->has_events()) wake_control(now_ + micros(random_.between(10, kControlLag.count)));
  const Instant due = had_news || is_stalled || relay_->has_arrivals_waiting() ? now_ : relay_->next_deadline(now_);
  if (due != Instant::never()) wake_relay(std::max(due, now_ + kBreath));
}

void World::take_control_turn() {
  control_wake_ = Instant::never();
  if (now_ < control_hangs_until_) return wake_control(control_hangs_until_);
  const bool is_deaf = now_ < control_deaf_until_;
  if (relay_->take_control_turn(now_, is_deaf)) wake_relay(now_ + kIngress);
  if (is_deaf) wake_control(control_deaf_until_);
  if (relay_->has_commands_waiting()) wake_control(now_ + kRingRetry);
  const Instant due = relay_->desk().next_deadline();
  if (due != Instant::never()) wake_control(std::max(due, now_ + micros(1)));
}

// --- a world's life

const Books& World::run() {
  Faults faults(*this);
  faults.plan();
  Junk junk(*this);
  if (spec_.sends_junk) junk.begin();
  if (spec_.has_intruders) intruders_.begin();
  if (spec_.feed_rests) strays_.begin();
  wake_control(now_);
  run_until(Instant{} + spec_.length);
  check_liveness();
  shut_down();
  balance();
  return books_;
}

// Whatever happened: who wants to be in is in.
void World::check_liveness() {
  const auto is_old = [&](const Feed::Made& made) { return made.at < now_ - kFresh; };
  fresh_index_ = static_cast<std::uint64_t>(std::partition_point(feed_.made.begin(), feed_.made.end(), is_old) -
                                            feed_.made.begin());
  for (const auto& viewer : viewers_) were_up_.push_back(viewer->is_up());
  if (!source_->is_up()) books_.fail("the publisher is not up at the end");
  if (spec_.has_intruders) intruders_.balance();
  if (spec_.demands_all && source_->is_announcing()) books_.fail("a new key was never confirmed");
  if (spec_.is_opaque) return check_turned_away();
  for (const auto& viewer : viewers_)
    if (!viewer->is_up() && viewer->next_wake() != Instant::never())
      books_.fail("viewer " + viewer->address().text() + " is not up at the end");
}

void World::shut_down() {
  // What was lost last is asked for and comes, before the publisher is gone.
  source_->pause(true);
  run_until(now_ + spec_.latency + millis(500));
  if (spec_.feed_rests) strays_.balance();
  source_->leave(now_);
  for (const auto& viewer : viewers_) viewer->stay_away();
  for (std::size_t i = 0; i < viewers_.size(); i += 3)
    if (random_.chance(0.5)) act_at(now_ + millis(random_.between(0, 3'000)), [&, i] { viewers_[i]->leave(now_); });
  run_until(now_ + millis(random_.between(0, 4'000)));
  const bool is_removed_first = random_.chance(0.5);
  if (is_removed_first) {
    (void)relay_->desk().remove_stream(kStream);
    wake_control(now_);
    run_until(now_ + seconds(7));
    if (relay_->streams().out() != 0) books_.fail("the stream was not given back");
  }
  relay_->desk().stop();
  wake_control(now_);
  run_until(now_ + seconds(7));
  if (!relay_->desk().is_stopped()) books_.fail("the desk has not heard that the worker stopped");
  for (const auto& viewer : viewers_)
    if (viewer->is_up()) books_.fail("viewer " + viewer->address().text() + " is up after the end");
}

void World::balance() {
  relay_->streams().drop_all();
  balance_relay(books_, *relay_);
  joins_.balance(books_, *relay_);
  if (spec_.rekey_packets > 0) balance_keys();
  balance_viewers();
  balance_destinations();
}

void World::balance_viewers() {
  std::map<SocketId, std::uint64_t> skipped;
  for (const event::SessionClosed& closed : relay_->closed()) skipped[closed.socket] += closed.stats.packets_skipped;
  for (std::size_t i = 0; i < viewers_.size(); ++i) {
    const ViewerPeer* viewer = viewers_[i].get();
    if (were_up_[i] && viewer->finished().back().last_index < fresh_index_)
      books_.fail("viewer " + viewer->address().text() + " is up and gets nothing");
    for (const Watch& watch : viewer->finished()) {
      const auto found = skipped.find(watch.relay);
      if (feed_.ts.is_on()) joins_.balance(books_, feed_, watch);
      balance_watch(books_, spec_, feed_, watch, found == skipped.end() ? 0 : found->second, found != skipped.end());
    }
  }
}

// Whoever watched from the first second to the end, and answers, has turned with each 150 packets, or nearly.
void World::balance_keys() {
  std::uint64_t turns = 0;
  for (const event::SessionClosed& closed : relay_->closed())
    turns += closed.stats.packets_sent > 0 ? closed.stats.key_turns : 0;  // Viewers.
  books_.expect_equal("keys turned = turns of viewers", relay_->count(Counter::kKeysTurned), turns);
  if (!spec_.demands_all) return;
  books_.expect_equal("filled gaps whose key was gone", relay_->count(Counter::kKeyGone), 0);
  for (std::size_t i = 0; i < viewers_.size(); ++i) {
    const auto due = static_cast<std::int64_t>(spec_.length.count / (spec_.interval.count * spec_.rekey_packets));
    const auto taken = static_cast<std::int64_t>(viewers_[i]->keys_taken());
    if (i % 8 != 7) books_.expect_at_most("keys that a viewer did not get, of those due", due - taken, due / 3);
  }
}

void World::show() const {
  for (std::size_t i = 0; i < kCounterCount; ++i)
    if (const std::uint64_t n = relay_->count(static_cast<Counter>(i)))
      std::printf("  %-20s %llu\n", std::string(kCounterNames[i]).c_str(), static_cast<unsigned long long>(n));
  for (std::size_t i = 0; i < kVerdictCount; ++i)
    if (const std::uint64_t n = relay_->count(static_cast<Verdict>(i)))
      std::printf("  %-20s %llu\n", std::string(kVerdictNames[i]).c_str(), static_cast<unsigned long long>(n));
  Watch sum;
  std::size_t watches = 0;
  for (const auto& viewer : viewers_) {
    for (const Watch& watch : viewer->finished()) {
      ++watches;
      sum.delivered += watch.delivered;
      sum.dropped += watch.dropped;
      sum.gaps += watch.gaps;
      sum.wander = std::max(sum.wander, watch.wander);
    }
  }
  std::printf("  published %zu, watches %zu: delivered %llu, dropped %llu, left out %llu, wandered %lld us\n",
              feed_.made.size(), watches, static_cast<unsigned long long>(sum.delivered),
              static_cast<unsigned long long>(sum.dropped), static_cast<unsigned long long>(sum.gaps),
              static_cast<long long>(sum.wander.count));
  if (!destinations_.empty() || rtp_publisher_ != nullptr) show_rtp();
}

}  // namespace fanlight::sim
