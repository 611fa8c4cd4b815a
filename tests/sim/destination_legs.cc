#include "destination_legs.h"

namespace fanlight::sim {

SecondLeg::SecondLeg(const DestinationTerms& terms, const WorldSpec& spec, const Feed& feed, DestinationPeer& owner)
    : Recipient(terms.remote), owner_(owner), line_(spec, feed, terms, owner.srtp().has_value(), true) {
  if (owner.srtp()) listens_.emplace(*owner.srtp());
}

void SecondLeg::note_sent(Books& books, Instant now, ByteSpan sent) {
  const std::optional<ByteSpan> clear = listens_ ? listens_->read(now, sent) : std::optional(sent);
  if (!clear) return books.fail(address().text() + " is sent what is not under its key, or was before");
  if (wire::is_rtcp(*clear)) return line_.note_control(books, now, *clear);
  owner_.note_twin(books, sent);
  line_.note_data(books, now, *clear);
}

// A row begins where the one before ends. A matrix's columns begin side by side, and the next one's behind all of them.
void FecLeg::note_sent(Books& books, Instant, ByteSpan datagram) {
  ++packets_;
  const auto fec = wire::parse_fec(datagram);
  const int columns = options_.columns;
  const int rows = options_.rows;
  if (!fec || fec->fec.is_row != is_row_ || fec->fec.count != (is_row_ ? columns : rows) ||
      fec->fec.offset != (is_row_ ? 1 : columns))
    return books.fail(address().text() + " is sent what is no FEC of its kind");
  if (last_) {
    const int step = static_cast<std::uint16_t>(fec->fec.base - last_->fec.base);
    const bool follows = is_row_ ? step == columns : step == 1 || step == columns * (rows - 1) + 1;
    if (!follows || fec->rtp.seq != static_cast<std::uint16_t>(last_->rtp.seq + 1) || fec->rtp.ssrc != last_->rtp.ssrc)
      books.fail(address().text() + ": FEC left out");
  }
  last_ = fec;
}

// What was sent before it was opened, and the last columns, are in no line.
void FecLeg::balance(Books& books, std::optional<std::uint64_t> packets_sent) const {
  books.expect_equal("packets of FEC = what its session says", packets_, packets_sent.value_or(0));
  if (is_row_ && !options_.has_rows) return books.expect_equal("rows that nobody asked for", packets_, 0);
  const std::uint64_t media = owner_.line().packets();
  const auto matrix = static_cast<std::uint64_t>(options_.packets());
  const std::uint64_t side = is_row_ ? options_.columns : options_.rows;
  const std::uint64_t lines = media > 3 * matrix ? (media - 3 * matrix) / side : 0;
  books.expect_at_most("FEC packets that should have been sent, less those that were",
                       static_cast<std::int64_t>(lines) - static_cast<std::int64_t>(packets_), 0);
}

}  // namespace fanlight::sim
