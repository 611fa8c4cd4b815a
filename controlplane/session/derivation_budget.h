// How much PBKDF2 callers may have us do. A derivation costs 1.5–3 ms and a caller chooses its salt, so the cookie
// alone, which proves an address, does not bound it (design D10). Two token buckets stand before each derivation: one
// of the caller's prefix, so that a flood from there cuts only itself, and one of all callers together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/prefix.h"
#include "base/time.h"
#include "base/token_bucket.h"

namespace fanlight::control {

class DerivationBudget {
 public:
  // About half of the thread.
  static constexpr std::int64_t kPerSecond = 250;
  static constexpr std::int64_t kBurst = 250;
  // A caller that is rejected does not ask again by itself, so that an audience behind one NAT must fit in the burst.
  static constexpr std::int64_t kPrefixPerSecond = 32;
  static constexpr std::int64_t kPrefixBurst = 128;
  static constexpr std::size_t kPrefixes = 1024;

  // Takes a token for a derivation that `caller` asks for. A refusal costs the caller nothing.
  [[nodiscard]] bool take(Instant now, const IpAddress& caller);

 private:
  struct Entry {
    IpAddress prefix;
    TokenBucket bucket;
  };
  // The prefix's entry, or else the fullest, which a new prefix may have. That one is full, and forgetting it forgives
  // nothing: kBurst + kPerSecond cannot keep kPrefixes buckets short of a token that each has back in 1/32 s.
  [[nodiscard]] Entry& entry_of(const IpAddress& prefix);

  TokenBucket all_;
  std::array<Entry, kPrefixes> entries_{};  // In no order: a walk through them costs 1/1000 of a derivation.
};

}  // namespace fanlight::control
