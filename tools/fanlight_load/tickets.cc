#include "fanlight_load/tickets.h"

#include <algorithm>

#include "contract/limits.h"

namespace fanlight::load {

using link_proxy::Ticket;

namespace {

// Lanes: data packets sent for the n-th time again in lane n, control packets behind them.
constexpr std::uint32_t kControlLanes = 0x8000'0000;

}  // namespace

Ticket Tickets::ticket_of(ByteSpan datagram) {
  if (const auto data = wire::parse_data_header(datagram)) return data_ticket(data->seq, data->retransmitted);
  const auto control = wire::parse_control_header(datagram);
  const std::uint32_t type = control ? std::min(static_cast<std::uint32_t>(control->type), kTypes - 1) : kTypes - 1;
  return {kControlLanes | type, controls_[type]++};
}

Ticket Tickets::data_ticket(SeqNo seq, bool is_repeated) {
  if (!offset_) offset_ = SeqOffset::between(newest_, seq);
  const PacketPos at = unwrap(seq, *offset_, newest_);
  newest_ = std::max(newest_, at);
  if (!is_repeated) return {0, at.value};
  repeated_.erase(repeated_.begin(), repeated_.lower_bound(newest_ - kFlowWindowPackets));
  return {++repeated_[at], at.value};
}

}  // namespace fanlight::load
