// The two key slots of one session. Publisher: decrypts what arrives. Viewer: encrypts what leaves.
//
// A viewer's key belongs to a range of its sequence numbers: fresh packets go with the slot in use, repairs of what
// went before the last turn with the other one, as they went the first time. A new key comes to the slot that is not in
// use (docs/adr/0028).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/time.h"
#include "crypto/packet_cipher.h"
#include "wire/srt_header.h"
#include "wire/srt_key_message.h"

namespace fanlight::crypto {

constexpr wire::KeyFlag other_slot(wire::KeyFlag slot) {
  return slot == wire::KeyFlag::kEven ? wire::KeyFlag::kOdd : wire::KeyFlag::kEven;
}

// A viewer's next key. It is said until the viewer says it back.
struct KeyAnnouncement {
  wire::KeyFlag slot = wire::KeyFlag::kOdd;
  std::optional<PacketCipher> cipher;  // After the turn: the one it replaced, for who frees it.
  std::uint32_t rekey_packets = 0;     // As in SessionCiphers, for the new key.
  std::uint16_t bytes = 0;
  std::array<std::byte, wire::kKeyMessageBytesMax> message{};
  // --- Written by: worker.
  std::uint8_t times_said = 0;
  bool is_answered = false;
  Instant say_at{};

  [[nodiscard]] ByteSpan content() const noexcept { return ByteSpan{message}.first(bytes); }
};

struct SessionCiphers {
  std::optional<PacketCipher> even;
  std::optional<PacketCipher> odd;
  wire::KeyFlag sending = wire::KeyFlag::kEven;  // Viewer: the slot in use.
  // --- viewers only
  bool has_turned = false;          // What was sent before `sending_from` may be asked for again.
  bool is_due_told = false;         // Control knows that a new key is due.
  std::uint32_t rekey_packets = 0;  // After so many, one is; 0: never.
  std::uint32_t turns = 0;          // New keys taken into use.
  SeqNo sending_from{};             // The first number under the slot in use.
  SeqNo turned_from{};              // If has_turned: the first under the other slot. No key is left before it.
  std::unique_ptr<KeyAnnouncement> next{};

  [[nodiscard]] PacketCipher* slot(wire::KeyFlag flag) noexcept {
    if (flag == wire::KeyFlag::kEven) return even ? &*even : nullptr;
    if (flag == wire::KeyFlag::kOdd) return odd ? &*odd : nullptr;
    return nullptr;
  }
  // The slot that `seq` was or will be sent with; kClear when its key is gone.
  [[nodiscard]] wire::KeyFlag flag_of(SeqNo seq) const noexcept {
    if (!has_turned || !is_before(seq, sending_from)) return sending;
    return is_before(seq, turned_from) ? wire::KeyFlag::kClear : other_slot(sending);
  }
  // From `first` on, with the announced key. The one it replaces stands in the announcement.
  void turn(SeqNo first) noexcept {
    std::swap(next->slot == wire::KeyFlag::kEven ? even : odd, next->cipher);
    sending = next->slot;
    rekey_packets = next->rekey_packets;
    turned_from = sending_from;
    sending_from = first;
    has_turned = true;
    is_due_told = false;
    ++turns;
  }
};

}  // namespace fanlight::crypto
