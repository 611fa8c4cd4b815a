#include "fanlight_load/rtp_load.h"

#include <algorithm>
#include <ctime>
#include <thread>

#include "fanlight_load/clock.h"

namespace fanlight::load {
namespace {

constexpr Micros kNap = millis(1);
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kFirstPacketNs = 5 * kSecond;  // From the last that was added on.
// A relay that was there before us found nobody, and tries again after 1, 2, 4, … s.
constexpr std::int64_t kConfiguredNs = 60 * kSecond;
constexpr std::int64_t kDrainNs = kSecond / 2;
constexpr std::int64_t kReportNs = 5 * kSecond;
constexpr double kServedShare = 0.001;
constexpr int kGoodbyes = 2;

std::int64_t wall_ahead_ns() {
  timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  return std::int64_t{wall.tv_sec} * kSecond + wall.tv_nsec - clock_ns();
}

void add(link_proxy::LinkCounters& sum, const link_proxy::LinkCounters& one) {
  sum.offered += one.offered;
  sum.lost += one.lost;
  sum.lost_in_burst += one.lost_in_burst;
  sum.reordered += one.reordered;
  sum.duplicated += one.duplicated;
}

}  // namespace

std::string RtpSettings::url_of(const Endpoint& own) const {
  if (kind != FeedKind::kRtp) return "udp://" + own.text();
  return "rtp://" + own.text() + "?rtcp=same_port&pt=" + std::to_string(payload_type);
}

RtpLoad::RtpLoad(const RtpSettings& settings, Ports& ports, Progress& progress)
    : settings_(settings),
      port_(ports.port()),
      outbox_(ports.headers(), ports.payloads(), ports.port()),
      progress_(progress),
      places_(settings.common.viewers) {
  const Settings& common = settings_.common;
  const std::int64_t wall_ns = wall_ahead_ns();
  for (std::size_t n = 0; n < common.publishers; ++n) {
    RtpSender::Options options{.number = static_cast<std::uint32_t>(n),
                               .kind = settings_.kind,
                               .payload_type = settings_.payload_type,
                               .ssrc = settings_.first_ssrc + static_cast<std::uint32_t>(n),
                               .bits_per_second = static_cast<std::int64_t>(common.bits_per_second),
                               .group = common.group,
                               .path = ports.path_of()(n),
                               .rtcp = settings_.feed_rtcp,
                               .wall_ns = wall_ns,
                               .weather = common.up,
                               .seed = common.seed};
    options.path.remote.port = static_cast<std::uint16_t>(common.relay.port + 2 * n);
    by_address_[options.path.local] = static_cast<std::uint32_t>(n);
    senders_.push_back(std::make_unique<RtpSender>(options, outbox_));
  }
  std::vector<RtpDestinations::Wanted> wanted;
  for (std::size_t n = 0; n < places_.size(); ++n) {
    const Endpoint own = ports.path_of()(common.publishers + n).local;
    by_address_[own] = static_cast<std::uint32_t>(common.publishers + n);
    if (!settings_.are_configured) wanted.push_back({common.stream_name(n % common.streams), settings_.url_of(own)});
    if (is_bad(common.down)) links_.emplace_back(common.down, common.seed + n);
  }
  to_add_ = wanted.size();
  destinations_ = std::make_unique<RtpDestinations>(settings_.api, std::move(wanted));
  stage_ns_ = begun_ns_ = clock_ns();
  next_progress_ns_ = begun_ns_ + kSecond;
}

void RtpLoad::run(const std::atomic<bool>& is_stopped) {
  std::atomic<bool> is_over{false};
  std::thread adding([&] { destinations_->add(is_over); });
  while (stage_ != Stage::kDone) {
    if (is_stopped.load(std::memory_order_relaxed) && stage_ < Stage::kDrain) {
      is_interrupted_ = true;
      begin_drain(clock_ns());
    }
    if (destinations_->has_failed() && stage_ < Stage::kDrain) begin_drain(clock_ns());
    breathe();
  }
  is_over = true;
  adding.join();
  settle();
  for (int i = 0; i < kGoodbyes; ++i) {
    say_goodbye(clock_ns());
    outbox_.flush();
    port_.wait(kNap);
  }
  destinations_->remove();
  progress_.finish();
}

void RtpLoad::breathe() {
  const std::size_t received = port_.receive(arrivals_);
  const std::int64_t now_ns = clock_ns();
  dispatch(now_ns, received);
  take_held(now_ns);
  for (const auto& sender : senders_) stage_ < Stage::kDrain ? sender->turn(now_ns) : sender->send_held(now_ns);
  say_reports(now_ns);
  const bool has_sent = outbox_.flush();
  step(now_ns);
  if (now_ns >= next_progress_ns_) note_progress(now_ns);
  if (received > 0 || has_sent) return;
  Micros nap = kNap;
  for (const auto& sender : senders_) nap = std::min(nap, micros((sender->next_due_ns() - now_ns) / 1000));
  if (!held_.empty()) nap = std::min(nap, micros((held_.top().at_ns - now_ns) / 1000));
  if (nap > Micros{}) port_.wait(nap);
}

void RtpLoad::dispatch(std::int64_t now_ns, std::size_t received) {
  for (io::Arrival& arrival : std::span(arrivals_).first(received)) {
    const ByteSpan datagram = std::as_const(arrival.packet).bytes();
    const auto found = by_address_.find(arrival.path.local);
    if (found == by_address_.end() || arrival.undelivered != io::Undelivered::kNo) {
      ++strangers_;
    } else if (found->second < senders_.size()) {
      senders_[found->second]->handle_report(datagram);
    } else {
      bring(now_ns, found->second - static_cast<std::uint32_t>(senders_.size()), arrival.path, datagram);
    }
    arrival.packet.reset();
  }
}

void RtpLoad::bring(std::int64_t now_ns, std::uint32_t place, const Path& path, ByteSpan datagram) {
  Place& its = places_[place];
  if (its.relay != path.remote) {
    its.relay = path.remote;
    outbox_.address(path, its.envelope);
    its.next_report_ns =
        now_ns + kReportNs * static_cast<std::int64_t>(place + 1) / static_cast<std::int64_t>(places_.size());
  }
  if (links_.empty()) return take(now_ns, place, datagram);
  const link_proxy::Fate fate = links_[place].offer({now_ns / 1000});
  for (int i = 0; i < fate.copies; ++i)
    held_.push({fate.arrivals[static_cast<std::size_t>(i)].us * 1000, held_order_++, place,
                std::vector<std::byte>(datagram.begin(), datagram.end())});
}

void RtpLoad::take_held(std::int64_t now_ns) {
  for (; !held_.empty() && held_.top().at_ns <= now_ns; held_.pop()) take(now_ns, held_.top().place, held_.top().bytes);
}

RtpViewer::Terms RtpLoad::terms_of(std::size_t place) const {
  return {.kind = settings_.kind,
          .payload_type = settings_.payload_type,
          .own_ssrc = settings_.first_ssrc + 0x1000'0000 + static_cast<std::uint32_t>(place)};
}

void RtpLoad::take(std::int64_t now_ns, std::uint32_t place, ByteSpan datagram) {
  Place& its = places_[place];
  if (settings_.kind == FeedKind::kRtp && wire::is_rtcp(datagram))
    return its.viewer.take_report(now_ns, datagram, its.tally);
  const bool hashes = ++hashed_ % settings_.common.hash_every == 0;
  const auto sent_ns = its.viewer.take_data(now_ns, datagram, terms_of(place), hashes, its.tally);
  if (sent_ns && stage_ == Stage::kRunning)
    latency_ns_->record(static_cast<std::uint64_t>(std::max<std::int64_t>(now_ns - *sent_ns, 0)));
}

// A few looks a breath: each is due once in 5 s.
void RtpLoad::say_reports(std::int64_t now_ns) {
  if (settings_.kind != FeedKind::kRtp || places_.empty()) return;
  for (std::size_t looks = 0; looks < std::min<std::size_t>(places_.size(), 16); ++looks) {
    const std::size_t place = next_reporter_++ % places_.size();
    Place& its = places_[place];
    if (!its.relay || now_ns < its.next_report_ns) continue;
    its.next_report_ns = now_ns + kReportNs;
    if (outbox_.say(its.envelope,
                    [&](MutableByteSpan out) { return its.viewer.write_report(now_ns, terms_of(place), out); }))
      ++its.tally.reports_said;
  }
}

void RtpLoad::say_goodbye(std::int64_t now_ns) {
  for (const auto& sender : senders_) sender->leave(now_ns);
}

bool RtpLoad::is_added() const { return destinations_->added() == to_add_; }

std::size_t RtpLoad::begun() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(places_, [](const Place& its) { return its.viewer.has_begun(); }));
}

