// Who makes room when the memory for streams under patterns is taken by publishers that have only just come.
//
// Nobody knows yet whether they will send. The site with the most of them gives its oldest up, if it has two more than
// the caller's: then neither can take from the other what it would have to give back. For a second it begins nothing,
// so that whoever the room was made for finds it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "base/prefix.h"
#include "base/strong.h"
#include "base/time.h"

namespace fanlight::control {

class Newcomers {
 public:
  static constexpr Micros kCrowdedSpan = seconds(1);

  struct One {
    IpAddress address;
    Instant opened;
    std::size_t worker = 0;
    SocketId socket{};
  };

  // The one that goes for `caller`.
  [[nodiscard]] std::optional<One> choose(Instant now, const IpAddress& caller, const std::vector<One>& young) {
    std::map<IpAddress, std::vector<One>> sites;
    for (const One& one : young) sites[site_of(one.address)].push_back(one);
    const auto by_number = [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); };
    const auto most = std::ranges::max_element(sites, by_number);
    if (most == sites.end() || most->second.size() < sites[site_of(caller)].size() + 2) return std::nullopt;
    crowded_ = most->first;
    crowded_until_ = now + kCrowdedSpan;
    return *std::ranges::min_element(most->second, {}, &One::opened);
  }
  [[nodiscard]] bool is_crowded(Instant now, const IpAddress& caller) const {
    return crowded_ && now < crowded_until_ && site_of(caller) == *crowded_;
  }

 private:
  std::optional<IpAddress> crowded_;  // The site that gave one up last.
  Instant crowded_until_{};
};

}  // namespace fanlight::control
