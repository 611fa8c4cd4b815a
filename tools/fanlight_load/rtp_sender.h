// A sender into a feed: stamped payloads at a steady rate, as RTP or bare, with sender reports beside them.
#pragma once

#include <queue>
#include <random>

#include "fanlight_load/outbox.h"
#include "fanlight_load/rtp_settings.h"
#include "fanlight_load/stamp.h"
#include "link_proxy/link.h"
#include "wire/rtcp.h"

namespace fanlight::load {

class RtpSender {
 public:
  struct Options {
    std::uint32_t number = 0;
    FeedKind kind = FeedKind::kRtp;
    std::uint8_t payload_type = 33;
    std::uint32_t ssrc = 1;
    std::int64_t bits_per_second = 5'000'000;
    Micros group = seconds(1);
    Path path;  // To the feed.
    RtcpWay rtcp = RtcpWay::kNextPort;
    std::int64_t wall_ns = 0;          // What the wall clock is ahead of the one that stamps.
    link_proxy::Impairment weather{};  // On the way to the relay.
    std::uint64_t seed = 1;
  };
  RtpSender(const Options& options, Outbox& outbox);

  // Sends what is due.
  void turn(std::int64_t now_ns);
  // What a bad network still holds.
  void send_held(std::int64_t now_ns);
  void handle_report(ByteSpan datagram);
  void leave(std::int64_t now_ns);

  [[nodiscard]] std::uint32_t run() const { return run_; }
  [[nodiscard]] std::int64_t sent() const { return position_; }
  [[nodiscard]] std::int64_t next_due_ns() const { return next_due_ns_; }
  [[nodiscard]] std::uint64_t delayed() const { return delayed_; }
  [[nodiscard]] const link_proxy::LinkCounters& link() const { return link_.counters(); }
  // As the relay reports it.
  [[nodiscard]] std::uint64_t reports_heard() const { return reports_heard_; }
  [[nodiscard]] std::int32_t reported_lost() const { return reported_lost_; }
  [[nodiscard]] Micros reported_jitter() const { return reported_jitter_; }

 private:
  // A packet that a bad network holds.
  struct Held {
    Instant at;
    std::int64_t position;
    std::int64_t sent_ns;
    bool operator<(const Held& other) const { return at > other.at; }
  };
  [[nodiscard]] bool send(std::int64_t position, std::int64_t sent_ns);
  void offer(std::int64_t now_ns);
  void report(std::int64_t now_ns, bool says_bye);
  [[nodiscard]] std::uint32_t timestamp(std::int64_t ns) const;

  const Options options_;
  Outbox& outbox_;
  std::uint32_t run_;
  std::int64_t interval_ns_;
  PayloadMaker maker_;
  Envelope data_;
  Envelope control_;
  bool has_weather_;
  link_proxy::Link link_;
  std::priority_queue<Held> held_;
  std::minstd_rand random_;
  std::uint16_t first_seq_;
  std::uint32_t first_timestamp_;
  std::int64_t position_ = 0;
  std::int64_t next_due_ns_ = 0;
  std::int64_t next_report_ns_ = 0;
  std::uint64_t delayed_ = 0;
  std::uint64_t reports_heard_ = 0;
  std::int32_t reported_lost_ = 0;
  Micros reported_jitter_{};
};

}  // namespace fanlight::load
