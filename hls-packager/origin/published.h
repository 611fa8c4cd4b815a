// The streams as they are now: the one place where the packaging thread puts them and every server's thread looks.
//
// One for all servers, and a new snapshot is there for all of them before any is woken: a player that learnt of a part
// from one may ask another for it. Locked for a publication, five times a second and stream; a request looks at the
// version alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "cmaf/wall_time.h"
#include "live/snapshot.h"

namespace fanlight::packager {

class HttpReplies;

class Published {
 public:
  struct Publication {
    std::string name{};
    std::shared_ptr<const StreamSnapshot> snapshot{};
    Instant at{};
  };
  struct News {
    std::uint64_t version = 0;
    std::vector<Publication> publications{};
  };

  // All on any thread. `now` is on the servers' clock.
  //
  // A stream that is expected may be published before anything is known of it: who asks for it waits for a while.
  void publish(std::shared_ptr<const StreamSnapshot> snapshot, Instant now);
  // That `wall` is `now`. Said often enough that nobody minds how far the two clocks drift apart in between.
  void set_wall_clock(WallTime wall, Instant now);

  // Woken by every change, until forgotten.
  void subscribe(HttpReplies& replies);
  void forget(HttpReplies& replies);

  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] News since(std::uint64_t version) const;
  [[nodiscard]] WallTime wall_time(Instant now) const;

 private:
  struct Entry {
    std::shared_ptr<const StreamSnapshot> snapshot{};
    Instant at{};
    std::uint64_t version = 0;
  };

  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::int64_t> wall_offset_us_{0};
  mutable std::mutex streams_mutex_;
  std::map<std::string, Entry> streams_;  // No more than the configuration names.
  std::mutex subscribers_mutex_;
  std::vector<HttpReplies*> subscribers_;
};

}  // namespace fanlight::packager
