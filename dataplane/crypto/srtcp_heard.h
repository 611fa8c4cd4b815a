// What SRTCP was heard under a key, whoever it came from: how far each sender (SSRC) has got. All that have the key are
// authentic to each other, so a recording of one receiver would else speak for another, BYE above all. Workers share
// it, for each hears its own destinations: an entry is one word.
//
// Stricter than RFC 3711 §3.3.2 asks: reports come seconds apart, so one that was overtaken is let go. A sender that
// finds no room takes another's place. Who loses it has it back with its next report; what was said before is new
// until then.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace fanlight::crypto {

class SrtcpHeard {
 public:
  static constexpr std::size_t kSenders = 1 << 15;

  // Allocates: control thread.
  SrtcpHeard() : entries_(kSenders) {}

  [[nodiscard]] bool is_fresh(std::uint32_t sender, std::uint32_t index) const noexcept;
  // Only what is authentic. False: it was not fresh any more.
  [[nodiscard]] bool try_note(std::uint32_t sender, std::uint32_t index) noexcept;

 private:
  using Entry = std::atomic<std::uint64_t>;  // SSRC, and the least index that is new: never 0. 0: nobody's.
  static constexpr std::size_t kSetSenders = 16;

  // A sender is in its set or nowhere.
  [[nodiscard]] static std::size_t set_of(std::uint32_t sender) noexcept {
    constexpr std::uint32_t kSpread = 0x9E37'79B1;
    return (sender * kSpread) % (kSenders / kSetSenders) * kSetSenders;
  }
  std::vector<Entry> entries_;
};

inline bool SrtcpHeard::is_fresh(std::uint32_t sender, std::uint32_t index) const noexcept {
  for (const Entry& entry : std::span(entries_).subspan(set_of(sender), kSetSenders)) {
    const std::uint64_t held = entry.load(std::memory_order_relaxed);
    if (held != 0 && held >> 32 == sender) return index >= static_cast<std::uint32_t>(held);
  }
  return true;
}

inline bool SrtcpHeard::try_note(std::uint32_t sender, std::uint32_t index) noexcept {
  const std::uint64_t wanted = std::uint64_t{sender} << 32 | (index + 1);
  const std::span set = std::span(entries_).subspan(set_of(sender), kSetSenders);
  for (Entry& entry : set) {
    std::uint64_t held = entry.load(std::memory_order_relaxed);
    while (held == 0 || held >> 32 == sender) {
      if (held >= wanted) return false;
      if (entry.compare_exchange_weak(held, wanted, std::memory_order_relaxed)) return true;
    }
  }
  set[index % kSetSenders].store(wanted, std::memory_order_relaxed);
  return true;
}

}  // namespace fanlight::crypto
