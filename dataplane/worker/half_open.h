// The sessions that were not heard since our response. A CONCLUSION with a good cookie costs its caller nothing more,
// so whoever has an address can open one after the other and say nothing. So many may wait to be heard; when there are
// more, one of them has to go, and nobody is turned away for what others left lying around: of the network that has
// most of them, the site that has most, the session that has waited longest. An honest caller is heard within a round
// trip, or after the second in which an idle libsrt says KEEPALIVE; it goes only where its own site crowds it out.
//
// Sites and networks are counted in places that a keyed hash finds: two may share one, nobody can choose whose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/siphash.h"
#include "worker/sessions.h"

namespace fanlight {

class HalfOpen {
 public:
  static constexpr std::size_t kSites = 2048;
  static constexpr std::size_t kNetworks = 512;
  HalfOpen(const HashKey& key, Sessions& sessions)
      : key_(key), sessions_(sessions), sites_(kSites), networks_(kNetworks) {}

  void limit(std::size_t sessions) noexcept { limit_ = sessions; }
  [[nodiscard]] bool is_over_limit() const noexcept { return size_ > limit_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // Under its path, as long as it is_half_open.
  void add(Session& session) noexcept;
  void remove(Session& session) noexcept;
  // Who has to go; there must be somebody.
  [[nodiscard]] Session& first_to_go(Instant now) noexcept;

 private:
  // In the order in which they came, linked through the sessions: slot + 1, 0 is nobody.
  struct Site {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
    std::uint16_t sessions = 0;
    std::uint16_t network = 0;  // Of the first.
    NearInstant since;          // The first came.
  };
  [[nodiscard]] Session& at(std::uint16_t link) noexcept { return sessions_.at(link - 1u); }
  [[nodiscard]] std::size_t place_of(const IpAddress& block, std::size_t places) const noexcept;
  [[nodiscard]] Site& site_for(const Session& session) noexcept;
  [[nodiscard]] std::uint16_t network_for(const Session& session) const noexcept;
  void note_first(Site& site) noexcept;

  const HashKey key_;
  Sessions& sessions_;
  std::vector<Site> sites_;
  std::vector<std::uint16_t> networks_;
  std::size_t size_ = 0;
  std::size_t limit_ = kSessionsMax;
};

}  // namespace fanlight
