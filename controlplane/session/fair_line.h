// Who is next among callers that wait for one webhook. A crowd keeps nobody else out: sites and networks take turns,
// and of the places, and of the questions under way, each has no more than a share of those that are free. So a network
// ends up with half at most, a site with a third, and whoever comes from elsewhere finds something left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/ip.h"

namespace fanlight::control {

class FairLine {
 public:
  explicit FairLine(std::size_t places) : places_(places) {}

  // False when its site has its share already. Numbers rise.
  [[nodiscard]] bool enter(std::uint64_t number, const IpAddress& caller);
  // Whose turn it is, with so many under way at a time. It is under way from then on.
  [[nodiscard]] std::optional<std::uint64_t> next(std::size_t at_a_time);
  // Whether it waited or was under way.
  void leave(std::uint64_t number);
  [[nodiscard]] bool is_empty() const { return entries_.empty(); }

 private:
  struct Share {
    std::size_t here = 0;
    std::size_t under_way = 0;  // Of those.
    std::uint64_t last_turn = 0;
  };
  using Shares = std::map<IpAddress, Share>;  // Nodes stay where they are.
  struct Entry {
    Shares::iterator site;
    Shares::iterator network;
    bool is_under_way = false;
  };
  [[nodiscard]] static bool has_share(std::size_t site, std::size_t network, std::size_t free);

  const std::size_t places_;
  std::map<std::uint64_t, Entry> entries_;  // Oldest first.
  Shares sites_;
  Shares networks_;
  std::size_t under_way_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace fanlight::control
