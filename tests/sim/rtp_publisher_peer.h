// A publisher that does not call: RTP with a transport stream in it, or the bare stream, to an address of the relay's.
// Of RTP it sends reports and hears those of the relay. Each time it starts it is another source. It may send again
// what the relay asks for, send FEC along, or all of it by a second leg: what these are to make good it loses itself.
#pragma once

#include <vector>

#include "books.h"
#include "contract/feed_terms.h"
#include "drifting_clock.h"
#include "fec_sender.h"
#include "feed.h"
#include "random.h"
#include "source_peer.h"
#include "srtp_end.h"
#include "two_legs.h"
#include "wire/rtp_feedback.h"
#include "world_spec.h"

namespace fanlight::sim {

class RtpPublisherPeer final : public SourcePeer {
 public:
  struct Plan {
    DriftingClock clock{0, 0};
    FeedKind kind = FeedKind::kRtp;
    std::uint8_t payload_type = 33;
    Micros interval = millis(4);
    std::size_t payload_bytes = 1316;    // Of a transport stream's; others' differ.
    bool wraps_numbers = false;          // Number and timestamp begin close to their end.
    std::int64_t pace_permille = 1'000;  // How fast timestamps run.
    Repair repair = Repair::kNone;
    Endpoint relay{};   // Where it sends to ...
    Endpoint second{};  // ... and where again.
    std::optional<crypto::SrtpMaster> srtp{};
  };
  static constexpr std::uint8_t kRtxPayloadType = 97;
  RtpPublisherPeer(const Endpoint& address, const Plan& plan, Feed& feed, Network& network, Random& random);

  void start(Instant now) override;
  void leave(Instant now) override;
  void vanish(Instant now) override;
  void pause(bool is_paused) override { is_paused_ = is_paused; }
  void jump(std::int64_t packets) override { next_seq_ = static_cast<std::uint16_t>(next_seq_ + packets); }
  void change() override {}
  // Its timestamps.
  void step_back(Micros span) {
    first_timestamp_ -= static_cast<std::uint32_t>(span.count * feed_.clock_rate / 1'000'000);
  }

  void receive(Instant now, ByteSpan datagram) override;
  void wake(Instant now) override;
  [[nodiscard]] Instant next_wake() const override;
  [[nodiscard]] bool is_up() const override { return is_up_; }
  [[nodiscard]] std::uint32_t ssrc() const { return ssrc_; }
  [[nodiscard]] std::uint16_t next_seq() const { return next_seq_; }
  // Reports that came about this source.
  [[nodiscard]] std::uint64_t reports() const { return reports_; }
  // Packets that it lost itself.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  [[nodiscard]] TwoLegs& legs() { return legs_; }
  // At the end: nothing is lost, and no more was asked for than may be.
  void balance(Books& books) const;

 private:
  // Under a number.
  struct Sent {
    std::int64_t index = -1;  // Of its payload; -1: nothing was.
    std::uint32_t timestamp = 0;
    std::uint8_t asks = 0;
    std::uint64_t srtp_index = 0;
  };
  // As it goes over the network, in place; answers its bytes.
  [[nodiscard]] std::size_t seal(MutableByteSpan room, std::size_t bytes, std::uint64_t index);
  void hear_control(Instant now, ByteSpan datagram, std::size_t bytes);
  void send_by_legs(Instant now, ByteSpan datagram);
  void send_with_fec(Instant now, const wire::RtpHeader& header, ByteSpan datagram);
  // It pauses when all that was lost can be brought back.
  [[nodiscard]] bool may_pause() const { return plan_.repair != Repair::kFec || fec_.is_between_matrices(); }
  void hear_nack(Instant now, const wire::Nack& nack);
  void send_again(Instant now, std::uint16_t number);
  void send_fresh(Instant now, Instant local);
  void begin_picture(Instant local);
  void send_report(Instant now, Instant local, bool says_bye);
  [[nodiscard]] std::uint32_t timestamp(Instant local) const {
    const std::int64_t ticks = (local - started_).count * feed_.clock_rate / 1'000'000;
    return first_timestamp_ + static_cast<std::uint32_t>(ticks * plan_.pace_permille / 1'000);
  }

  const Plan plan_;
  Feed& feed_;
  Network& network_;
  Random& random_;
  bool is_up_ = false;
  bool is_paused_ = false;
  std::uint32_t ssrc_ = 0;
  std::uint16_t next_seq_ = 0;
  std::uint32_t first_timestamp_ = 0;
  std::uint32_t packets_ = 0;  // Of this source.
  std::vector<Sent> sent_ = std::vector<Sent>(65'536);
  std::optional<SrtpEnd> srtp_;
  std::uint64_t next_index_ = 0;  // SRTP's: the rollover counter, and the number.
  FecSender fec_;
  TwoLegs legs_;
  // What is no transport stream comes in pictures: several packets with one timestamp, the last of them marked.
  Instant picture_at_{};
  std::int64_t picture_left_ = 0;  // Packets.
  std::uint64_t dropped_ = 0;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t asks_ = 0;
  std::uint64_t asked_ = 0;  // Numbers, once or more often.
  std::uint64_t nack_bytes_ = 0;
  std::uint16_t next_rtx_ = 0;
  Instant started_{};
  Instant next_data_{};
  Instant next_report_{};
  std::uint64_t reports_ = 0;
};

}  // namespace fanlight::sim
