// All viewers of this process: their places, their ramp, and the sweep that gives each its tick of 10 ms.
//
// A viewer is a slot; its socket ID carries the slot, so finding it is an index. What each packet touches is packed by
// slot; what a handshake, a gap or a mishap needs lies apart.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fanlight_load/calling.h"
#include "fanlight_load/freshness.h"
#include "fanlight_load/histogram.h"
#include "fanlight_load/outbox.h"
#include "fanlight_load/viewer.h"

namespace fanlight::load {

// How a viewer behaves; all but the first begin as good viewers and turn later.
enum class Manner : std::uint8_t { kGood, kStall, kVanish, kNakFlood };
inline constexpr std::size_t kManners = 4;
inline constexpr std::array<const char*, kManners> kMannerNames = {"good", "stall", "vanish", "nak_flood"};

// The moment of a burst: the clock is read once for all its packets.
struct Heard {
  Instant now;
  std::int64_t ns = 0;
};

// What the viewers of one manner have seen.
struct Figures {
  std::size_t viewers = 0;
  std::size_t started = 0;
  std::size_t connected = 0;  // Were up at some time.
  std::size_t up = 0;         // Are up now.
  std::size_t silent = 0;     // Up, and never got a packet.
  std::size_t served = 0;     // Got packets, and missed 0.1 % of them at most.
  Stale stale;                // Those whose stream stood still at the end.
  std::uint64_t received = 0;
  std::uint64_t keys = 0;  // Turned to while watching.
  Tally tally;
  Histogram latency_ns;
  [[nodiscard]] std::uint64_t expected() const { return received + tally.missed(); }
};

class Crowd {
 public:
  struct Options {
    std::size_t viewers = 0;
    double ramp_per_second = 1000;
    std::vector<std::string> stream_ids;  // Viewer n takes the n-th, in turn.
    Endpoint relay;
    std::function<Path(std::size_t slot)> path_of;
    Micros latency = millis(120);
    const KeyMaker* keys = nullptr;
    std::uint32_t first_socket = 0;  // Of slot 0.
    std::uint32_t hash_every = 64;   // A power of two: so many packets for one that is hashed.
    std::array<double, kManners> shares{};
    Micros misbehave_after = seconds(2);
  };
  Crowd(Options options, Outbox& outbox);

  [[nodiscard]] std::size_t size() const { return viewers_.size(); }
  void prefetch(std::size_t slot) const noexcept { __builtin_prefetch(&viewers_[slot], 1); }
  void handle(const Heard& heard, std::size_t slot, MutableByteSpan datagram);
  // Starts who is due to start, ticks who is due to tick.
  void turn(Instant now);
  void begin(Instant now) { began_ = now; }
  // Everybody was started, and is up or has failed.
  [[nodiscard]] bool is_ramped() const { return started_ == viewers_.size() && calling_count_ == 0; }
  // From now on latencies count, of viewers that have caught up.
  void begin_measuring() { is_measuring_ = true; }
  // What publishers (by run) had sent when the time was over, and is not there now, counts as lost.
  void settle(const std::map<std::uint32_t, std::int64_t>& ends);
  // Where what is published is not known, who stands still at the end was not served.
  void find_stale(Instant now);
  void leave(Instant now);

  [[nodiscard]] std::array<Figures, kManners> figures() const;
  // From a call to the relay's answer, whatever it was.
  [[nodiscard]] const Histogram& answers_ns() const { return *answers_ns_; }
  [[nodiscard]] const std::map<std::string, std::size_t>& failures() const { return failures_; }
  [[nodiscard]] std::uint64_t received() const;
  [[nodiscard]] std::size_t up() const { return up_; }
  [[nodiscard]] std::uint64_t hashed() const { return hashed_; }
  [[nodiscard]] std::uint64_t missed_ticks() const { return missed_ticks_; }

 private:
  enum class Phase : std::uint8_t { kWaiting, kCalling, kUp, kOver };
  struct Place {
    Phase phase = Phase::kWaiting;
    Manner manner = Manner::kGood;
    bool is_turned = false;  // Shows its manner by now.
    bool is_measured = false;
    bool was_up = false;
    wire::KeyFlag last_key = wire::KeyFlag::kEven;  // The slot of the last one it confirmed; they take turns.
    std::uint32_t keys = 0;                         // Confirmed since it came.
  };
  void start(Instant now, std::size_t slot);
  void handle_call(Instant now, std::size_t slot, ByteSpan datagram);
  void handle_data(const Heard& heard, std::size_t slot, MutableByteSpan datagram);
  [[nodiscard]] bool open_payload(std::size_t slot, MutableByteSpan datagram, bool whole);
  void confirm_key(Instant now, std::size_t slot, ByteSpan message);
  void open(Instant now, std::size_t slot);
  void tick(Instant now, std::size_t slot);
  void tick_up(Instant now, std::size_t slot);
  void tick_call(Instant now, std::size_t slot);
  void speak(Instant now, std::size_t slot, Viewer::Occasion occasion);
  void note_answer(Instant now, std::size_t slot);
  void end(std::size_t slot, const std::string& why);
  [[nodiscard]] Gaps& gaps_of(std::size_t slot);
  [[nodiscard]] bool is_mute(const Place& place) const {
    return place.is_turned && (place.manner == Manner::kStall || place.manner == Manner::kVanish);
  }

  const Options options_;
  Outbox& outbox_;
  std::vector<Viewer> viewers_;
  std::vector<Place> places_;
  std::vector<Envelope> envelopes_;
  std::vector<Tally> tallies_;
  std::vector<Freshness> freshness_;
  std::vector<Micros> stale_;  // For how long; empty before find_stale(), 0 for who was up to date.
  std::vector<std::unique_ptr<Gaps>> gaps_;
  std::vector<std::unique_ptr<Calling>> calls_;
  std::vector<std::unique_ptr<crypto::SessionCiphers>> ciphers_;
  std::array<std::unique_ptr<Histogram>, kManners> latencies_;
  std::unique_ptr<Histogram> answers_ns_ = std::make_unique<Histogram>();
  std::map<std::string, std::size_t> failures_;
  Instant began_{};
  std::int64_t ticks_ = 0;  // Given so far, one viewer after the other.
  std::uint64_t missed_ticks_ = 0;
  std::uint64_t hashed_ = 0;
  std::size_t started_ = 0;
  std::size_t calling_count_ = 0;
  std::size_t up_ = 0;
  bool is_measuring_ = false;
};

}  // namespace fanlight::load
