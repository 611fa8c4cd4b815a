#include "origin/published.h"

#include "http/message.h"

namespace fanlight::packager {

void Published::publish(std::shared_ptr<const StreamSnapshot> snapshot, Instant now) {
  {
    const std::lock_guard lock(streams_mutex_);
    Entry& entry = streams_[snapshot->name];
    entry.snapshot.swap(snapshot);  // The one before is freed outside the lock.
    entry.at = now;
    entry.version = version_.load(std::memory_order_relaxed) + 1;
    version_.store(entry.version, std::memory_order_release);
  }
  const std::lock_guard lock(subscribers_mutex_);
  for (HttpReplies* const one : subscribers_) one->wake();
}

void Published::set_wall_clock(WallTime wall, Instant now) {
  wall_offset_us_.store(wall.us - now.us, std::memory_order_relaxed);
}

void Published::subscribe(HttpReplies& replies) {
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.push_back(&replies);
}

void Published::forget(HttpReplies& replies) {
  const std::lock_guard lock(subscribers_mutex_);
  std::erase(subscribers_, &replies);
}

Published::News Published::since(std::uint64_t version) const {
  const std::lock_guard lock(streams_mutex_);
  News news{.version = version_.load(std::memory_order_relaxed)};
  for (const auto& [name, entry] : streams_)
    if (entry.version > version) news.publications.push_back({name, entry.snapshot, entry.at});
  return news;
}

WallTime Published::wall_time(Instant now) const { return {now.us + wall_offset_us_.load(std::memory_order_relaxed)}; }

}  // namespace fanlight::packager
