// What workers hand to each other: one bounded ring for each ordered pair of them, so each ring has one writer and one
// reader, and nobody waits. A full ring is an answer: a stray is dropped and counted, a stream's packets stay in their
// history and go later.
//
// Beside the rings stands who sleeps. A worker says so, looks into its rings once more, and only then goes to sleep;
// who put something there looks afterwards whether to ring. One of the two sees the other.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ip.h"
#include "base/spsc_ring.h"
#include "contract/limits.h"
#include "engine/rtp/source_clock.h"
#include "io/doorbell.h"
#include "io/port.h"
#include "packet/packet.h"
#include "packet/rtp_marks.h"

namespace fanlight {

struct Handover {
  enum class Kind : std::uint8_t {
    kStray,           // `packet` and `path`: a datagram for one of your sessions.
    kNameless,        // As kStray, for a session that its address alone tells: yours, or one of a worker behind you.
    kPacket,          // Of `stream`: the payload for `pos`, with `time` and `arrived`, and what is missing before it.
    kPosition,        // Of `stream`: its next position is `pos`, and what is missing.
    kSourceClock,     // Of `stream`: what its source said of its clock.
    kPublisherBegan,  // Of `stream`, on the giving worker; its first position is `pos`.
    kPublisherEnded,
  };
  [[nodiscard]] bool is_datagram() const noexcept { return kind == Kind::kStray || kind == Kind::kNameless; }

  Kind kind = Kind::kStray;
  StreamIndex stream{};
  PacketRef packet{};
  PacketPos pos{};
  PacketPos missing{};  // All before it is held, or no longer asked for.
  StreamTime time{};
  Instant arrived{};
  Path path{};
  io::Undelivered undelivered = io::Undelivered::kNo;  // Of kNameless: as that of the arrival.
  RtpMarks marks{};                                    // As `time`.
  rtp::SourceClock source{};
};

class Mesh {
 public:
  explicit Mesh(std::size_t workers) : workers_(workers), sleepers_(workers) {
    const std::size_t slots = slots_for(workers);
    for (std::size_t i = 0; i < workers * workers; ++i)
      rings_.push_back(i / workers == i % workers ? nullptr : std::make_unique<SpscRing<Handover>>(slots));
  }

  // Places of each ring: a few milliseconds of some hundred streams, less where there are many rings.
  [[nodiscard]] static constexpr std::size_t slots_for(std::size_t workers) {
    return std::bit_floor(std::clamp<std::size_t>(16'384 / workers, 256, 4'096));
  }
  [[nodiscard]] std::size_t workers() const noexcept { return workers_; }
  [[nodiscard]] SpscRing<Handover>& ring(std::size_t from, std::size_t to) noexcept {
    return *rings_[from * workers_ + to];
  }

  // Before the workers run. -1: it never sleeps.
  void set_bell(std::size_t worker, int bell) { sleepers_[worker].bell = bell; }
  // Owner's thread, around its sleep.
  void say_asleep(std::size_t worker, bool is_asleep) noexcept {
    sleepers_[worker].is_asleep.store(is_asleep, std::memory_order_relaxed);
    if (is_asleep) std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  // After a push. The fence of the two sides orders "push, then look who sleeps" against "say so, then look for
  // pushes".
  void ring_bell(std::size_t worker) noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (sleepers_[worker].is_asleep.load(std::memory_order_relaxed)) io::ring_doorbell(sleepers_[worker].bell);
  }

 private:
  struct alignas(64) Sleeper {
    std::atomic<bool> is_asleep{false};  // Written by: that worker. Read by: the others.
    int bell = -1;
  };
  std::size_t workers_;
  std::vector<std::unique_ptr<SpscRing<Handover>>> rings_;  // By giver, then taker.
  std::vector<Sleeper> sleepers_;
};

}  // namespace fanlight
