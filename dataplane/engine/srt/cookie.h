// SYN cookies: the listener's whole memory of an INDUCTION. A keyed hash of who asked, valid for kCookieLifeMax, and
// for half of that at least. Not bound to the ISN: gosrt changes it between INDUCTION and CONCLUSION (srt-wire §2.1,
// trap 34).
#pragma once

#include <cstdint>

#include "base/ip.h"
#include "base/siphash.h"
#include "base/strong.h"
#include "base/time.h"

namespace fanlight::srt {

class CookieJar {
 public:
  explicit CookieJar(const HashKey& key) : key_(key) {}
  [[nodiscard]] std::uint32_t make(Instant now, const Endpoint& caller, SocketId caller_socket) const noexcept;
  [[nodiscard]] bool judge(Instant now, const Endpoint& caller, SocketId caller_socket,
                           std::uint32_t cookie) const noexcept;

 private:
  [[nodiscard]] std::uint32_t hash(std::int64_t epoch, const Endpoint& caller, SocketId caller_socket) const noexcept;
  HashKey key_;
};

}  // namespace fanlight::srt