std::uint64_t RtpLoad::received() const {
  std::uint64_t sum = 0;
  for (const Place& its : places_) sum += its.tally.received;
  return sum;
}

void RtpLoad::step(std::int64_t now_ns) {
  if (stage_ == Stage::kAdding) {
    if (!is_added()) {
      stage_ns_ = now_ns;
      return;
    }
    const std::int64_t patience_ns = settings_.are_configured ? kConfiguredNs : kFirstPacketNs;
    if (begun() < places_.size() && now_ns - stage_ns_ < patience_ns) return;
    stage_ = Stage::kRunning;
    stage_ns_ = now_ns;
    received_before_ = received();
    cpu_before_ = cpu_seconds();
  } else if (stage_ == Stage::kRunning && now_ns - stage_ns_ >= settings_.common.duration.count * 1000) {
    begin_drain(now_ns);
  } else if (stage_ == Stage::kDrain && now_ns - stage_ns_ >= kDrainNs + settings_.common.latency.count * 1000) {
    stage_ = Stage::kDone;
  }
}

void RtpLoad::begin_drain(std::int64_t now_ns) {
  if (stage_ == Stage::kRunning) {
    duration_s_ = static_cast<double>(now_ns - stage_ns_) / 1e9;
    received_after_ = received();
    cpu_ = cpu_seconds() - cpu_before_;
  }
  stage_ = Stage::kDrain;
  stage_ns_ = now_ns;
}

