// What the next keys of a session are made with. A session has one key-encrypting key and one salt for as long as it
// lasts: a message with another salt has the peer derive anew, and an old salt in a slot after another one is refused
// by every libsrt (srt-wire §4.5, traps 16 and 17).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/time.h"
#include "crypto/session_ciphers.h"

namespace fanlight::control {

// How long a key may be used.
struct RekeyRule {
  std::uint32_t packets = 0;  // 0: not by packets.
  Micros interval{};          // 0: not by time.
  friend bool operator==(const RekeyRule&, const RekeyRule&) = default;
};

struct SessionKek {
  crypto::Key kek;
  wire::Salt salt{};
  wire::KeyFlag sending = wire::KeyFlag::kEven;  // The slot in use.
};

// A fresh key of the same length for the other slot, wrapped, as the worker wants it. Null when the system has no
// random bytes or the library fails.
[[nodiscard]] std::unique_ptr<crypto::KeyAnnouncement> make_next_key(const SessionKek& session,
                                                                     std::uint32_t rekey_packets);

}  // namespace fanlight::control
