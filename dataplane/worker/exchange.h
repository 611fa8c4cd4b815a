// One worker's end of the mesh. Without other workers it has nothing to do and costs a comparison.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/verdict.h"
#include "contract/commands.h"
#include "io/port.h"
#include "worker/mesh.h"

namespace fanlight {

class Exchange {
 public:
  Exchange(Mesh* mesh, std::size_t self)
      : mesh_(mesh), self_(mesh == nullptr ? 0 : self), workers_(mesh == nullptr ? 1 : mesh->workers()) {}

  [[nodiscard]] std::size_t workers() const noexcept { return workers_; }
  [[nodiscard]] std::size_t self() const noexcept { return self_; }

  // Whether a session of that ID would be ours. Without others, all are.
  [[nodiscard]] bool is_ours(SocketId destination) const noexcept {
    return workers_ == 1 || worker_of(destination) == self_;
  }
  // A datagram for a session of another worker's. The packet is taken unless the ring is full.
  [[nodiscard]] Verdict hand_over(SocketId destination, io::Arrival& arrival) noexcept {
    return hand_over_to(worker_of(destination), arrival);
  }
  [[nodiscard]] Verdict hand_over_to(std::size_t to, io::Arrival& arrival) noexcept {
    if (to >= workers_) return Verdict::kUnknownSocket;
    Handover stray{.kind = Handover::Kind::kStray, .packet = std::move(arrival.packet), .path = arrival.path};
    return give(to, std::move(stray)) ? Verdict::kHandedOver : Verdict::kHandoverFull;
  }
  // A datagram that none of our sessions is told by: to the first worker, and from each to the next, so that it ends.
  [[nodiscard]] Verdict pass_on(io::Arrival& arrival, bool is_passed_on) noexcept {
    std::size_t to = is_passed_on ? self_ + 1 : 0;
    if (to == self_) ++to;
    if (to >= workers_) return Verdict::kForeignSource;
    Handover nameless{.kind = Handover::Kind::kNameless,
                      .packet = std::move(arrival.packet),
                      .path = arrival.path,
                      .undelivered = arrival.undelivered};
    return give(to, std::move(nameless)) ? Verdict::kHandedOver : Verdict::kHandoverFull;
  }
  // False when the ring is full; the handover is then untouched.
  [[nodiscard]] bool give(std::size_t to, Handover&& handover) noexcept {
    if (!mesh_->ring(self_, to).try_push(std::move(handover))) return false;
    given_to_ |= std::uint64_t{1} << to;
    return true;
  }
  [[nodiscard]] bool try_take(std::size_t from, Handover& out) noexcept {
    return mesh_->ring(from, self_).try_pop(out);
  }
  [[nodiscard]] const Handover* peek(std::size_t from) noexcept { return mesh_->ring(from, self_).peek(); }
  // A place in the ring behind what was given last, and whether all before it was taken.
  [[nodiscard]] std::size_t place(std::size_t to) const noexcept { return mesh_->ring(self_, to).place(); }
  [[nodiscard]] bool is_taken_to(std::size_t to, std::size_t place) const noexcept {
    return mesh_->ring(self_, to).is_popped_to(place);
  }
  // Once in a breath: wakes those who sleep beside what they were given.
  void ring_bells() noexcept {
    for (; given_to_ != 0; given_to_ &= given_to_ - 1)
      mesh_->ring_bell(static_cast<std::size_t>(std::countr_zero(given_to_)));
  }

  // False when something waits after all: do not sleep.
  [[nodiscard]] bool fall_asleep() noexcept {
    if (workers_ == 1) return true;
    mesh_->say_asleep(self_, true);
    for (std::size_t from = 0; from < workers_; ++from) {
      if (from == self_ || mesh_->ring(from, self_).is_empty()) continue;
      wake_up();
      return false;
    }
    return true;
  }
  void wake_up() noexcept {
    if (workers_ > 1) mesh_->say_asleep(self_, false);
  }

 private:
  Mesh* mesh_;
  std::size_t self_;
  std::size_t workers_;
  std::uint64_t given_to_ = 0;  // A bit for each worker; since the bells were rung last.
};

}  // namespace fanlight
