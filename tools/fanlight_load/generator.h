// The loop: receive, let viewers and publishers answer, send; from the first call to the last SHUTDOWN.
//
//   calling     publishers get their sessions
//   ramp        viewers are started at their rate
//   running     everybody is up or has failed; the asked duration
//   drain       what was published until then arrives, is repaired or is given up
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fanlight_load/crowd.h"
#include "fanlight_load/publishers.h"
#include "fanlight_load/report.h"
#include "fanlight_load/settings.h"

namespace fanlight::load {

struct GeneratorParts {
  VirtualPort& port;
  PacketPool& headers;
  PacketPool& payloads;
  std::function<Path(std::size_t slot)> path_of;
};

class Generator {
 public:
  Generator(const Settings& settings, const GeneratorParts& parts, Progress& progress);
  // Until all is done, or `is_stopped`.
  void run(const std::atomic<bool>& is_stopped);
  [[nodiscard]] Report report() const;

 private:
  enum class Stage : std::uint8_t { kCalling, kRamp, kRunning, kDrain, kDone };
  void begin_drain(Instant now);
  void breathe();
  void dispatch(const Heard& heard, std::size_t received);
  void turn_publishers(const Heard& heard);
  void step(Instant now);
  void end_drain();
  void say_goodbye();
  void linger(Micros span);
  [[nodiscard]] bool are_publishers_settled() const;
  [[nodiscard]] Micros idle_span(const Heard& heard) const;
  void note_progress(Instant now);

  const Settings& settings_;
  VirtualPort& port_;
  Outbox outbox_;
  Progress& progress_;
  std::unique_ptr<KeyMaker> publish_keys_;
  std::unique_ptr<KeyMaker> view_keys_;
  std::uint32_t first_socket_;
  std::vector<std::string> publish_ids_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  Crowd crowd_;
  std::array<io::Arrival, kReceiveBurst> arrivals_;
  Stage stage_ = Stage::kCalling;
  Instant began_;
  Instant stage_began_;
  Instant running_began_;
  Instant measuring_at_ = Instant::never();
  Instant next_progress_;
  Instant next_publishers_;
  Micros running_{};  // How long the stage of that name lasted.
  Micros ramp_{};
  std::uint64_t received_before_ = 0;  // The running stage.
  std::uint64_t received_after_ = 0;
  double cpu_before_ = 0;
  double cpu_ = 0;
  std::int64_t busy_ns_ = 0;  // In breaths that moved something, during the running stage.
  std::int64_t turn_began_ns_ = 0;
  bool had_news_ = false;
  bool is_interrupted_ = false;
  std::uint64_t strangers_ = 0;
};

}  // namespace fanlight::load
