// What decides the fates of one session's datagrams in one direction: what a datagram is, told so that it is the same
// in every run. Data packets go by their distance from the session's first one and by which sending of theirs it is;
// control packets, which come by the clock, are numbered within their type.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "base/seq.h"
#include "link_proxy/link.h"
#include "wire/srt_header.h"

namespace fanlight::load {

class Tickets {
 public:
  // The datagram's first 16 bytes are enough. Each one asks once.
  [[nodiscard]] link_proxy::Ticket ticket_of(ByteSpan datagram);

 private:
  static constexpr std::uint32_t kTypes = 9;  // SRT's 0 to 7, and one for whatever else there is.
  [[nodiscard]] link_proxy::Ticket data_ticket(SeqNo seq, bool is_repeated);

  std::optional<SeqOffset> offset_;  // The first data packet is position 0; none before it.
  PacketPos newest_{0};
  std::map<PacketPos, std::uint32_t> repeated_;  // How often; positions that are further back are not asked for again.
  std::array<std::uint32_t, kTypes> controls_{};
};

}  // namespace fanlight::load
