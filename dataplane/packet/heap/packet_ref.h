// The heap body of PacketRef (packet/packet.h has the contract): reference-counted buffers from a fixed pool, no DPDK.
// DCHECKs hold what an mbuf would silently corrupt. Counts are atomic and buffers come back to their pool from any
// thread, as with mbufs: so the thread sanitizer sees what several workers do with one packet.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace fanlight {

class PacketPool;

struct HeapBuffer {
  PacketPool* home = nullptr;
  HeapBuffer* next = nullptr;    // The following segment, or the next free buffer while in the pool.
  HeapBuffer* parent = nullptr;  // Whose bytes these are: an adopted packet's, of which it holds a reference.
  std::byte* data = nullptr;     // `capacity` bytes.
  std::uint32_t capacity = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  std::atomic<std::uint32_t> references{0};
};

class PacketRef {
 public:
  PacketRef() = default;
  explicit PacketRef(HeapBuffer* buffer) : buffer_(buffer) {}
  PacketRef(PacketRef&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  PacketRef& operator=(PacketRef&& other) noexcept {
    if (this != &other) {
      reset();
      buffer_ = std::exchange(other.buffer_, nullptr);
    }
    return *this;
  }
  ~PacketRef() { reset(); }

  explicit operator bool() const noexcept { return buffer_ != nullptr; }
  [[nodiscard]] MutableByteSpan bytes() noexcept { return {buffer_->data + buffer_->offset, buffer_->size}; }
  [[nodiscard]] ByteSpan bytes() const noexcept { return {buffer_->data + buffer_->offset, buffer_->size}; }
  [[nodiscard]] std::size_t total_bytes() const noexcept {
    std::size_t total = 0;
    for (const HeapBuffer* b = buffer_; b != nullptr; b = b->next) total += b->size;
    return total;
  }
  template <class F>
  void for_each_segment(F&& f) const {
    for (const HeapBuffer* b = buffer_; b != nullptr; b = b->next) f(ByteSpan{b->data + b->offset, b->size});
  }
  [[nodiscard]] PacketRef share() const noexcept {
    DCHECK(buffer_->next == nullptr);
    buffer_->references.fetch_add(1, std::memory_order_relaxed);
    return PacketRef{buffer_};
  }
  void trim_front(std::size_t n) noexcept {
    DCHECK(n <= buffer_->size && buffer_->references == 1);
    buffer_->offset += static_cast<std::uint32_t>(n);
    buffer_->size -= static_cast<std::uint32_t>(n);
  }
  [[nodiscard]] bool resize(std::size_t n) noexcept {
    if (n > buffer_->capacity - buffer_->offset) return false;
    buffer_->size = static_cast<std::uint32_t>(n);
    return true;
  }
  [[nodiscard]] MutableByteSpan prepend(std::size_t n) noexcept {
    if (n > buffer_->offset) return {};
    buffer_->offset -= static_cast<std::uint32_t>(n);
    buffer_->size += static_cast<std::uint32_t>(n);
    return {buffer_->data + buffer_->offset, n};
  }
  void chain(PacketRef tail) noexcept {
    DCHECK(buffer_->next == nullptr && buffer_->references == 1);
    buffer_->next = std::exchange(tail.buffer_, nullptr);
  }
  void reset() noexcept;

 private:
  friend class PacketPool;
  HeapBuffer* buffer_ = nullptr;
};

class PacketPool {
 public:
  static constexpr std::uint32_t kHeadroom = 128;

  PacketPool(std::size_t buffers, std::size_t room_bytes)
      : room_(kHeadroom + room_bytes), storage_(std::make_unique<std::byte[]>(buffers * room_)), buffers_(buffers) {
    for (HeapBuffer& buffer : buffers_) {
      buffer.home = this;
      detach(&buffer);
      give_back(&buffer);
    }
  }
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  // As the mbuf body's: a pool for adopt() alone.
  static std::unique_ptr<PacketPool> create_for_adoption(std::size_t buffers) {
    return std::make_unique<PacketPool>(buffers, 0);
  }

  [[nodiscard]] PacketRef take() noexcept {
    if (free_ == nullptr) free_ = returned_.exchange(nullptr, std::memory_order_acquire);
    if (free_ == nullptr) return PacketRef{};
    HeapBuffer* buffer = std::exchange(free_, free_->next);
    available_.fetch_sub(1, std::memory_order_relaxed);
    buffer->next = nullptr;
    buffer->offset = kHeadroom;
    buffer->size = 0;
    buffer->references.store(1, std::memory_order_relaxed);
    return PacketRef{buffer};
  }
  [[nodiscard]] PacketRef adopt(PacketRef lent) noexcept {
    PacketRef own = take();
    if (!own) return own;
    HeapBuffer* parent = std::exchange(lent.buffer_, nullptr);
    HeapBuffer& buffer = *own.buffer_;
    buffer.parent = parent;
    buffer.data = parent->data;
    buffer.capacity = parent->capacity;
    buffer.offset = parent->offset;
    buffer.size = parent->size;
    return own;
  }
  [[nodiscard]] std::size_t available() const noexcept { return available_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t capacity() const noexcept { return buffers_.size(); }

 private:
  friend class PacketRef;
  // Any thread.
  void give_back(HeapBuffer* buffer) noexcept {
    buffer->next = returned_.load(std::memory_order_relaxed);
    while (
        !returned_.compare_exchange_weak(buffer->next, buffer, std::memory_order_release, std::memory_order_relaxed)) {
    }
    available_.fetch_add(1, std::memory_order_relaxed);
  }
  // An adopted packet's bytes are not its own.
  void detach(HeapBuffer* buffer) noexcept {
    buffer->parent = nullptr;
    buffer->data = storage_.get() + static_cast<std::size_t>(buffer - buffers_.data()) * room_;
    buffer->capacity = static_cast<std::uint32_t>(room_);
  }
  std::size_t room_;  // Bytes of one buffer, headroom included.
  std::unique_ptr<std::byte[]> storage_;
  std::vector<HeapBuffer> buffers_;
  HeapBuffer* free_ = nullptr;           // The taking thread's.
  std::atomic<HeapBuffer*> returned_{};  // Come back since it last looked.
  std::atomic<std::size_t> available_{0};
};

inline void PacketRef::reset() noexcept {
  HeapBuffer* b = std::exchange(buffer_, nullptr);
  while (b != nullptr) {
    HeapBuffer* next = b->next;
    [[maybe_unused]] const std::uint32_t before = b->references.fetch_sub(1, std::memory_order_acq_rel);
    DCHECK(before > 0);
    if (before == 1) {
      PacketRef parent{b->parent};
      if (parent) b->home->detach(b);
      b->home->give_back(b);
    }
    // The tail's own reference was owned by the chain, so it goes the same way as the head's.
    b = next;
  }
}

}  // namespace fanlight
