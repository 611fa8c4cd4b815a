// Brings lost packets of an RTP source back from its FEC: the engine says which (rtp/fec_receiver.h), this holds the
// FEC packets and does the exclusive or with what the history has.
//
// A FEC packet's own buffer becomes the packet that it brings back: nothing is allocated, nothing copied. FEC may lie,
// by mistake or on purpose. What it leads to is one packet with the feed's payload type, no longer than the FEC; what
// it is beyond that, whoever asked must look at.
#pragma once

#include <array>
#include <optional>

#include "engine/rtp/fec_receiver.h"
#include "packet/packet.h"
#include "stream/history.h"

namespace fanlight {

class FecRepair {
 public:
  struct Repaired {
    PacketPos pos;
    wire::RtpHeader header{};  // But for number and source.
    rtp::Neighbours neighbours{};
    PacketRef payload;  // Empty: FEC and packets do not agree.
  };

  // A packet of a source whose numbers began at `run_first`.
  void handle_data(PacketPos run_first, PacketPos pos, const wire::RtpHeader& header, bool is_bare) noexcept {
    if (run_first != engine_.run_first()) begin_run(run_first);
    engine_.handle_data(pos, header, is_bare);
  }
  // Takes the datagram when it may be of use.
  [[nodiscard]] Verdict handle_fec(PacketPos first, const wire::FecPacket& fec, PacketRef& datagram) noexcept;
  // The next one; nothing when no line misses one packet alone. All before `wanted` is held or given up. What comes of
  // it is to be noted by handle_data() before the next question.
  [[nodiscard]] std::optional<Repaired> next(const History& history, PacketPos wanted,
                                             std::uint8_t payload_type) noexcept;
  void clear() noexcept { begin_run({-1}); }
  [[nodiscard]] std::size_t held() const noexcept { return engine_.held(); }

 private:
  void begin_run(PacketPos first) noexcept;
  [[nodiscard]] bool bring_back(const rtp::FecReceiver::Repair& repair, const History& history,
                                PacketRef& payload) noexcept;
  void sweep() noexcept;

  rtp::FecReceiver engine_;
  std::array<PacketRef, rtp::FecReceiver::kHeldMax> payloads_;
  std::size_t payloads_held_ = 0;
};

}  // namespace fanlight
