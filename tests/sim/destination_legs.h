// The other addresses of a destination: its second leg's (SMPTE ST 2022-7), and those that FEC goes to. What comes
// there goes in at the destination.
#pragma once

#include <optional>

#include "contract/stream_options.h"
#include "destination_line.h"
#include "destination_peer.h"
#include "wire/fec_header.h"

namespace fanlight::sim {

class SecondLeg final : public Recipient {
 public:
  SecondLeg(const DestinationTerms& terms, const WorldSpec& spec, const Feed& feed, DestinationPeer& owner);

  void note_sent(Books& books, Instant now, ByteSpan datagram) override;
  void receive(Instant now, ByteSpan datagram) override { owner_.receive_by(now, 1, datagram); }
  void wake(Instant now) override { owner_.wake(now); }
  [[nodiscard]] Instant next_wake() const override { return owner_.next_wake(); }
  [[nodiscard]] bool is_up() const override { return owner_.is_up(); }
  // At the end, with what the relay says it has sent here.
  void balance(Books& books, std::optional<std::uint64_t> packets_sent, std::uint64_t fresh_index) const {
    if (!packets_sent) books.fail("second leg " + address().text() + " had no session");
    line_.balance(books, packets_sent, fresh_index, owner_.is_there());
  }

 private:
  DestinationPeer& owner_;
  std::optional<SrtpEnd> listens_;
  DestinationLine line_;
};

// Rows' or columns': all of them leave, one behind the other.
class FecLeg final : public Recipient {
 public:
  FecLeg(const Endpoint& address, bool is_row, const FecOptions& options, DestinationPeer& owner)
      : Recipient(address), is_row_(is_row), options_(options), owner_(owner) {}

  void note_sent(Books& books, Instant now, ByteSpan datagram) override;
  void receive(Instant now, ByteSpan datagram) override { owner_.receive_fec(now, datagram); }
  void wake(Instant now) override { owner_.wake(now); }
  [[nodiscard]] Instant next_wake() const override { return owner_.next_wake(); }
  [[nodiscard]] bool is_up() const override { return owner_.is_up(); }
  // At the end, with what the relay says it has sent here.
  void balance(Books& books, std::optional<std::uint64_t> packets_sent) const;

 private:
  const bool is_row_;
  const FecOptions options_;
  DestinationPeer& owner_;
  std::optional<wire::FecPacket> last_;
  std::uint64_t packets_ = 0;
};

}  // namespace fanlight::sim
