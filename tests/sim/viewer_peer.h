// A viewer: calls, receives with the production receiving engine, checks every payload to the bit, and plays it out in
// order by its own drifting clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "caller.h"
#include "drifting_clock.h"
#include "engine/srt/receiver.h"
#include "feed.h"
#include "keys.h"
#include "peer.h"
#include "playout.h"
#include "watch.h"

namespace fanlight::sim {

class ViewerPeer final : public Peer {
 public:
  struct Plan {
    DriftingClock clock{0, 0};
    Caller::Terms terms{};
    bool is_sealed = false;
    bool answers_once = false;   // Only the first copy of a key request, as gosrt does.
    Micros live_age{};           // How old something is at most that came without waiting at the relay.
    Micros retry = millis(700);  // After a rejection or a lost session; never when it is told to stay away.
  };
  ViewerPeer(const Endpoint& address, Plan plan, const Feed& feed, Network& network, Random& random);

  void join(Instant now);
  // Says SHUTDOWN and is gone.
  void leave(Instant now);
  // Is gone without a word.
  void vanish(Instant now);
  void mute_acks(bool is_mute) { is_mute_ = is_mute; }
  void excuse() { is_excused_ = true; }
  // The world ends: no more calls from now on, but what is up stays up.
  void stay_away() {
    wants_in_ = false;
    watch_.is_whole = true;
  }

  void receive(Instant now, ByteSpan datagram) override;
  void wake(Instant now) override;
  [[nodiscard]] Instant next_wake() const override;
  [[nodiscard]] bool is_up() const override { return receiver_.has_value(); }

  [[nodiscard]] const std::vector<Watch>& finished() const { return finished_; }
  [[nodiscard]] const Caller& caller() const { return caller_; }
  // Keys that came after the first, over all its sessions.
  [[nodiscard]] std::uint64_t keys_taken() const { return keys_taken_; }
  [[nodiscard]] std::uint64_t rejections() const { return rejections_; }

 private:
  void begin_session(Instant now, Instant local);
  void end_session(Instant now);
  void receive_control(Instant now, Instant local, ByteSpan datagram);
  void receive_key(Instant now, Instant local, ByteSpan message);
  void receive_data(Instant now, Instant local, ByteSpan datagram);
  void note_start(Instant now, const wire::DataHeader& header, PacketPos pos, std::uint64_t index);
  void play(const Playout::Item& item);
  void speak(Instant now, Instant local);
  [[nodiscard]] bool open_payload(const wire::DataHeader& header, MutableByteSpan payload);

  Plan plan_;
  const Feed& feed_;
  Network& network_;
  Random& random_;
  Caller caller_;
  std::optional<Keys> keys_;
  std::optional<srt::Receiver> receiver_;
  std::optional<Playout> playout_;
  Watch watch_;
  std::vector<Watch> finished_;
  Instant opened_{};
  Instant call_again_ = Instant::never();  // Local.
  std::vector<std::byte> last_key_message_;
  std::uint64_t keys_taken_ = 0;
  std::uint64_t rejections_ = 0;
  bool wants_in_ = false;
  bool is_mute_ = false;
  bool is_excused_ = false;
};

}  // namespace fanlight::sim
