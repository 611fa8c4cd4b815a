// A receiver's FEC (SMPTE 2022-1): brings back what the production engine names, and knows by another way what could
// be: all that came, and of each line of which one packet is missing that one, over and over.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "books.h"
#include "engine/rtp/fec_receiver.h"
#include "engine/rtp/receiver.h"

namespace fanlight::sim {

class FecMender {
 public:
  struct Mended {
    PacketPos pos;
    wire::RtpHeader header{};  // But for number and source.
    rtp::Neighbours neighbours{};
    std::vector<std::byte> payload;
  };
  // Whether it came, or was brought back.
  void handle_data(const rtp::Receiver& receiver, PacketPos pos, const wire::RtpHeader& header, ByteSpan payload,
                   bool has_come);
  // False: it is nothing that a receiver can use.
  [[nodiscard]] bool handle_fec(const rtp::Receiver& receiver, ByteSpan datagram);
  // What can be brought back now.
  [[nodiscard]] std::optional<Mended> next(const rtp::Receiver& receiver);
  // At the end.
  void balance(Books& books) const;

 private:
  [[nodiscard]] std::set<PacketPos> all_that_can_be() const;

  rtp::FecReceiver engine_;
  std::array<std::vector<std::byte>, rtp::FecReceiver::kHeldMax> sums_;  // By slot.
  std::map<PacketPos, std::vector<std::byte>> payloads_;
  std::set<PacketPos> came_;
  std::vector<rtp::FecReceiver::Line> lines_;
};

}  // namespace fanlight::sim
