// The two key slots of one session. Publisher: decrypts what arrives. Viewer: encrypts what leaves.
#pragma once

#include <optional>

#include "crypto/packet_cipher.h"
#include "wire/srt_header.h"

namespace fanlight::crypto {

struct SessionCiphers {
  std::optional<PacketCipher> even;
  std::optional<PacketCipher> odd;
  wire::KeyFlag sending = wire::KeyFlag::kEven;  // Viewer: the slot in use.

  [[nodiscard]] PacketCipher* slot(wire::KeyFlag flag) noexcept {
    if (flag == wire::KeyFlag::kEven) return even ? &*even : nullptr;
    if (flag == wire::KeyFlag::kOdd) return odd ? &*odd : nullptr;
    return nullptr;
  }
};

}  // namespace fanlight::crypto
