#include "fanlight_load/generator.h"

#include <algorithm>

#include "base/check.h"
#include "contract/limits.h"
#include "fanlight_load/clock.h"

namespace fanlight::load {
namespace {

constexpr Micros kNap = millis(1);
constexpr Micros kSettle = seconds(1);           // After the ramp, before latencies count.
constexpr Micros kPublishersRest = micros(200);  // Between two looks at many publishers.
constexpr std::size_t kFewPublishers = 16;
constexpr Micros kDrainMin = millis(500);
constexpr int kGoodbyes = 3;
constexpr Micros kGoodbyeInterval = millis(20);

// Bits 16 to 29 are this process's, so that the relay does not take us for the process before; below is the slot.
std::uint32_t random_first_socket() {
  std::array<std::byte, 2> bytes;
  CHECK(crypto::fill_random(bytes));
  return std::max<std::uint32_t>(load_be16(bytes.data()) & 0x3FFF, 1) << 16;
}

std::unique_ptr<KeyMaker> keys_for(const std::string& passphrase, std::size_t key_bytes, std::size_t salts = 1) {
  return passphrase.empty() ? nullptr : std::make_unique<KeyMaker>(passphrase, key_bytes, salts);
}

std::vector<std::string> stream_ids(const Settings& settings, std::size_t count, const char* mode) {
  std::vector<std::string> ids;
  for (std::size_t n = 0; n < count; ++n) ids.push_back("#!::r=" + settings.stream_name(n) + ",m=" + mode);
  return ids;
}

Crowd::Options crowd_options(const Settings& settings, const GeneratorParts& parts, const KeyMaker* keys,
                             std::uint32_t first_socket) {
  const std::size_t before = settings.publishers;
  return {.viewers = settings.viewers,
          .ramp_per_second = settings.ramp_per_second,
          .stream_ids = stream_ids(settings, settings.streams, "request"),
          .relay = settings.relay,
          .path_of = [path_of = parts.path_of, before](std::size_t slot) { return path_of(before + slot); },
          .latency = settings.latency,
          .keys = keys,
          .first_socket = first_socket + static_cast<std::uint32_t>(before),
          .hash_every = settings.hash_every,
          .shares = settings.shares,
          .misbehave_after = settings.misbehave_after};
}

}  // namespace

Generator::Generator(const Settings& settings, const GeneratorParts& parts, Progress& progress)
    : settings_(settings),
      port_(parts.port),
      outbox_(parts.headers, parts.payloads, parts.port),
      progress_(progress),
      publish_keys_(keys_for(settings.publish_passphrase, settings.key_bytes)),
      view_keys_(keys_for(settings.view_passphrase, settings.key_bytes, settings.view_salts)),
      first_socket_(random_first_socket()),
      publish_ids_(stream_ids(settings, settings.publishers, "publish")),
      crowd_(crowd_options(settings, parts, view_keys_.get(), first_socket_), outbox_),
      began_(clock_now()),
      stage_began_(began_),
      next_progress_(began_ + seconds(1)) {
  for (std::size_t n = 0; n < settings.publishers; ++n) {
    const Publisher::Options options{
        .number = static_cast<std::uint32_t>(n),
        .bits_per_second = static_cast<std::int64_t>(settings.bits_per_second),
        .group = settings.group,
        .path = parts.path_of(n),
        .terms = {.socket = SocketId{first_socket_ + static_cast<std::uint32_t>(n)},
                  .first_seq = {static_cast<std::uint32_t>(n) * 1'000'003 % (kSeqMask >> 1)},
                  .latency = settings.latency,
                  .relay = settings.relay,
                  .stream_id = publish_ids_[n],
                  .keys = publish_keys_.get()}};
    publishers_.push_back(std::make_unique<Publisher>(began_, options, outbox_));
  }
}

void Generator::run(const std::atomic<bool>& is_stopped) {
  while (stage_ != Stage::kDone) {
    if (is_stopped.load(std::memory_order_relaxed) && stage_ < Stage::kDrain) {
      is_interrupted_ = true;
      begin_drain(clock_now());
    }
    breathe();
  }
}

void Generator::begin_drain(Instant now) {
  if (stage_ == Stage::kRunning) {
    running_ = now - running_began_;
    received_after_ = crowd_.received();
    cpu_ = cpu_seconds() - cpu_before_;
  }
  for (const auto& publisher : publishers_) publisher->mark_end();
  stage_ = Stage::kDrain;
  stage_began_ = now;
}

void Generator::breathe() {
  const std::int64_t began_ns = clock_ns();
  if (had_news_ && stage_ == Stage::kRunning) busy_ns_ += began_ns - turn_began_ns_;
  turn_began_ns_ = began_ns;
  const std::size_t received = port_.receive(arrivals_);
  const std::int64_t ns = received > 0 ? clock_ns() : began_ns;
  const Heard heard{{ns / 1000}, ns};
  dispatch(heard, received);
  turn_publishers(heard);
  if (stage_ != Stage::kCalling) crowd_.turn(heard.now);
  const bool has_sent = outbox_.flush();
  had_news_ = received > 0 || has_sent;
  step(heard.now);
  if (heard.now >= next_progress_) note_progress(heard.now);
  if (!had_news_) port_.wait(idle_span(heard));
}

void Generator::dispatch(const Heard& heard, std::size_t received) {
  std::array<std::uint32_t, kReceiveBurst> slots;
  const std::span<io::Arrival> burst = std::span(arrivals_).first(received);
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const auto socket = wire::peek_destination(std::as_const(burst[i].packet).bytes());
    slots[i] = socket ? socket->raw() - first_socket_ : ~std::uint32_t{0};
    const std::size_t viewer = slots[i] - publishers_.size();
    if (slots[i] >= publishers_.size() && viewer < crowd_.size()) crowd_.prefetch(viewer);
  }
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const std::size_t viewer = slots[i] - publishers_.size();
    if (burst[i].path.remote != settings_.relay || burst[i].undelivered != io::Undelivered::kNo) {
      ++strangers_;
    } else if (slots[i] < publishers_.size()) {
      publishers_[slots[i]]->handle(heard.now, std::as_const(burst[i].packet).bytes());
    } else if (viewer < crowd_.size()) {
      crowd_.handle(heard, viewer, burst[i].packet.bytes());
    } else {
      ++strangers_;
    }
    burst[i].packet.reset();
  }
}

