// The mbuf body of PacketRef (packet/packet.h has the contract): a reference to a chain of rte_mbufs from a fixed pool.
//
// From the first share on, an mbuf's own metadata is common property: lower-layer headers were stripped before. The
// reference count is 16 bits wide; references are taken per transmit burst, never per audience.
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"

namespace fanlight {

class PacketRef {
 public:
  PacketRef() = default;
  // Takes over one reference to `head` and, through it, to what is chained behind.
  explicit PacketRef(rte_mbuf* head) : mbuf_(head) {}
  PacketRef(PacketRef&& other) noexcept : mbuf_(std::exchange(other.mbuf_, nullptr)) {}
  PacketRef& operator=(PacketRef&& other) noexcept {
    if (this != &other) {
      reset();
      mbuf_ = std::exchange(other.mbuf_, nullptr);
    }
    return *this;
  }
  ~PacketRef() { reset(); }

  explicit operator bool() const noexcept { return mbuf_ != nullptr; }
  [[nodiscard]] MutableByteSpan bytes() noexcept { return {data_of(mbuf_), mbuf_->data_len}; }
  [[nodiscard]] ByteSpan bytes() const noexcept { return {data_of(mbuf_), mbuf_->data_len}; }
  [[nodiscard]] std::size_t total_bytes() const noexcept { return mbuf_ == nullptr ? 0 : mbuf_->pkt_len; }
  template <class F>
  void for_each_segment(F&& f) const {
    for (const rte_mbuf* m = mbuf_; m != nullptr; m = m->next) f(ByteSpan{data_of(m), m->data_len});
  }
  [[nodiscard]] PacketRef share() const noexcept {
    DCHECK(mbuf_->next == nullptr);
    rte_mbuf_refcnt_update(mbuf_, 1);
    return PacketRef{mbuf_};
  }
  void trim_front(std::size_t n) noexcept {
    DCHECK(n <= mbuf_->data_len && rte_mbuf_refcnt_read(mbuf_) == 1);
    mbuf_->data_off = static_cast<std::uint16_t>(mbuf_->data_off + n);
    mbuf_->data_len = static_cast<std::uint16_t>(mbuf_->data_len - n);
    mbuf_->pkt_len -= static_cast<std::uint32_t>(n);
  }
  [[nodiscard]] bool resize(std::size_t n) noexcept {
    if (n > static_cast<std::size_t>(mbuf_->buf_len - mbuf_->data_off)) return false;
    mbuf_->pkt_len = static_cast<std::uint32_t>(mbuf_->pkt_len - mbuf_->data_len + n);
    mbuf_->data_len = static_cast<std::uint16_t>(n);
    return true;
  }
  [[nodiscard]] MutableByteSpan prepend(std::size_t n) noexcept {
    if (n > mbuf_->data_off) return {};
    mbuf_->data_off = static_cast<std::uint16_t>(mbuf_->data_off - n);
    mbuf_->data_len = static_cast<std::uint16_t>(mbuf_->data_len + n);
    mbuf_->pkt_len += static_cast<std::uint32_t>(n);
    return {data_of(mbuf_), n};
  }
  void chain(PacketRef tail) noexcept {
    DCHECK(mbuf_->next == nullptr && rte_mbuf_refcnt_read(mbuf_) == 1);
    mbuf_->nb_segs = 2;
    mbuf_->pkt_len += tail.mbuf_->data_len;
    mbuf_->next = std::exchange(tail.mbuf_, nullptr);
  }
  // Every segment's reference goes: the tail's own was owned by the chain.
  void reset() noexcept { rte_pktmbuf_free(std::exchange(mbuf_, nullptr)); }

  // --- for ports only
  [[nodiscard]] rte_mbuf* mbuf() const noexcept { return mbuf_; }
  [[nodiscard]] rte_mbuf* release() noexcept { return std::exchange(mbuf_, nullptr); }

 private:
  static std::byte* data_of(const rte_mbuf* m) noexcept { return static_cast<std::byte*>(m->buf_addr) + m->data_off; }
  rte_mbuf* mbuf_ = nullptr;
};

class PacketPool {
 public:
  static constexpr std::uint32_t kHeadroom = RTE_PKTMBUF_HEADROOM;

  // Needs a started EAL with memory for it (io/memory_plan.h). `for_devices`: no buffer crosses a page, for an Ethernet
  // device reads and writes pages; on kernel sockets buffers lie back to back.
  static Result<std::unique_ptr<PacketPool>> create(std::size_t buffers, std::size_t room_bytes,
                                                    bool for_devices = false);
  // Buffers without bytes of their own, for adopt() alone.
  static Result<std::unique_ptr<PacketPool>> create_for_adoption(std::size_t buffers);
  // The heap body's constructor: for code that runs on both bodies. Fatal when there is no memory.
  PacketPool(std::size_t buffers, std::size_t room_bytes);
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;
  ~PacketPool() { rte_mempool_free(pool_); }

  [[nodiscard]] PacketRef take() noexcept { return PacketRef{rte_pktmbuf_alloc(pool_)}; }
  // An indirect mbuf: what is chained behind headers from here on moves its count, and nobody else does.
  [[nodiscard]] PacketRef adopt(PacketRef lent) noexcept {
    rte_mbuf* own = rte_pktmbuf_alloc(pool_);
    if (own != nullptr) rte_pktmbuf_attach(own, lent.mbuf());
    return PacketRef{own};
  }
  // Walks every thread's cache: for bookkeeping, not for the fast path.
  [[nodiscard]] std::size_t available() const noexcept { return rte_mempool_avail_count(pool_); }
  [[nodiscard]] std::size_t capacity() const noexcept { return pool_->size; }
  [[nodiscard]] std::size_t room_bytes() const noexcept { return rte_pktmbuf_data_room_size(pool_) - kHeadroom; }

  // --- for ports only
  [[nodiscard]] rte_mempool* mempool() const noexcept { return pool_; }

 private:
  explicit PacketPool(rte_mempool* pool) : pool_(pool) {}
  rte_mempool* pool_;
};

// Buffers one thread may keep in its own cache of a pool of this size; up to 1.5 times as many may sit there unused by
// others.
constexpr std::uint32_t pool_cache_buffers(std::size_t buffers) {
  return buffers >= 2048 ? 256 : static_cast<std::uint32_t>(buffers / 8);
}

}  // namespace fanlight
