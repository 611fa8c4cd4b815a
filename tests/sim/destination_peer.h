// Somebody who is sent a stream without having called: receives with the production engine of RTP's receiving side,
// checks every payload that comes, reports, and may leave with a BYE and come back. It may ask for what it misses, and
// may not listen for a while, which ICMP then says.
#pragma once

#include <optional>

#include "contract/destination_terms.h"
#include "destination_line.h"
#include "drifting_clock.h"
#include "engine/rtp/receiver.h"
#include "peer.h"
#include "srtp_end.h"

namespace fanlight::sim {

class DestinationPeer final : public Peer {
 public:
  static constexpr std::uint8_t kRtxPayloadType = 120;

  DestinationPeer(const DestinationTerms& terms, const WorldSpec& spec, DriftingClock clock, std::uint32_t ssrc,
                  const std::optional<crypto::SrtpMaster>& srtp, const Feed& feed, Network& network);

  [[nodiscard]] const DestinationTerms& terms() const { return terms_; }
  [[nodiscard]] const std::optional<crypto::SrtpMaster>& srtp() const { return srtp_; }
  [[nodiscard]] DestinationLine& line() { return line_; }
  [[nodiscard]] bool may_report() const { return terms_.rtcp_port() != 0; }
  // What the relay numbers it.
  void set_number(std::uint32_t number) { number_ = number; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  void leave(Instant now);
  void come_back(Instant now);
  void close(Instant now);
  void open(Instant now);
  [[nodiscard]] bool is_closed() const override { return is_closed_; }
  // At the end.
  void balance(Books& books) const;
  // Something left the relay for it.
  void note_sent(Books& books, Instant now, ByteSpan datagram);
  [[nodiscard]] bool is_there() const { return is_there_; }

  void receive(Instant now, ByteSpan datagram) override;
  void wake(Instant now) override;
  [[nodiscard]] Instant next_wake() const override;
  [[nodiscard]] bool is_up() const override { return received_ > 0; }
  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  void receive_clear(Instant now, ByteSpan datagram);
  void send(Instant now, MutableByteSpan room, std::size_t bytes);
  void receive_data(Instant now, ByteSpan datagram);
  [[nodiscard]] bool is_jump(std::uint16_t number);
  void receive_again(Instant now, const wire::RtpHeader& header, ByteSpan payload);
  void say_bye(Instant now);
  void report_anew(Instant now);

  const DestinationTerms terms_;
  const WorldSpec& spec_;
  const DriftingClock clock_;
  const Feed& feed_;
  Network& network_;
  const std::uint32_t ssrc_;
  const std::optional<crypto::SrtpMaster> srtp_;
  std::optional<SrtpEnd> end_;      // Its own: what comes, and what it says.
  std::optional<SrtpEnd> listens_;  // At the relay's door: what leaves.
  rtp::Receiver receiver_;
  std::optional<std::uint16_t> last_number_{};
  DestinationLine line_;
  std::uint32_t number_ = 0;
  bool is_there_ = true;
  bool is_closed_ = false;
  Micros closed_for_{};
  std::uint64_t sent_while_closed_ = 0;
  std::uint64_t sent_since_open_ = 0;
  bool asks_again_ = false;  // It came back, and nothing has come yet.
  Instant changed_{};        // When it left, or came back.
  Instant say_at_ = Instant::never();
  std::uint64_t received_ = 0;
};

}  // namespace fanlight::sim
