// Packet payloads in AES counter mode (draft §6.2, srt-wire §4.4), on intel-ipsec-mb: many packets at a time, each
// under its own key, with schedules that were expanded once.
//
// Counter block: seq at bytes 10–13 and zero elsewhere, XOR the first 14 bytes of the salt; the last two bytes count
// the packet's blocks. The mode is its own inverse.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/seq.h"
#include "crypto/aes.h"
#include "crypto/secret_memory.h"
#include "wire/srt_key_message.h"

namespace fanlight::crypto {

// An expanded key and its salt: four cache lines, of which a key of 128 bits uses three. Thousands of them lie outside
// the near caches and are used in turn, so whoever knows the next ones fetches them early.
class alignas(64) KeySchedule : public InSecretMemory {
 public:
  KeySchedule(const Key& key, const wire::Salt& salt);
  KeySchedule(const KeySchedule&) = delete;
  KeySchedule& operator=(const KeySchedule&) = delete;
  ~KeySchedule();

  void prefetch() const noexcept {
    for (std::size_t at = 0; at < kFetched; at += 64) __builtin_prefetch(reinterpret_cast<const std::byte*>(this) + at);
  }

 private:
  friend class CipherBatch;
  static constexpr std::size_t kFetched = 192;
  std::array<std::byte, 14> salt_;
  std::uint16_t key_bytes_;
  std::array<std::byte, 15 * 16> round_keys_{};
};
static_assert(sizeof(KeySchedule) == 256);

// A schedule in secret memory.
class PacketCipher {
 public:
  PacketCipher(const Key& key, const wire::Salt& salt);  // Allocates: control thread.
  // One packet; `in` and `out` may be the same bytes. False on a failure of the library.
  [[nodiscard]] bool apply(SeqNo seq, ByteSpan in, MutableByteSpan out) const noexcept;
  [[nodiscard]] const KeySchedule& schedule() const noexcept { return *schedule_; }

 private:
  std::unique_ptr<KeySchedule> schedule_;
};

// Packets that go through the library together. No more than kMax, none of them empty. One thread.
class CipherBatch {
 public:
  // Twice as many gain the library 5 %, and what it wrote would leave the first cache before it is summed and sent.
  static constexpr std::size_t kMax = 16;

  CipherBatch();
  ~CipherBatch();

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // `out` has room for `in`; both stay where they are until run().
  void add(const KeySchedule& schedule, SeqNo seq, ByteSpan in, std::byte* out) noexcept;
  // All that was added, and then the batch is empty. False on a failure of the library.
  [[nodiscard]] bool run() noexcept;

 private:
  struct Jobs;
  std::unique_ptr<Jobs> jobs_;
  std::size_t size_ = 0;
};

// One packet by itself: `out` has room for `in` and may be the same bytes. False on a failure of the library.
[[nodiscard]] bool apply_one(const KeySchedule& schedule, SeqNo seq, ByteSpan in, std::byte* out) noexcept;

// Makes this thread ready, so that its first packet need not allocate.
void prepare_thread();

}  // namespace fanlight::crypto
