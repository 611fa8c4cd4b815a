// How many handshakes of strangers a worker answers and passes on. A spoofed INDUCTION costs us an answer; a CONCLUSION
// whose cookie was right costs control more, and proves the address it came from: so it is charged to that address's
// site and network, and a flood from there cuts itself.
//
// Buckets stand in tables of a fixed size and are found by a keyed hash. Two sites may share one, but nobody can aim at
// another's. A sweep through the sites of one network fills no bucket of anybody else: it would have to fill all 8,192
// at a site's rate each. What bounds it is the network's bucket, and what bounds a hundred networks is the one of all.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "base/siphash.h"
#include "base/token_bucket.h"
#include "base/verdict.h"
#include "contract/armour.h"

namespace fanlight {

class HandshakeBudget {
 public:
  static constexpr std::size_t kSites = 8192;
  static constexpr std::size_t kNetworks = 2048;
  static constexpr std::int64_t kBurstSeconds = 2;

  HandshakeBudget(const HashKey& key, const ArmourOptions& options)
      : key_(key), options_(options), sites_(kSites), networks_(kNetworks) {}

  void limit(const ArmourOptions& options) noexcept { options_ = options; }
  [[nodiscard]] bool take_induction(Instant now) noexcept;
  // Nothing when it may go on; else what stands in its way. A refusal costs the caller nothing.
  [[nodiscard]] std::optional<Verdict> take_conclusion(Instant now, const IpAddress& caller) noexcept;

 private:
  [[nodiscard]] static bool has_token(const TokenBucket& bucket, Instant now, std::uint32_t per_second) noexcept;
  static void take(TokenBucket& bucket, Instant now, std::uint32_t per_second) noexcept;
  [[nodiscard]] TokenBucket& bucket_of(std::vector<TokenBucket>& table, const IpAddress& block) const noexcept;

  const HashKey key_;
  ArmourOptions options_;
  TokenBucket inductions_;
  TokenBucket conclusions_;
  std::vector<TokenBucket> sites_;
  std::vector<TokenBucket> networks_;
};

}  // namespace fanlight
