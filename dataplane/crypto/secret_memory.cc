#include "crypto/secret_memory.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace fanlight::crypto {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLeastBytes = 32;  // A key of 256 bits.
constexpr std::size_t kLine = 64;

// Written by: whoever opens the heap, before other threads start.
bool is_open = false;
// Set once a page could not be locked: the next ones could not either.
std::atomic<bool> is_limit_reached{true};

std::size_t raised_lock_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_MEMLOCK, &limit);
  return limit.rlim_max;
}

std::byte* page_of(void* memory) {
  return static_cast<std::byte*>(memory) - reinterpret_cast<std::uintptr_t>(memory) % kPage;
}

void lock_if_allowed(void* memory, std::size_t bytes) {
  if (is_limit_reached.load(std::memory_order_relaxed)) return;
  std::byte* const first = page_of(memory);
  const auto end = static_cast<std::byte*>(memory) + bytes;
  // As mlock(), which AddressSanitizer makes a call that does nothing.
  if (mlock2(first, static_cast<std::size_t>(end - first), 0) != 0)
    is_limit_reached.store(true, std::memory_order_relaxed);
}

std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// More than was planned for: whole pages, so that what core files show can be said of them.
void* take_pages(std::size_t bytes) {
  void* const memory = std::aligned_alloc(kPage, whole_pages(bytes));
  CHECK(memory != nullptr);
  (void)madvise(memory, whole_pages(bytes), MADV_DONTDUMP);
  lock_if_allowed(memory, bytes);
  return memory;
}

// Pages of take_pages(), or what was taken before there was a heap; of that a page may well be dumped.
void give_back_ordinary(void* memory, std::size_t bytes) {
  if (is_open && page_of(memory) == memory) {
    (void)munlock(memory, whole_pages(bytes));
    (void)madvise(memory, whole_pages(bytes), MADV_DODUMP);
  }
  std::free(memory);
}

}  // namespace

SecretHeap open_secret_heap(std::size_t bytes) {
  CHECK(!is_open);
  SecretHeap heap{.bytes = std::bit_ceil(std::max(bytes, kPage)), .lock_limit_bytes = raised_lock_limit()};
  // 1: all is well. 2: it stands, and something was refused, which is the lock or nothing that we could mend.
  const int outcome = CRYPTO_secure_malloc_init(heap.bytes, kLeastBytes);
  CHECK(outcome != 0);
  heap.is_locked = outcome == 1;
  is_limit_reached.store(heap.is_locked);
  is_open = true;
  return heap;
}

void* take_secret_memory(std::size_t bytes) {
  if (!is_open) {
    void* const ordinary = std::aligned_alloc(kLine, (bytes + kLine - 1) / kLine * kLine);
    CHECK(ordinary != nullptr);
    return ordinary;
  }
  // Blocks are powers of two and lie at multiples of their size.
  void* const memory = OPENSSL_secure_malloc(bytes);
  if (memory == nullptr) return take_pages(bytes);
  lock_if_allowed(memory, bytes);
  return memory;
}

void give_back_secret_memory(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  OPENSSL_cleanse(memory, bytes);
  if (CRYPTO_secure_allocated(memory) == 1) {
    OPENSSL_secure_free(memory);
  } else {
    give_back_ordinary(memory, bytes);
  }
}

SecretBytes::SecretBytes(ByteSpan secret) : size_(secret.size()) {
  if (secret.empty()) return;
  data_ = static_cast<std::byte*>(take_secret_memory(size_));
  std::ranges::copy(secret, data_);
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

bool operator==(const SecretBytes& a, const SecretBytes& b) noexcept {
  return a.size_ == b.size_ && (a.size_ == 0 || CRYPTO_memcmp(a.data_, b.data_, a.size_) == 0);
}

}  // namespace fanlight::crypto