void Generator::turn_publishers(const Heard& heard) {
  if (publishers_.size() > kFewPublishers && heard.now < next_publishers_) return;
  next_publishers_ = heard.now + kPublishersRest;
  for (const auto& publisher : publishers_) publisher->turn(heard.now, heard.ns);
}

bool Generator::are_publishers_settled() const {
  return std::ranges::all_of(publishers_, [](const auto& one) { return one->is_up() || one->has_failed(); });
}

void Generator::step(Instant now) {
  const Stage before = stage_;
  if (stage_ == Stage::kCalling && are_publishers_settled()) {
    stage_ = Stage::kRamp;
    crowd_.begin(now);
  } else if (stage_ == Stage::kRamp && crowd_.is_ramped()) {
    stage_ = Stage::kRunning;
    ramp_ = now - stage_began_;
    running_began_ = now;
    measuring_at_ = now + std::min(kSettle, settings_.duration / 4);
    received_before_ = crowd_.received();
    cpu_before_ = cpu_seconds();
  } else if (stage_ == Stage::kRunning && now - running_began_ >= settings_.duration) {
    begin_drain(now);
  } else if (stage_ == Stage::kDrain) {
    const bool has_fresh = publishers_.empty();  // What others publish goes on: there is no end to wait for.
    const Micros drain = has_fresh ? Micros{0} : std::max(2 * settings_.latency, kDrainMin);
    if (now - stage_began_ >= drain) end_drain();
  }
  if (now >= measuring_at_) {
    crowd_.begin_measuring();
    measuring_at_ = Instant::never();
  }
  if (stage_ != before) stage_began_ = now;
}

