// How many bad tokens a site may show. A signature costs the control thread a third of a millisecond to refuse; one
// that is good costs nothing here, so an audience never meets this. A site (/24, IPv6 /56) whose bad ones are used up
// is not looked at until they grow back; all sites and all of a network together have bounds too, but a site without a
// bad token of late is held up by its network's alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "base/ip.h"
#include "base/time.h"
#include "base/token_bucket.h"

namespace fanlight::control {

class TokenBudget {
 public:
  static constexpr std::int64_t kSitePerSecond = 16;
  static constexpr std::int64_t kSiteBurst = 64;
  static constexpr std::int64_t kNetworkPerSecond = 100;
  static constexpr std::int64_t kNetworkBurst = 200;
  static constexpr std::int64_t kPerSecond = 200;
  static constexpr std::int64_t kBurst = 200;
  static constexpr std::size_t kKeptMax = 4096;  // Sites, and as many networks.

  // Whether a token from there may be looked at.
  [[nodiscard]] bool may_look(Instant now, const IpAddress& caller) const;
  // It was bad.
  void charge(Instant now, const IpAddress& caller);

 private:
  using Buckets = std::map<IpAddress, TokenBucket>;
  [[nodiscard]] static TokenBucket bucket_of(const Buckets& buckets, const IpAddress& block);
  static void charge(Buckets& buckets, Instant now, const IpAddress& block, Micros interval);

  Buckets sites_;
  Buckets networks_;
  TokenBucket all_;
};

}  // namespace fanlight::control
