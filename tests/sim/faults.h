// What goes wrong in a world, put on its calendar before it begins.
#pragma once

#include "world.h"

namespace fanlight::sim {

class Faults {
 public:
  explicit Faults(World& world) : world_(world) {}
  void plan();

 private:
  void plan_publisher();
  void plan_rests();
  void plan_step();
  void plan_hold();
  void plan_legs();
  void plan_viewers();
  void plan_destinations();
  void plan_closed();
  void plan_relay();
  void plan_events_flood();
  void plan_birth();
  void churn(std::size_t viewer);
  void mute(std::size_t viewer);
  void take_at_most(std::size_t packets);
  void run_headers_dry(Instant at);
  // A moment with at least `margin` to the world's end.
  [[nodiscard]] Instant some_moment(Micros margin);

  World& world_;
};

}  // namespace fanlight::sim
