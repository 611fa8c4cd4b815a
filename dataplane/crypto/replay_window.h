// Which of a source's newest indices came already: RFC 3711 §3.3.2. Asked before a packet is authenticated, told after.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace fanlight::crypto {

// So many behind the newest are told apart; what is older counts as known.
template <std::size_t kPackets>
class ReplayWindow {
  static_assert(kPackets % 64 == 0);

 public:
  [[nodiscard]] bool is_empty() const noexcept { return end_ == 0; }
  // There must be one.
  [[nodiscard]] std::uint64_t newest() const noexcept { return end_ - 1; }
  [[nodiscard]] bool is_new(std::uint64_t index) const noexcept {
    if (index >= end_) return true;
    return end_ - index <= kPackets && (word(index) & bit(index)) == 0;
  }
  void note(std::uint64_t index) noexcept {
    if (index >= end_) open_up_to(index);
    words_[index % kPackets / 64] |= bit(index);
  }

 private:
  static constexpr std::uint64_t bit(std::uint64_t index) noexcept { return std::uint64_t{1} << index % 64; }
  [[nodiscard]] std::uint64_t word(std::uint64_t index) const noexcept { return words_[index % kPackets / 64]; }
  // The places of the indices up to that one held others, a window ago.
  void open_up_to(std::uint64_t index) noexcept {
    const std::uint64_t from = std::max(end_, index < kPackets ? 0 : index + 1 - kPackets);
    for (std::uint64_t next = from; next <= index; ++next) words_[next % kPackets / 64] &= ~bit(next);
    end_ = index + 1;
  }

  std::uint64_t end_ = 0;  // Behind the newest; 0: none came.
  std::array<std::uint64_t, kPackets / 64> words_{};
};

}  // namespace fanlight::crypto
