#include "ts/pes_assembler.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {
namespace {

// A length that counts a header too much, or some such: what ends by so much too early is whole.
constexpr std::size_t kTooLongMax = 32;

}  // namespace

void PesAssembler::handle(const Piece& piece, PesCounts& counts, std::vector<PesPacket>& done) {
  if (piece.starts_unit) {
    // Nothing of it was lost, or it would not be open any more.
    if (state_ == State::kOpen && header_ && bytes_.size() < length() && length() - bytes_.size() <= kTooLongMax) {
      ++counts.split;
      trusts_length_ = false;
    }
    finish(counts, done);
    state_ = State::kOpen;
  } else if (state_ == State::kClosedEarly && !piece.payload.empty()) {
    ++counts.split;
    (was_closed_by_length_ ? trusts_length_ : trusts_stuffing_) = false;
    is_after_loss_ = true;
    state_ = State::kWaiting;
  }
  if (state_ != State::kOpen) return;
  if (bytes_.size() + piece.payload.size() > kPesBytesMax) return drop(counts.too_large);
  bytes_.insert(bytes_.end(), piece.payload.begin(), piece.payload.end());
  if (!header_) look_at_header(counts);
  if (state_ != State::kOpen || !header_) return;
  look_behind_length(counts);
  if (!is_complete(piece.has_stuffing)) return;
  was_closed_by_length_ = length() != 0;
  close(done);
  if (is_of_pictures_) state_ = State::kClosedEarly;
}

void PesAssembler::look_at_header(PesCounts& counts) {
  if (bytes_.size() < kPesHeadBytes) return;
  const std::size_t wanted = pes_header_bytes(bytes_);
  if (wanted == 0) return drop(counts.malformed);
  if (bytes_.size() < wanted) return;
  header_ = parse_pes_header(bytes_);
  if (!header_) drop(counts.malformed);
}

// A picture that is longer than it says, and not just filled up.
void PesAssembler::look_behind_length(PesCounts& counts) noexcept {
  if (!is_of_pictures_ || length() == 0 || bytes_.size() <= length()) return;
  const auto is_filler = [](std::byte byte) { return byte == std::byte{0xFF} || byte == std::byte{0}; };
  if (std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(length()), bytes_.end(), is_filler)) return;
  ++counts.split;
  trusts_length_ = false;
}

// As it says, where that can be believed; 0: as much as comes.
std::size_t PesAssembler::length() const noexcept { return trusts_length_ ? header_->packet_bytes : 0; }

bool PesAssembler::is_complete(bool has_stuffing) const noexcept {
  if (length() != 0) return bytes_.size() >= length();
  return trusts_stuffing_ && has_stuffing;
}

void PesAssembler::close(std::vector<PesPacket>& done) {
  if (length() != 0 && length() < bytes_.size()) bytes_.resize(length());
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
    if (header_ && length() == 0) {
      close(done);
    } else {
      drop(header_ ? counts.torn : counts.malformed);
    }
  }
  state_ = State::kWaiting;
}

}  // namespace fanlight::packager
