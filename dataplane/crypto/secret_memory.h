// Where keys and passphrases live. The heap of an ordinary program leaves them in core files, in swap and in what it
// has freed; this one is OpenSSL's secure heap: a mapping between guard pages that no core file shows, locked against
// swap as far as the process may lock, and whatever comes back is wiped.
//
// A process that opens no such heap, a test say, gets ordinary memory, wiped all the same. One whose heap is used up
// gets pages of their own, undumped too: nothing that holds a secret is ever refused. Any thread may take and give
// back, behind a lock: workers do neither.
#pragma once

#include <cstddef>
#include <new>

#include "base/bytes.h"

namespace fanlight::crypto {

struct SecretHeap {
  std::size_t bytes = 0;
  bool is_locked = false;            // All of it. Otherwise what is taken first, as far as the limit goes.
  std::size_t lock_limit_bytes = 0;  // RLIMIT_MEMLOCK, as high as we may raise it.
};

// For at least `bytes`, a power of two; once, before the first secret. Takes the pages that are used, no more.
[[nodiscard]] SecretHeap open_secret_heap(std::size_t bytes);

// 64-byte aligned from 64 bytes on.
[[nodiscard]] void* take_secret_memory(std::size_t bytes);
void give_back_secret_memory(void* memory, std::size_t bytes) noexcept;

// A class that derives from it lives there when it is made with new.
struct InSecretMemory {
  static void* operator new(std::size_t bytes) { return take_secret_memory(bytes); }
  static void* operator new(std::size_t bytes, std::align_val_t) { return take_secret_memory(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept { give_back_secret_memory(memory, bytes); }
  static void operator delete(void* memory, std::size_t bytes, std::align_val_t) noexcept {
    give_back_secret_memory(memory, bytes);
  }
};

// Bytes of such memory with an owner. A copy is a copy of the secret; moved from, it holds none.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(ByteSpan secret);
  SecretBytes(const SecretBytes& other) : SecretBytes(other.bytes()) {}
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes other) noexcept;
  ~SecretBytes() { give_back_secret_memory(data_, size_); }

  [[nodiscard]] ByteSpan bytes() const noexcept { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  friend bool operator==(const SecretBytes& a, const SecretBytes& b) noexcept;  // Constant time for one size.

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fanlight::crypto
