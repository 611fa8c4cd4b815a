// Who is let in: how many connections there may be in all, and how many of one address. One for all servers that listen
// at the same addresses, since a client's connections end at any of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "base/ip.h"

namespace fanlight::packager {

// Those behind one address, or one /64 of IPv6, and what they have of us. Lives as long as one of them is let in.
struct Household {
  IpAddress address{};
  std::uint32_t connections = 0;            // The admission's own.
  std::atomic<std::uint32_t> requests = 0;  // That are not answered yet; any server's thread.
};

class Admission {
 public:
  struct Limits {
    std::size_t connections_max = 20'000;
    std::size_t connections_per_address_max = 1'000;  // An IPv6 address stands for its /64.
  };
  enum class Verdict : std::uint8_t { kLetIn, kTooMany, kTooManyOfAddress };
  struct Answer {
    Verdict verdict = Verdict::kLetIn;
    Household* household = nullptr;  // Of who is let in.
  };

  explicit Admission(const Limits& limits) : limits_(limits) {}

  // Both on any thread. Who is let in leaves.
  [[nodiscard]] Answer admit(IpAddress address);
  void leave(Household& household) noexcept;

 private:
  const Limits limits_;
  std::mutex mutex_;
  std::size_t connections_ = 0;
  std::map<IpAddress, Household> households_;
};

}  // namespace fanlight::packager
