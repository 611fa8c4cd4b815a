// A bounded queue between exactly two threads. The writer never waits: a full ring answers false, and the caller
// counts that. Each side caches the other's index, so a quiet ring costs no shared cache line.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/check.h"

namespace fanlight {

template <class T>
class SpscRing {
 public:
  explicit SpscRing(std::size_t capacity) : mask_(capacity - 1), slots_(std::make_unique<T[]>(capacity)) {
    CHECK(capacity >= 2 && (capacity & mask_) == 0);
  }

  // Writer's thread. False when full; `value` is then untouched.
  [[nodiscard]] bool try_push(T&& value) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_seen_ > mask_) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
      if (head - tail_seen_ > mask_) return false;
    }
    slots_[head & mask_] = std::move(value);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Writer's thread. Whether `n` pushes in a row would succeed.
  [[nodiscard]] bool has_room(std::size_t n) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_seen_ + n <= mask_ + 1) return true;
    tail_seen_ = tail_.load(std::memory_order_acquire);
    return head - tail_seen_ + n <= mask_ + 1;
  }

  // Writer's thread. A place behind what was pushed last, and whether the reader has popped all before it.
  [[nodiscard]] std::size_t place() const noexcept { return head_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is_popped_to(std::size_t place) noexcept {
    if (tail_seen_ < place) tail_seen_ = tail_.load(std::memory_order_acquire);
    return tail_seen_ >= place;
  }

  // Reader's thread. False when empty.
  [[nodiscard]] bool try_pop(T& out) noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_seen_) {
      head_seen_ = head_.load(std::memory_order_acquire);
      if (tail == head_seen_) return false;
    }
    out = std::move(slots_[tail & mask_]);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Reader's thread. What the next pop takes; null when empty.
  [[nodiscard]] const T* peek() noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_seen_) head_seen_ = head_.load(std::memory_order_acquire);
    return tail == head_seen_ ? nullptr : &slots_[tail & mask_];
  }

  // Reader's thread. A hint: the writer may push right after.
  [[nodiscard]] bool is_empty() const noexcept {
    return tail_.load(std::memory_order_relaxed) == head_.load(std::memory_order_acquire);
  }

 private:
  const std::size_t mask_;
  std::unique_ptr<T[]> slots_;
  // Written by: writer. Read by: reader.
  alignas(64) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;
  // Written by: reader. Read by: writer.
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::size_t head_seen_ = 0;
};

}  // namespace fanlight
