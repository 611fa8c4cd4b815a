#include "fec_mender.h"

#include "base/exclusive_or.h"
#include "wire/fec_header.h"

namespace fanlight::sim {

void FecMender::handle_data(const rtp::Receiver& receiver, PacketPos pos, const wire::RtpHeader& header,
                            ByteSpan payload, bool has_come) {
  if (receiver.run_first() != engine_.run_first()) engine_.begin_run(receiver.run_first());
  engine_.handle_data(pos, header, /*is_bare=*/true);
  payloads_.try_emplace(pos, payload.begin(), payload.end());
  if (has_come) came_.insert(pos);
}

// What comes before the source is heard, or is about what was sent before, no receiver can use.
bool FecMender::handle_fec(const rtp::Receiver& receiver, ByteSpan datagram) {
  const auto fec = wire::parse_fec(datagram);
  if (!fec) return false;
  const std::optional<PacketPos> first = receiver.position_of(fec->fec.base);
  if (!first || !receiver.source()) return true;
  const rtp::FecReceiver::Held held = engine_.handle_fec(*first, *fec);
  if (held.slot) sums_[*held.slot].assign(datagram.begin() + wire::kFecOverheadBytes, datagram.end());
  if (held.verdict == Verdict::kFec) lines_.push_back({*first, fec->fec.offset, fec->fec.count});
  return held.verdict == Verdict::kFec || held.verdict == Verdict::kTooLate;
}

std::optional<FecMender::Mended> FecMender::next(const rtp::Receiver& receiver) {
  const auto repair = engine_.poll_repair(receiver.first_missing());
  if (!repair) return std::nullopt;
  Mended mended{repair->missing, repair->header, repair->neighbours, sums_[repair->slot]};
  std::size_t length = repair->length_recovery;
  for (std::size_t i = 0; i < repair->line.count; ++i) {
    if (repair->line.at(i) == repair->missing) continue;
    const std::vector<std::byte>& other = payloads_.at(repair->line.at(i));
    length ^= other.size();
    mended.payload.resize(std::max(mended.payload.size(), other.size()));
    exclusive_or(mended.payload, other);
  }
  mended.payload.resize(length);
  return mended;
}

std::set<PacketPos> FecMender::all_that_can_be() const {
  std::set<PacketPos> held = came_;
  for (std::size_t before = 0; before != held.size();) {
    before = held.size();
    for (const rtp::FecReceiver::Line& line : lines_) {
      std::vector<PacketPos> missing;
      for (std::size_t i = 0; i < line.count; ++i)
        if (!held.contains(line.at(i))) missing.push_back(line.at(i));
      // Behind the newest nothing is missed yet.
      if (missing.size() == 1 && missing.front() < *came_.rbegin()) held.insert(missing.front());
    }
  }
  return held;
}

void FecMender::balance(Books& books) const {
  books.expect_equal("packets that came or FEC brought back = those that could be", payloads_.size(),
                     came_.empty() ? 0 : all_that_can_be().size());
  if (payloads_.size() == came_.size()) books.fail("FEC brought nothing back");
}

}  // namespace fanlight::sim
