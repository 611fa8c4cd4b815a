// One peer's key material: a salt, an even and an odd key, and the messages that carry them.
#pragma once

#include <array>
#include <vector>

#include "crypto/session_ciphers.h"
#include "random.h"

namespace fanlight::sim {

inline constexpr char kPassphrase[] = "a passphrase of the sim";

class Keys {
 public:
  // Starts with the even key in use.
  explicit Keys(Random& random);
  [[nodiscard]] std::vector<std::byte> message(wire::KeyFlag keys) const;
  // A fresh key for the slot that is not in use.
  void renew_spare(Random& random);
  void swap() { in_use_ = spare(); }
  // The other end's next key, for the slot it names. Answers what is wrong with the message; null when nothing is.
  [[nodiscard]] const char* install(ByteSpan message);
  [[nodiscard]] wire::KeyFlag in_use() const { return in_use_; }
  [[nodiscard]] wire::KeyFlag spare() const {
    return in_use_ == wire::KeyFlag::kEven ? wire::KeyFlag::kOdd : wire::KeyFlag::kEven;
  }
  [[nodiscard]] crypto::PacketCipher* cipher(wire::KeyFlag flag) { return ciphers_.slot(flag); }

 private:
  using Bytes16 = std::array<std::byte, 16>;
  void set(wire::KeyFlag flag, Random& random);
  wire::Salt salt_;
  Bytes16 even_{};
  Bytes16 odd_{};
  wire::KeyFlag in_use_ = wire::KeyFlag::kEven;
  crypto::SessionCiphers ciphers_;
};

}  // namespace fanlight::sim
