#include "worker/sessions.h"

#include <bit>
#include <utility>

#include "base/check.h"
#include "contract/limits.h"

namespace fanlight {

Sessions::Sessions(std::uint8_t worker, std::size_t sessions_max, std::size_t publishers_max, const HashKey& key)
    : worker_(worker),
      key_(key),
      slot_bits_(static_cast<int>(std::bit_width(sessions_max - 1))),
      generations_((1u << (24 - slot_bits_)) - 1),
      sessions_(sessions_max),
      publishers_(publishers_max),
      free_(sessions_max),
      free_count_(sessions_max),
      callers_(sessions_max * 2) {
  CHECK(sessions_max > 0 && sessions_max <= kSessionsMax && worker < 64);
  const std::size_t first = draw() % sessions_max;
  for (std::size_t i = 0; i < sessions_max; ++i) {
    free_[i] = static_cast<std::uint16_t>((first + i) % sessions_max);
    sessions_[i].socket = socket_id(1 + draw() % generations_, i);
  }
}

Session* Sessions::open() noexcept {
  if (free_count_ == 0) return nullptr;
  const std::uint32_t slot = free_[free_first_];
  free_first_ = (free_first_ + 1) % free_.size();
  --free_count_;
  ++open_count_;
  Session& session = sessions_[slot];
  const std::uint64_t last = session.socket.raw() >> slot_bits_ & generations_;
  const std::uint64_t step = 1 + draw() % (generations_ / 8);
  session.state = Session::State::kOpen;
  session.socket = socket_id((last - 1 + step) % generations_ + 1, slot);
  return &session;
}

void Sessions::close(Session& session) noexcept {
  DCHECK(session.state != Session::State::kFree);
  unindex(session);
  session.become_free();
  free_[(free_first_ + free_count_) % free_.size()] = static_cast<std::uint16_t>(slot_of(session));
  ++free_count_;
  --open_count_;
}

Session* Sessions::find(SocketId socket) noexcept {
  const std::uint32_t slot = slot_in(socket);
  if (slot >= sessions_.size()) return nullptr;
  Session& session = sessions_[slot];
  return session.state != Session::State::kFree && session.socket == socket ? &session : nullptr;
}

void Sessions::prefetch(SocketId socket) const noexcept {
  const std::uint32_t slot = slot_in(socket);
  if (slot >= sessions_.size()) return;
  const auto* session = reinterpret_cast<const std::byte*>(&sessions_[slot]);
  for (std::size_t at = 0; at < Session::kHotBytes; at += 64) __builtin_prefetch(session + at, 1);
}

Session* Sessions::find_caller(const Endpoint& remote, SocketId peer) noexcept {
  for (std::size_t i = home_of(remote, peer); callers_[i] != 0; i = behind(i)) {
    Session& session = sessions_[callers_[i] - 1];
    const bool is_open = session.state == Session::State::kOpen;
    if (is_open && session.peer() == peer && session.path.remote == remote) return &session;
  }
  return nullptr;
}

void Sessions::index(Session& session) noexcept {
  std::size_t i = home_of(session.path.remote, session.peer());
  while (callers_[i] != 0) i = behind(i);
  callers_[i] = static_cast<std::uint16_t>(slot_of(session) + 1);
}

// Linear probing without tombstones: whatever follows and may move closer to its home does.
void Sessions::unindex(const Session& session) noexcept {
  std::size_t hole = home_of(session.path.remote, session.peer());
  while (callers_[hole] != slot_of(session) + 1) {
    if (callers_[hole] == 0) return;
    hole = behind(hole);
  }
  for (std::size_t i = behind(hole); callers_[i] != 0; i = behind(i)) {
    const Session& other = sessions_[callers_[i] - 1];
    const std::size_t home = home_of(other.path.remote, other.peer());
    if (distance(home, i) < distance(hole, i)) continue;
    callers_[hole] = callers_[i];
    hole = i;
  }
  callers_[hole] = 0;
}

std::size_t Sessions::home_of(const Endpoint& remote, SocketId peer) const noexcept {
  std::array<std::byte, 22> message;
  std::memcpy(message.data(), remote.ip.bytes.data(), 16);
  store_be16(message.data() + 16, remote.port);
  store_be32(message.data() + 18, peer.raw());
  const std::uint64_t hash = siphash(key_, message) >> 32;
  return static_cast<std::size_t>(hash * callers_.size() >> 32);
}

std::uint64_t Sessions::draw() noexcept {
  const std::array<std::uint64_t, 2> message{worker_, ++drawn_};
  return siphash(key_, std::as_bytes(std::span(message)));
}

Publisher* Sessions::open_publisher(Publisher::Receiver receiver) noexcept {
  for (std::optional<Publisher>& place : publishers_) {
    if (place) continue;
    place.emplace(Publisher{.envelope = {}, .receiver = std::move(receiver), .time = {}, .ciphers = {}});
    return &*place;
  }
  return nullptr;
}

void Sessions::close_publisher(Publisher& publisher) noexcept {
  for (std::optional<Publisher>& place : publishers_)
    if (place && &*place == &publisher) place.reset();
}

}  // namespace fanlight