void Generator::end_drain() {
  std::map<std::uint32_t, std::int64_t> ends;
  for (const auto& publisher : publishers_)
    if (publisher->is_up()) ends[publisher->run()] = publisher->sent();
  crowd_.settle(ends);
  if (publishers_.empty()) crowd_.find_stale(stage_began_);
  progress_.finish();
  stage_ = Stage::kDone;
  for (int i = 0; i < kGoodbyes; ++i) say_goodbye();
  // What a bad network of ours still holds must leave before we do.
  const Micros held =
      settings_.is_impaired() ? settings_.up.delay + settings_.up.jitter + settings_.up.reorder_hold : Micros{0};
  linger(held + kGoodbyeInterval);
}

// SHUTDOWN is not acknowledged: it is said again in case it was lost.
void Generator::say_goodbye() {
  crowd_.leave(clock_now());
  for (const auto& publisher : publishers_) publisher->leave(clock_now());
  linger(kGoodbyeInterval);
}

void Generator::linger(Micros span) {
  for (const Instant end = clock_now() + span; clock_now() < end;) {
    const std::size_t received = port_.receive(arrivals_);
    for (io::Arrival& arrival : std::span(arrivals_).first(received)) arrival.packet.reset();
    if (!outbox_.flush() && received == 0) port_.wait(kNap);
  }
}

Micros Generator::idle_span(const Heard& heard) const {
  Micros span = kNap;
  for (const auto& publisher : publishers_)
    if (publisher->is_up()) span = std::min(span, micros((publisher->next_due_ns() - heard.ns) / 1000));
  return span;
}

void Generator::note_progress(Instant now) {
  static constexpr std::array<const char*, 5> kNames = {"calling", "ramp", "running", "draining", "done"};
  next_progress_ = now + seconds(1);
  if (!progress_.is_on()) return;
  std::uint64_t sent = 0;
  for (const auto& publisher : publishers_) sent += static_cast<std::uint64_t>(publisher->sent());
  const auto figures = std::make_unique<std::array<Figures, kManners>>(crowd_.figures());
  progress_.show({.stage = kNames[static_cast<std::size_t>(stage_)],
                  .seconds = static_cast<double>((now - began_).count) / 1e6,
                  .up = crowd_.up(),
                  .published = sent,
                  .good = figures->front()});
}

Report Generator::report() const {
  Report report;
  report.is_interrupted = is_interrupted_;
  report.duration_s = static_cast<double>(running_.count) / 1e6;
  report.ramp_s = static_cast<double>(ramp_.count) / 1e6;
  report.cpu_s = cpu_;
  report.busy_s = static_cast<double>(busy_ns_) / 1e9;
  report.received_while_running = received_after_ - received_before_;
  report.figures = std::make_unique<std::array<Figures, kManners>>(crowd_.figures());
  report.answers_ns = crowd_.answers_ns();
  report.failures = crowd_.failures();
  report.hashed = crowd_.hashed();
  report.missed_ticks = crowd_.missed_ticks();
  report.strangers = strangers_;
  report.unsent = outbox_.refused();
  report.port = port_.counters();
  report.publishers.count = publishers_.size();
  for (const auto& publisher : publishers_) {
    report.publishers.connected += publisher->sent() > 0 || publisher->is_up() ? 1 : 0;
    report.publishers.sent += static_cast<std::uint64_t>(publisher->sent());
    report.publishers.repaired += publisher->repaired();
    report.publishers.reported_lost += publisher->reported_lost();
    report.publishers.unacknowledged += publisher->unacknowledged();
    report.publishers.delayed += publisher->delayed();
    if (publisher->has_failed()) ++report.publishers.failures[publisher->why_ended()];
  }
  return report;
}

}  // namespace fanlight::load
