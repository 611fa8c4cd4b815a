// Who tries passphrases is made to wait, longer each time: by address and by the passphrase that would be right.
// Neither the names of a pattern's streams nor a key of one's own lead round it.
//
// The derivation budget bounds what all guesses together come to; this slows down one who guesses. But an address may
// be many people: one of them with a wrong passphrase must not keep the others out for long. So an address from which
// somebody is in with that passphrase waits for the shortest span only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "base/time.h"

namespace fanlight::control {

class PassphraseGuard {
 public:
  static constexpr std::uint32_t kFree = 5;  // Failures in a row before the first pause.
  static constexpr Micros kPauseMin = seconds(1);
  static constexpr Micros kPauseMax = seconds(8);
  static constexpr Micros kForgetAfter = seconds(60);  // Without a failure.
  static constexpr std::size_t kPlaces = 1024;

  struct Attempt {
    IpAddress from;
    std::uint64_t passphrase = 0;  // PassphraseMarks: of the right one.
  };
  // Counts when it is.
  [[nodiscard]] bool is_paused(Instant now, const Attempt& attempt);
  // Until when it is; empty when it is not. Counts nothing.
  [[nodiscard]] std::optional<Instant> pause_end(Instant now, const Attempt& attempt) const;
  // `is_known`: somebody from there is in with the passphrase.
  void note_failure(Instant now, const Attempt& attempt, bool is_known);
  void note_success(const Attempt& attempt);
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  struct Place {
    IpAddress host;
    std::uint64_t passphrase = 0;
    std::uint32_t failures = 0;  // In a row; 0: the place is free.
    Instant last{};
    Instant paused_until{};
  };
  [[nodiscard]] const Place* find(const Attempt& attempt) const;
  [[nodiscard]] Place* find(const Attempt& attempt);

  std::vector<Place> places_;  // Walked through: beside an unwrapping it costs nothing.
  std::uint64_t refused_ = 0;
};

}  // namespace fanlight::control
