// Publishers that were closed for what they sent. Without this, five seconds of anything are had by calling again.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/ip.h"
#include "base/prefix.h"
#include "base/time.h"

namespace fanlight::control {

class BarredPublishers {
 public:
  static constexpr Micros kSpan = seconds(30);
  static constexpr std::size_t kKeptMax = 1024;  // Beyond, one more is not kept: who is there can wait.

  void add(Instant now, const IpAddress& address, std::string_view stream) {
    std::erase_if(until_, [now](const auto& one) { return one.second <= now; });
    if (until_.size() < kKeptMax) until_.insert_or_assign({host_of(address), std::string{stream}}, now + kSpan);
  }
  [[nodiscard]] bool has(Instant now, const IpAddress& address, std::string_view stream) const {
    if (until_.empty()) return false;
    const auto found = until_.find({host_of(address), std::string{stream}});
    return found != until_.end() && found->second > now;
  }

 private:
  std::map<std::pair<IpAddress, std::string>, Instant> until_;  // By host and stream.
};

}  // namespace fanlight::control
