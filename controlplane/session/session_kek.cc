#include "session/session_kek.h"

#include <array>
#include <cstring>

namespace fanlight::control {
namespace {

// Key bytes that do not outlive their use.
struct Scratch {
  std::array<std::byte, 32> bytes{};
  ~Scratch() { explicit_bzero(bytes.data(), bytes.size()); }
};

}  // namespace

std::unique_ptr<crypto::KeyAnnouncement> make_next_key(const SessionKek& session, std::uint32_t rekey_packets) {
  Scratch plain;
  const MutableByteSpan key = MutableByteSpan{plain.bytes}.first(session.kek.size());
  if (!crypto::fill_random(key)) return nullptr;
  std::array<std::byte, 40> wrapped;
  const std::size_t wrapped_bytes = crypto::wrap_keys(session.kek, key, wrapped);
  if (wrapped_bytes == 0) return nullptr;
  auto next = std::make_unique<crypto::KeyAnnouncement>();
  next->slot = crypto::other_slot(session.sending);
  next->cipher.emplace(crypto::Key(key), session.salt);
  next->rekey_packets = rekey_packets;
  next->bytes = static_cast<std::uint16_t>(
      wire::write_key_message(next->message, {.keys = next->slot,
                                              .key_bytes = key.size(),
                                              .salt = session.salt,
                                              .wrapped = ByteSpan{wrapped}.first(wrapped_bytes)}));
  return next;
}

}  // namespace fanlight::control
