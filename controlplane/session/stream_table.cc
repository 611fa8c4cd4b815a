#include "session/stream_table.h"

#include <algorithm>

#include "contract/limits.h"

namespace fanlight::control {

StreamEntry* StreamTable::find(std::string_view name) {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : at(found->second);
}

const StreamEntry* StreamTable::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &entries_.at(found->second);
}

StreamEntry* StreamTable::at(StreamIndex index) {
  const auto found = entries_.find(index);
  return found == entries_.end() ? nullptr : &found->second;
}

const StreamPolicy* StreamTable::match(std::string_view name) const {
  const auto found = std::find_if(patterns_.begin(), patterns_.end(),
                                  [&](const StreamPolicy& pattern) { return covers(pattern.name, name); });
  return found == patterns_.end() ? nullptr : &*found;
}

StreamEntry* StreamTable::add(const StreamPolicy& policy, std::string_view name) {
  std::uint16_t free = 0;
  for (const auto& [index, entry] : entries_) {  // Ascending: the first hole is the lowest free index.
    if (index.raw() != free) break;
    ++free;
  }
  if (free == kStreamsMax) return nullptr;
  const StreamIndex index{free};
  StreamEntry& entry = entries_.emplace(index, StreamEntry{.policy = policy, .index = index}).first->second;
  entry.policy.name = name;
  names_.emplace(name, index);
  return &entry;
}

void StreamTable::retire(StreamEntry& entry) {
  names_.erase(entry.policy.name);
  entry.is_retiring = true;
  entry.linger_end = Instant::never();
}

void StreamTable::erase(StreamIndex index) { entries_.erase(index); }

bool StreamTable::try_add_pattern(const StreamPolicy& pattern) {
  for (const StreamPolicy& known : patterns_)
    if (known.name == pattern.name) return false;
  patterns_.push_back(pattern);
  return true;
}

bool StreamTable::try_remove_pattern(std::string_view name) {
  return std::erase_if(patterns_, [&](const StreamPolicy& pattern) { return pattern.name == name; }) != 0;
}

Instant StreamTable::next_linger_end() const {
  Instant soonest = Instant::never();
  for (const auto& [index, entry] : entries_) soonest = std::min(soonest, entry.linger_end);
  return soonest;
}

}  // namespace fanlight::control
