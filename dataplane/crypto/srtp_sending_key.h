// One SRTP master key of ours, for what is sent under it: in any number of streams, on any worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "crypto/srtcp_heard.h"
#include "crypto/srtp_keys.h"

namespace fanlight::crypto {

class SrtpSendingKey {
 public:
  // How much was sent under a master key, in whatever suite and with whatever lifetime.
  struct Count {
    alignas(64) std::atomic<std::uint64_t> packets{0};
  };
  // Allocates: control thread.
  explicit SrtpSendingKey(const SrtpMaster& master, std::shared_ptr<Count> used = std::make_shared<Count>())
      : keys_(master), used_(std::move(used)) {}
  SrtpSendingKey(SrtpSendingKey&&) = delete;

  [[nodiscard]] const SrtpKeys& keys() const noexcept { return keys_; }
  // For so many packets more. False: it has protected as many as it may, and protects none any more. RFC 3711 §9.2:
  // all that is sent under a master key counts together, so workers share this number; each asks once for a batch.
  [[nodiscard]] bool try_take(std::uint64_t packets) noexcept {
    return used_->packets.fetch_add(packets, std::memory_order_relaxed) + packets <= keys_.packets_max();
  }
  [[nodiscard]] const std::shared_ptr<Count>& used() const noexcept { return used_; }
  [[nodiscard]] SrtcpHeard& heard() noexcept { return heard_; }

 private:
  SrtpKeys keys_;
  std::shared_ptr<Count> used_;
  SrtcpHeard heard_;
};

}  // namespace fanlight::crypto
