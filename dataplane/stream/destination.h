// A viewer that does not call: RTP or a bare transport stream, sent to where an operator said. It acknowledges nothing
// and asks for nothing, so it has no place but one: among those that get each packet in order (release.h), or not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "contract/destination_terms.h"
#include "engine/rtp/sender.h"
#include "packet/envelope.h"
#include "stream/repair_budget.h"

namespace fanlight {

namespace crypto {
class SrtpSendingKey;
}
class SrtpGroup;
class Stream;

struct Destination : Enveloped {
  Destination(Stream& its_stream, const rtp::Sender::Options& options) noexcept
      : stream(&its_stream), sender(options) {}
  [[nodiscard]] static Destination& of(Envelope& envelope) noexcept {
    return static_cast<Destination&>(*reinterpret_cast<Enveloped*>(&envelope));  // The first member of its class.
  }

  // The position of a number that it names; `next`: the first that it was not sent.
  [[nodiscard]] PacketPos pos_of(std::uint16_t number, PacketPos next) const noexcept {
    const auto newest = static_cast<std::uint16_t>(envelope.offset.seq_of(next - 1).raw);
    return next - 1 + std::int64_t{static_cast<std::int16_t>(number - newest)};
  }

  // Its receiver's are not overdue: two of their longest intervals, RFC 3550 §6.3.1.
  [[nodiscard]] bool has_reports(Instant now) const noexcept { return sender.was_heard_within(now, seconds(15)); }

  // Whose member it is; null: of none.
  [[nodiscard]] SrtpGroup* srtp() const noexcept { return is_protected ? membership.group : nullptr; }
  // It is sent SRTP under that key, and clear packets never.
  void protect_with(crypto::SrtpSendingKey& key, SrtpGroup& group) noexcept {
    is_protected = true;
    is_source_told = false;
    *std::construct_at(&membership) = {.group = &group, .key = &key};
  }

  Stream* stream;
  std::uint32_t place_index = 0;    // Among those that get each packet.
  bool is_flowing : 1 = false;      // It is one of them.
  bool is_told_paused : 1 = false;  // As far as control knows.
  bool is_protected : 1 = false;    // It has a membership, and no repairs.
  bool is_source_told : 1 = true;   // SRTP's SSRC: control knows it.
  bool is_second_leg : 1 = false;   // Another sends the same packets under the same SSRC.
  DestinationPart leg = DestinationPart::kMedia;
  std::uint16_t rtcp_port = 0;  // Where its reports go; 0: none do.
  // Packets it got, and their payload's bytes. Flowing: without the stream's totals, less than nothing at first.
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;
  // Of who may ask for packets again. Who is sent SRTP may not, and has a group instead.
  struct Repairs {
    std::uint64_t bytes = 0;
    RepairBudget budget{};
    std::optional<std::uint8_t> rtx_payload_type{};  // What is sent again goes under it, with a source of its own.
  };
  struct Membership {
    SrtpGroup* group = nullptr;  // Null: it is paused, and its receiver has gone.
    crypto::SrtpSendingKey* key = nullptr;
    std::uint32_t receiver = 0;   // Whose SRTCP was heard there last; 0: nobody's.
    std::uint32_t paused_at = 0;  // Low bits of the first index that it was not sent.
  };
  union {
    Repairs repairs{};
    Membership membership;
  };
  rtp::Sender sender;
};
static_assert(sizeof(Destination) <= 368);  // No more than a viewer.

}  // namespace fanlight
