// The publishers of this process. A payload follows from position and send time, so what a publisher keeps for repair
// is the send time of each packet.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/srt/sender.h"
#include "fanlight_load/calling.h"
#include "fanlight_load/outbox.h"
#include "fanlight_load/stamp.h"

namespace fanlight::load {

class Publisher {
 public:
  struct Options {
    std::uint32_t number = 0;
    std::int64_t bits_per_second = 5'000'000;  // Of payload.
    Micros group = seconds(1);                 // From one access point to the next.
    Path path;
    CallTerms terms;
  };
  Publisher(Instant now, const Options& options, Outbox& outbox);

  void handle(Instant now, ByteSpan datagram);
  // Sends what is due and answers what was asked.
  void turn(Instant now, std::int64_t now_ns);
  // What is sent from now on only shows what of the rest was lost: a last packet that is missing looks like none.
  void mark_end() { end_ = next_.value; }
  void leave(Instant now);

  [[nodiscard]] bool is_up() const { return sender_.has_value() && !has_ended_; }
  [[nodiscard]] bool has_failed() const { return !why_ended_.empty(); }
  [[nodiscard]] const std::string& why_ended() const { return why_ended_; }
  [[nodiscard]] std::uint32_t run() const { return run_; }
  [[nodiscard]] std::int64_t sent() const { return end_.value_or(next_.value); }
  [[nodiscard]] std::uint64_t repaired() const { return sender_ ? sender_->stats().repaired : 0; }
  [[nodiscard]] std::uint64_t reported_lost() const { return sender_ ? sender_->stats().lost : 0; }
  // Packets of those sent that the relay never said it has, or has given up.
  [[nodiscard]] std::uint64_t unacknowledged() const {
    return sender_ ? static_cast<std::uint64_t>(std::max<std::int64_t>(sent() - sender_->acked().value, 0)) : 0;
  }
  // Packets that were due more than 10 ms before they left.
  [[nodiscard]] std::uint64_t delayed() const { return delayed_; }
  [[nodiscard]] std::int64_t next_due_ns() const { return next_due_ns_; }

 private:
  static constexpr int kBurst = 32;  // Packets per turn.
  void turn_call(Instant now);
  void send_fresh(std::int64_t now_ns);
  void serve_repairs(Instant now);
  [[nodiscard]] bool send(PacketPos position, std::int64_t sent_ns, bool is_repair);
  [[nodiscard]] StreamEdge edge() const { return {next_, {next_sent_ns_ / 1000}}; }

  const Options options_;
  Outbox& outbox_;
  std::uint32_t run_;
  std::int64_t interval_ns_;
  PayloadMaker maker_;
  Envelope envelope_;
  Instant opened_;
  std::unique_ptr<Calling> call_;
  std::unique_ptr<crypto::SessionCiphers> ciphers_;
  std::optional<srt::Sender> sender_;
  srt::RangePool ranges_{srt::RepairList::kRangesMax};
  SocketId peer_;
  std::vector<std::int64_t> sent_ns_;  // By position, a ring.
  std::vector<Instant> repaired_at_;   // Beside it; never: not yet.
  PacketPos next_{0};
  std::optional<std::int64_t> end_;
  std::int64_t next_due_ns_ = 0;
  std::int64_t next_sent_ns_ = 0;
  std::uint64_t delayed_ = 0;
  bool has_ended_ = false;
  std::string why_ended_;
};

}  // namespace fanlight::load
