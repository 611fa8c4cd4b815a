// The destinations of this process, as the relay knows them: added over its control socket, and removed at the end.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace fanlight::load {

class RtpDestinations {
 public:
  struct Wanted {
    std::string stream;
    std::string url;
  };
  RtpDestinations(std::string api, std::vector<Wanted> wanted) : api_(std::move(api)), wanted_(std::move(wanted)) {}
  ~RtpDestinations() { remove(); }
  RtpDestinations(const RtpDestinations&) = delete;
  RtpDestinations& operator=(const RtpDestinations&) = delete;

  // On a thread of its own: the relay begins to send with the first. Until all are there, one is refused, or `is_over`.
  void add(const std::atomic<bool>& is_over);
  [[nodiscard]] std::size_t added() const { return added_.load(std::memory_order_acquire); }
  [[nodiscard]] bool has_failed() const { return has_failed_.load(std::memory_order_acquire); }
  // What the relay said; only when it has failed, or add() is over.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  void remove();

 private:
  [[nodiscard]] Result<std::uint32_t> add_one(const Wanted& one) const;

  const std::string api_;
  const std::vector<Wanted> wanted_;
  std::vector<std::uint32_t> ids_;
  std::atomic<std::size_t> added_{0};
  std::atomic<bool> has_failed_{false};
  std::string failure_;
};

}  // namespace fanlight::load
