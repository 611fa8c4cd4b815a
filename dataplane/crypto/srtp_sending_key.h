// One SRTP master key of ours, for what is sent under it: in any number of streams, on any worker.
#pragma once

#include <atomic>
#include <cstdint>

#include "crypto/srtp_keys.h"

namespace fanlight::crypto {

class SrtpSendingKey {
 public:
  // Allocates: control thread.
  explicit SrtpSendingKey(const SrtpMaster& master) : keys_(master) {}
  SrtpSendingKey(SrtpSendingKey&&) = delete;

  [[nodiscard]] const SrtpKeys& keys() const noexcept { return keys_; }
  // For so many packets more. False: it has protected as many as it may, and protects none any more. RFC 3711 §9.2:
  // all that is sent under a master key counts together, so workers share this number; each asks once for a batch.
  [[nodiscard]] bool try_take(std::uint64_t packets) noexcept {
    return used_.fetch_add(packets, std::memory_order_relaxed) + packets <= keys_.packets_max();
  }

 private:
  SrtpKeys keys_;
  alignas(64) std::atomic<std::uint64_t> used_{0};
};

}  // namespace fanlight::crypto
