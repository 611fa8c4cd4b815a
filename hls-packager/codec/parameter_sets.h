// Parameter sets of one kind, by id: the newest bytes of each and what was read from them. Bounded by the number of ids
// and kParameterSetBytesMax.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

// With scaling lists and an HRD a set has some hundred bytes.
inline constexpr std::size_t kParameterSetBytesMax = 4096;

template <class Parsed>
class ParameterSets {
 public:
  struct Set {
    std::vector<std::byte> bytes;
    Parsed parsed;
  };

  // Whether this takes the place of a set of the same id and other content.
  bool put(std::uint32_t id, ByteSpan bytes, Parsed parsed) {
    const auto [at, is_new] = sets_.try_emplace(id);
    if (!is_new && std::ranges::equal(at->second.bytes, bytes)) return false;
    at->second = {{bytes.begin(), bytes.end()}, std::move(parsed)};
    return !is_new;
  }
  [[nodiscard]] const Set* find(std::uint32_t id) const {
    const auto at = sets_.find(id);
    return at == sets_.end() ? nullptr : &at->second;
  }
  template <class Fits>
  void forget(Fits fits) {
    std::erase_if(sets_, [&](const auto& one) { return fits(one.second.parsed); });
  }
  // In the order of their ids.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [id, set] : sets_) visit(set);
  }

 private:
  std::map<std::uint32_t, Set> sets_;
};

}  // namespace fanlight::packager
