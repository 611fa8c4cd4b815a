#include "engine/srt/cookie.h"

#include "contract/limits.h"

namespace fanlight::srt {
namespace {
constexpr std::int64_t kEpochMicros = kCookieLifeMax.count / 2;  // The current one and the one before are good.
}

std::uint32_t CookieJar::make(Instant now, const Endpoint& caller, SocketId caller_socket) const noexcept {
  return hash(now.us / kEpochMicros, caller, caller_socket);
}

bool CookieJar::judge(Instant now, const Endpoint& caller, SocketId caller_socket,
                      std::uint32_t cookie) const noexcept {
  const std::int64_t epoch = now.us / kEpochMicros;
  return cookie == hash(epoch, caller, caller_socket) || cookie == hash(epoch - 1, caller, caller_socket);
}

std::uint32_t CookieJar::hash(std::int64_t epoch, const Endpoint& caller, SocketId caller_socket) const noexcept {
  std::array<std::byte, 16 + 2 + 4 + 8> message;
  std::memcpy(message.data(), caller.ip.bytes.data(), 16);
  store_be16(message.data() + 16, caller.port);
  store_be32(message.data() + 18, caller_socket.raw());
  std::memcpy(message.data() + 22, &epoch, 8);
  return static_cast<std::uint32_t>(siphash(key_, message));
}

}  // namespace fanlight::srt
