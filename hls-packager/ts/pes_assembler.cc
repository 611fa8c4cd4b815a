#include "ts/pes_assembler.h"

#include <utility>

namespace fanlight::packager {

void PesAssembler::handle(const Piece& piece, PesCounts& counts, std::vector<PesPacket>& done) {
  if (piece.starts_unit) {
    finish(counts, done);
    state_ = State::kOpen;
  } else if (state_ == State::kClosedEarly && !piece.payload.empty()) {
    ++counts.split;
    trusts_stuffing_ = false;
    is_after_loss_ = true;
    state_ = State::kWaiting;
  }
  if (state_ != State::kOpen) return;
  if (bytes_.size() + piece.payload.size() > kPesBytesMax) return drop(counts.too_large);
  bytes_.insert(bytes_.end(), piece.payload.begin(), piece.payload.end());
  if (!header_) look_at_header(counts);
  if (state_ == State::kOpen && is_complete(piece.has_stuffing)) {
    const bool is_early = header_->packet_bytes == 0;
    close(done);
    if (is_early) state_ = State::kClosedEarly;
  }
}

void PesAssembler::look_at_header(PesCounts& counts) {
  if (bytes_.size() < kPesHeadBytes) return;
  const std::size_t wanted = pes_header_bytes(bytes_);
  if (wanted == 0) return drop(counts.malformed);
  if (bytes_.size() < wanted) return;
  header_ = parse_pes_header(bytes_);
  if (!header_) drop(counts.malformed);
}

bool PesAssembler::is_complete(bool has_stuffing) const noexcept {
  if (!header_) return false;
  if (header_->packet_bytes != 0) return bytes_.size() >= header_->packet_bytes;
  return trusts_stuffing_ && has_stuffing;
}

void PesAssembler::close(std::vector<PesPacket>& done) {
  if (header_->packet_bytes != 0 && header_->packet_bytes < bytes_.size()) bytes_.resize(header_->packet_bytes);
  done.push_back(
      {*std::exchange(header_, std::nullopt), std::exchange(bytes_, {}), std::exchange(is_after_loss_, false)});
  state_ = State::kWaiting;
}

void PesAssembler::drop(std::uint64_t& count) noexcept {
  ++count;
  header_.reset();
  bytes_.clear();
  is_after_loss_ = true;
  state_ = State::kWaiting;
}

void PesAssembler::lose(PesCounts& counts) noexcept {
  if (state_ == State::kOpen) return drop(counts.torn);
  // Behind a picture that seemed complete more of it may have been lost: the next one is not to be trusted either way.
  is_after_loss_ = true;
  state_ = State::kWaiting;
}

void PesAssembler::finish(PesCounts& counts, std::vector<PesPacket>& done) {
  if (state_ == State::kOpen) {
    if (header_ && header_->packet_bytes == 0) {
      close(done);
    } else {
      drop(header_ ? counts.torn : counts.malformed);
    }
  }
  state_ = State::kWaiting;
}

}  // namespace fanlight::packager
