// Somebody who is sent a stream without having called: receives with the production engine of RTP's receiving side,
// checks every payload that comes, reports, and may leave with a BYE and come back. It may ask for what it misses, get
// all of it by a second leg or FEC along with it, and may not listen for a while, which ICMP then says.
#pragma once

#include <optional>

#include "contract/destination_terms.h"
#include "destination_line.h"
#include "drifting_clock.h"
#include "engine/rtp/receiver.h"
#include "fec_mender.h"
#include "recipient.h"
#include "srtp_end.h"

namespace fanlight::sim {

class DestinationPeer final : public Recipient {
 public:
  static constexpr std::uint8_t kRtxPayloadType = 120;

  // `address`: its own. It is another one than the terms' where these name a group.
  DestinationPeer(const Endpoint& address, const DestinationTerms& terms, const WorldSpec& spec, DriftingClock clock,
                  std::uint32_t ssrc, const std::optional<crypto::SrtpMaster>& srtp, const Feed& feed,
                  Network& network);

  [[nodiscard]] const DestinationTerms& terms() const { return terms_; }
  [[nodiscard]] const std::optional<crypto::SrtpMaster>& srtp() const { return srtp_; }
  [[nodiscard]] DestinationLine& line() { return line_; }
  [[nodiscard]] bool may_report() const { return terms_.rtcp_port() != 0; }
  void leave(Instant now);
  void come_back(Instant now);
  void close(Instant now);
  void open(Instant now);
  [[nodiscard]] bool is_closed() const override { return is_closed_; }
  // At the end.
  void balance(Books& books) const;
  void note_sent(Books& books, Instant now, ByteSpan datagram) override;
  // The same packet leaves for both legs, to the bit.
  void note_twin(Books& books, ByteSpan datagram);
  [[nodiscard]] bool is_there() const { return is_there_; }

  // What it says goes from there as well, in turn, as soon as something came there.
  void set_second(const Peer& leg) { second_ = &leg; }
  void receive_by(Instant now, std::size_t leg, ByteSpan datagram);
  void receive_fec(Instant now, ByteSpan datagram);
  void receive(Instant now, ByteSpan datagram) override { receive_by(now, 0, datagram); }
  void wake(Instant now) override;
  [[nodiscard]] Instant next_wake() const override;
  [[nodiscard]] bool is_up() const override { return received_ > 0; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  // Of the payloads that came.
  [[nodiscard]] std::uint64_t newest_index() const { return came_.empty() ? 0 : came_.size() - 1; }

 private:
  void receive_clear(Instant now, std::size_t leg, ByteSpan datagram);
  void send(Instant now, MutableByteSpan room, std::size_t bytes);
  void receive_data(Instant now, std::size_t leg, ByteSpan datagram);
  // A packet of the stream came, in whatever way; `is_taken`: the receiver has it from now on.
  void note_came(std::uint64_t index, bool is_taken);
  void mend(Instant now);
  void balance_legs(Books& books) const;
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
  const Peer* second_ = nullptr;
  bool speaks_by_second_ = false;
  bool hears_second_ = false;
  std::vector<std::uint64_t> twins_;  // Digests by number, for two legs; 0: it has left for neither.
  std::vector<std::uint8_t> came_;    // By index: kCame, kTaken.
  std::optional<FecMender> mender_;
  std::optional<std::uint16_t> last_number_{};
  DestinationLine line_;
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
