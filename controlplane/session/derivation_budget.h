// How much PBKDF2 callers may have us do. A derivation costs 1.5–3 ms and a caller chooses its salt, so the cookie
// alone, which proves an address, does not bound it (design D10). Before each derivation stand token buckets: one of
// the caller's site, so that a flood from there cuts only itself, and one of all callers together, of which a part is
// kept for sites that asked for nothing lately.
//
// Those who know a passphrase are not to pay for those who do not. So a wrong one costs its site more, and a site that
// had one lately shares the little that is set aside for wrong ones: all of those together cannot have more of the
// thread, however many they are. A network that had many wrong ones, site by site, counts as such a site; a site that
// knew one does not.
//
// A guess under a salt that was derived before costs no PBKDF2, and is a guess all the same: who is suspected takes a
// token for it, and a wrong one costs what it costs otherwise.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/prefix.h"
#include "base/time.h"
#include "base/token_bucket.h"

namespace fanlight::control {

class DerivationBudget {
 public:
  // Together about half of the thread.
  static constexpr std::int64_t kPerSecond = 200;
  static constexpr std::int64_t kBurst = 200;
  static constexpr std::int64_t kNewPerSecond = 50;  // For sites that had none for a while.
  static constexpr std::int64_t kNewBurst = 50;
  static constexpr Micros kNewAfter = seconds(3);
  // An audience behind one NAT must fit in the burst, or wait.
  static constexpr std::int64_t kSitePerSecond = 32;
  static constexpr std::int64_t kSiteBurst = 128;
  static constexpr std::int64_t kFailureCost = 8;  // Tokens of the site's, instead of one.
  // Of those sites together that failed lately: a fortieth of the thread.
  static constexpr std::int64_t kFailuresPerSecond = 10;
  static constexpr std::int64_t kFailuresBurst = 20;
  static constexpr std::int64_t kNetworkFailuresPerSecond = 1;
  static constexpr std::int64_t kNetworkFailuresBurst = 64;
  static constexpr Micros kRemembered = seconds(60);  // A failure, and a success.
  static constexpr std::size_t kSites = 1024;
  static constexpr std::size_t kNetworks = 256;

  // Takes a token for a derivation that `caller` asks for. A refusal costs the caller nothing.
  [[nodiscard]] bool take(Instant now, const IpAddress& caller);
  // The same for a try that needs no derivation: it costs a token only whoever is suspected.
  [[nodiscard]] bool take_guess(Instant now, const IpAddress& caller);
  // What became of either.
  void note_failure(Instant now, const IpAddress& caller);
  void note_success(Instant now, const IpAddress& caller);

 private:
  struct Site {
    IpAddress prefix;
    TokenBucket bucket;
    Instant new_from{};
    Instant suspect_until{};
    Instant trusted_until{};
    // A new site may have the place of the one that is first forgiven, which is forgiven already as long as no more
    // than kSites failed within a minute: the others are, kNewAfter later, and kBurst + kNewAfter × 250 a second are
    // fewer.
    [[nodiscard]] Instant forgiven_at() const { return std::max({bucket.full_at(), new_from, suspect_until}); }
  };
  struct Network {
    IpAddress prefix;
    TokenBucket failures;
    [[nodiscard]] Instant forgiven_at() const { return failures.full_at(); }
  };
  [[nodiscard]] bool is_suspect(Instant now, const Site& site, const IpAddress& caller) const;

  TokenBucket all_;
  TokenBucket new_;
  TokenBucket failures_;
  std::array<Site, kSites> sites_{};  // In no order: a walk through them costs 1/1000 of a derivation.
  std::array<Network, kNetworks> networks_{};
};

}  // namespace fanlight::control
