// The heap body of PacketRef (packet/packet.h has the contract): reference-counted buffers from a fixed pool, single
// threaded, no DPDK. DCHECKs hold what an mbuf would silently corrupt.
#pragma once

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
  HeapBuffer* next = nullptr;  // The following segment, or the next free buffer while in the pool.
  std::byte* data = nullptr;   // `capacity` bytes.
  std::uint32_t capacity = 0;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  std::uint32_t references = 0;
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
    ++buffer_->references;
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
  HeapBuffer* buffer_ = nullptr;
};

class PacketPool {
 public:
  static constexpr std::uint32_t kHeadroom = 128;

  PacketPool(std::size_t buffers, std::size_t room_bytes)
      : storage_(std::make_unique<std::byte[]>(buffers * (kHeadroom + room_bytes))), buffers_(buffers) {
    for (std::size_t i = 0; i < buffers; ++i) {
      buffers_[i].home = this;
      buffers_[i].data = storage_.get() + i * (kHeadroom + room_bytes);
      buffers_[i].capacity = static_cast<std::uint32_t>(kHeadroom + room_bytes);
      give_back(&buffers_[i]);
    }
  }
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  [[nodiscard]] PacketRef take() noexcept {
    if (free_ == nullptr) return PacketRef{};
    HeapBuffer* buffer = std::exchange(free_, free_->next);
    --available_;
    buffer->next = nullptr;
    buffer->offset = kHeadroom;
    buffer->size = 0;
    buffer->references = 1;
    return PacketRef{buffer};
  }
  [[nodiscard]] std::size_t available() const noexcept { return available_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return buffers_.size(); }

 private:
  friend class PacketRef;
  void give_back(HeapBuffer* buffer) noexcept {
    buffer->next = std::exchange(free_, buffer);
    ++available_;
  }
  std::unique_ptr<std::byte[]> storage_;
  std::vector<HeapBuffer> buffers_;
  HeapBuffer* free_ = nullptr;
  std::size_t available_ = 0;
};

inline void PacketRef::reset() noexcept {
  HeapBuffer* b = std::exchange(buffer_, nullptr);
  while (b != nullptr) {
    DCHECK(b->references > 0);
    HeapBuffer* next = b->next;
    if (--b->references == 0) b->home->give_back(b);
    // The tail's own reference was owned by the chain, so it goes the same way as the head's.
    b = next;
  }
}

}  // namespace fanlight
