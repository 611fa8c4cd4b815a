// A publisher: calls, sends a feed at a steady pace, repeats what is asked for while it is young enough, answers ACKs,
// and may do what publishers in the field do: vanish, come back as another, jump, renew its keys.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "caller.h"
#include "drifting_clock.h"
#include "feed.h"
#include "keys.h"
#include "random.h"
#include "source_peer.h"

namespace fanlight::sim {

class PublisherPeer final : public SourcePeer {
 public:
  struct Plan {
    DriftingClock clock{0, 0};
    Caller::Terms terms{};
    bool is_sealed = false;
    Micros interval = millis(4);  // Between packets.
    double odd_share = 0;         // Of payloads that are no transport streams.
    std::size_t payload_bytes = 1316;
    std::uint32_t time_start = 0;  // What its timestamps begin with.
    Micros retry = millis(300);
  };
  PublisherPeer(const Endpoint& address, Plan plan, Feed& feed, Network& network, Random& random);

  void start(Instant now) override;
  void leave(Instant now) override;
  void vanish(Instant now) override;
  void pause(bool is_paused) override { is_paused_ = is_paused; }
  void jump(std::int64_t packets) override;
  void change() override;
  void renew_key(Instant now) override;
  // It does not call again when it is sent away.
  void stay_away() { wants_in_ = false; }

  void receive(Instant now, ByteSpan datagram) override;
  void wake(Instant now) override;
  [[nodiscard]] Instant next_wake() const override;
  [[nodiscard]] bool is_up() const override { return caller_.is_up(); }
  [[nodiscard]] const Caller& caller() const { return caller_; }
  [[nodiscard]] bool is_announcing() const override { return !announcement_.empty(); }
  [[nodiscard]] std::uint64_t rejections() const { return rejections_; }

 private:
  struct Sent {
    PacketPos pos{-1};
    std::uint64_t index = 0;
    std::uint16_t bytes = 0;
    Instant at{};
    wire::KeyFlag key = wire::KeyFlag::kClear;
  };
  void begin_session(Instant local);
  void end_session();
  void receive_handshake(Instant local, const wire::ControlHeader& header, ByteSpan content);
  void answer_ack(Instant now, Instant local, const wire::ControlHeader& header);
  void answer_nak(Instant now, Instant local, ByteSpan content);
  void send_fresh(Instant now, Instant local);
  void send_data(Instant now, const Sent& sent, bool is_repeated);
  void send_control(Instant now, const wire::ControlHeader& header);
  void speak(Instant now, Instant local);
  [[nodiscard]] WireTime stamp(Instant local) const {
    return {plan_.time_start + static_cast<std::uint32_t>((local - opened_).count)};
  }
  [[nodiscard]] Sent& slot(PacketPos pos) { return sent_[static_cast<std::size_t>(pos.value) % sent_.size()]; }

  Plan plan_;
  Feed& feed_;
  Network& network_;
  Random& random_;
  Caller caller_;
  std::optional<Keys> keys_;
  std::vector<std::byte> announcement_;  // A key message that waits to be confirmed.
  Instant announce_at_ = Instant::never();
  std::vector<Sent> sent_ = std::vector<Sent>(8192);
  PacketPos next_{0};
  SeqOffset offset_;
  Instant opened_{};
  Instant next_data_ = Instant::never();
  Instant last_heard_{};
  Instant last_sent_{};
  Instant call_again_ = Instant::never();
  std::uint64_t rejections_ = 0;
  bool wants_in_ = false;
  bool is_paused_ = false;
};

}  // namespace fanlight::sim
