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
#include "wire/srt_key_message.h"

namespace fanlight::crypto {

// One expanded key schedule with its salt. 256 bytes on the heap, wiped at the end.
class PacketCipher {
 public:
  PacketCipher(const Key& key, const wire::Salt& salt);  // Allocates: control thread.
  ~PacketCipher();
  PacketCipher(PacketCipher&&) noexcept;
  PacketCipher& operator=(PacketCipher&&) noexcept;
  // One packet; `in` and `out` may be the same bytes. False on a failure of the library.
  [[nodiscard]] bool apply(SeqNo seq, ByteSpan in, MutableByteSpan out) const noexcept;

 private:
  friend class CipherBatch;
  struct Schedule;
  std::unique_ptr<Schedule> schedule_;
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
  void add(const PacketCipher& cipher, SeqNo seq, ByteSpan in, std::byte* out) noexcept;
  // All that was added, and then the batch is empty. False on a failure of the library.
  [[nodiscard]] bool run() noexcept;

 private:
  struct Jobs;
  std::unique_ptr<Jobs> jobs_;
  std::size_t size_ = 0;
};

// Makes this thread ready, so that its first packet need not allocate.
void prepare_thread();

}  // namespace fanlight::crypto
