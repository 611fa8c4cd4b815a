// The worker's sessions: found by our socket ID with an index, by caller (address, port, its socket ID) with a hash.
//
// Socket ID, 30 bits: | worker 6 | generation, 8 or more | slot, 16 or as few as the sessions need |, never 0. A freed
// slot goes to the end of the free list and comes back with another generation, so that stragglers of an old session
// find nobody. Strangers should not guess an ID: the first slot is anybody's, and a generation moves on by a step that
// follows from the key, short enough that an ID comes back after eight others of its slot at the earliest.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/siphash.h"
#include "worker/session.h"

namespace fanlight {

class Sessions {
 public:
  Sessions(std::uint8_t worker, std::size_t sessions_max, std::size_t publishers_max, const HashKey& key);

  // A fresh slot with its socket ID set; null when all are taken.
  [[nodiscard]] Session* open() noexcept;
  void close(Session& session) noexcept;
  // Enters the session under its path.remote and peer, once those are set.
  void index(Session& session) noexcept;

  [[nodiscard]] Session* find(SocketId socket) noexcept;
  // Asks for the cache lines that a control packet to this socket will need.
  void prefetch(SocketId socket) const noexcept;
  [[nodiscard]] Session* find_caller(const Endpoint& remote, SocketId peer) noexcept;
  [[nodiscard]] std::uint32_t slot_of(const Session& session) const noexcept {
    return static_cast<std::uint32_t>(&session - sessions_.data());
  }
  [[nodiscard]] Session& at(std::uint32_t slot) noexcept { return sessions_[slot]; }
  [[nodiscard]] std::size_t capacity() const noexcept { return sessions_.size(); }
  [[nodiscard]] std::size_t open_count() const noexcept { return open_count_; }

  // A place for a publisher's engine; null when all are taken.
  [[nodiscard]] Publisher* open_publisher(Publisher::Receiver receiver) noexcept;
  void close_publisher(Publisher& publisher) noexcept;

 private:
  [[nodiscard]] SocketId socket_id(std::uint64_t generation, std::size_t slot) const noexcept {
    return SocketId{std::uint32_t{worker_} << 24 | static_cast<std::uint32_t>(generation << slot_bits_ | slot)};
  }
  [[nodiscard]] std::uint32_t slot_in(SocketId socket) const noexcept {
    return socket.raw() & ((1u << slot_bits_) - 1);
  }
  // A number that only we know.
  [[nodiscard]] std::uint64_t draw() noexcept;
  [[nodiscard]] std::size_t home_of(const Endpoint& remote, SocketId peer) const noexcept;
  [[nodiscard]] std::size_t behind(std::size_t place) const noexcept {
    return place + 1 == callers_.size() ? 0 : place + 1;
  }
  // How many places `to` is behind `from`.
  [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const noexcept {
    return to >= from ? to - from : to + callers_.size() - from;
  }
  void unindex(const Session& session) noexcept;

  const std::uint8_t worker_;
  const HashKey key_;
  const int slot_bits_;
  const std::uint32_t generations_;  // From 1 on: 0 would make an ID 0, which means "the listener".
  std::uint64_t drawn_ = 0;
  std::vector<Session> sessions_;
  std::vector<std::optional<Publisher>> publishers_;
  std::vector<std::uint16_t> free_;  // A ring of free slots, oldest first.
  std::size_t free_first_ = 0;
  std::size_t free_count_ = 0;
  std::size_t open_count_ = 0;
  std::vector<std::uint16_t> callers_;  // Open addressing, linear probing: slot + 1, 0 empty. Twice the sessions.
};

}  // namespace fanlight
