// Places for the repair of feeds that have FEC: made at the start, as many as the configuration names, because one
// keeps a thousand packets' headers and no session should carry that.
#pragma once

#include <cstddef>
#include <vector>

#include "base/check.h"
#include "stream/fec_repair.h"

namespace fanlight {

class FecPlaces {
 public:
  explicit FecPlaces(std::size_t places) : places_(places) {
    free_.reserve(places);
    for (FecRepair& place : places_) free_.push_back(&place);
  }

  // Null: all are taken.
  [[nodiscard]] FecRepair* take() noexcept {
    if (free_.empty()) return nullptr;
    FecRepair* place = free_.back();
    free_.pop_back();
    return place;
  }
  void give_back(FecRepair& place) noexcept {
    DCHECK(free_.size() < places_.size());
    place.clear();
    free_.push_back(&place);
  }

 private:
  std::vector<FecRepair> places_;
  std::vector<FecRepair*> free_;
};

}  // namespace fanlight