// What our own senders had sent, and is not there. The last packet of a feed that lost it looks like none.
void RtpLoad::settle() {
  std::map<std::uint32_t, std::int64_t> ends;
  for (const auto& sender : senders_) ends[sender->run()] = sender->sent();
  for (Place& its : places_) {
    const auto end = ends.find(its.viewer.run());
    if (end == ends.end() || its.viewer.next_position() >= end->second) continue;
    tail_lost_ += static_cast<std::uint64_t>(end->second - its.viewer.next_position());
  }
}

void RtpLoad::note_progress(std::int64_t now_ns) {
  static constexpr std::array<const char*, 4> kNames = {"adding", "running", "draining", "done"};
  next_progress_ns_ = now_ns + kSecond;
  if (!progress_.is_on()) return;
  auto figures = std::make_unique<Figures>();
  std::uint64_t sent = 0;
  for (const auto& sender : senders_) sent += static_cast<std::uint64_t>(sender->sent());
  for (const Place& its : places_) figures->tally.lost += static_cast<std::uint32_t>(its.tally.lost);
  figures->received = received();
  figures->latency_ns = *latency_ns_;
  progress_.show({.stage = kNames[static_cast<std::size_t>(stage_)],
                  .seconds = static_cast<double>(now_ns - begun_ns_) / 1e9,
                  .up = begun(),
                  .published = sent,
                  .good = *figures});
}

std::unique_ptr<RtpReport> RtpLoad::report() const {
  auto report = std::make_unique<RtpReport>();
  report->is_interrupted = is_interrupted_;
  report->failure = destinations_->has_failed() ? destinations_->failure() : "";
  report->duration_s = duration_s_;
  report->cpu_s = cpu_;
  report->senders = senders_.size();
  for (const auto& sender : senders_) {
    report->sent += static_cast<std::uint64_t>(sender->sent());
    report->delayed += sender->delayed();
    report->reports_to_senders += sender->reports_heard();
    if (sender->reports_heard() == 0) ++report->unreported;
    report->reported_lost += sender->reported_lost();
    add(report->up, sender->link());
  }
  report->destinations = places_.size();
  report->added = destinations_->added();
  report->begun = begun();
  for (const Place& its : places_) {
    report->tally += its.tally;
    report->jitter_max = std::max(report->jitter_max, its.viewer.jitter());
    const double expected = static_cast<double>(its.tally.received + its.tally.lost);
    if (its.viewer.has_begun() && static_cast<double>(its.tally.lost) <= kServedShare * expected) ++report->served;
  }
  report->received_while_running = received_after_ - received_before_;
  report->tail_lost = tail_lost_;
  report->latency_ns = *latency_ns_;
  report->strangers = strangers_;
  for (const link_proxy::Link& link : links_) add(report->down, link.counters());
  report->port = port_.counters();
  return report;
}

}  // namespace fanlight::load
