// A kind of world: who lives in it, what its network is like, and what goes wrong.
#pragma once

#include <span>
#include <string_view>

#include "link.h"

namespace fanlight::sim {

enum class Content : std::uint8_t {
  kOpaque,
  kTransport,  // A transport stream with pictures to start at.
  kScrambled,  // The same, but nobody sees where they are.
};

// How the stream comes to the relay.
enum class Way : std::uint8_t {
  kCall,   // A publisher calls, by SRT.
  kRtp,    // RTP to an address of the relay's.
  kPlain,  // Bare TS packets there.
};

// How what is lost on the way of an RTP feed comes back.
enum class Repair : std::uint8_t {
  kNone,
  kNack,       // It is asked for, and sent again as it was or as RTX.
  kFec,        // Rows and columns of five; no more is lost than they bring back.
  kSecondLeg,  // Either loses, and one is dead for a while; nothing is lost on both.
};

struct WorldSpec {
  std::string_view name;
  std::string_view about;
  Micros length = seconds(12);
  std::size_t viewers = 50;
  std::size_t workers = 1;
  double stray_chance = 0;       // A datagram comes to a worker that does not own its session.
  Micros interval = millis(4);   // Between a publisher's packets.
  Micros latency = millis(500);  // What publisher and viewers ask for.
  LinkQuality publisher_link{};
  LinkQuality viewer_link{};
  // Nobody who is not excused may miss anything.
  bool demands_all = false;
  // How far play-out may wander within one publication; 0: not looked at.
  Micros wander_max{};
  // --- what is published, and how viewers start
  Content content = Content::kOpaque;
  bool joins_any_time = false;  // One by one, while the stream runs; else all in its first second.
  bool starts_live = false;     // join = "live"
  Micros joins_from{};          // Those who do not join at any time do within a second from then on.
  bool is_born = false;         // It comes with its publisher, under a pattern, while a worker lags behind the others.
  double pace_slack = 0.03;     // What the relay's idea of the stream's rate may be off by.
  Way way = Way::kCall;
  Repair repair = Repair::kNone;
  std::size_t destinations = 0;   // RTP and bare ones in turn.
  bool destinations_ask = false;  // Those that have RTCP: for what they miss.
  bool has_second_out = false;    // RTP destinations have two legs (SMPTE ST 2022-7), the second kSecondLegLonger.
  bool has_fec_out = false;       // They have SMPTE 2022-1's rows and columns.
  bool has_groups = false;        // Feed and destinations are multicast groups, the latter of kGroupMembers.
  bool is_opaque = false;         // The feed's payload is none that the relay looks into: RTP alone carries it.
  // --- who
  bool has_sealed_publisher = false;
  bool has_sealed_viewers = false;
  bool has_srtp = false;  // The feed, and RTP destinations, under three keys.
  bool renews_keys = false;
  std::uint32_t rekey_packets = 0;  // The relay replaces viewers' keys after so many, and when it is told to; 0: never.
  bool wraps_numbers = false;       // ISNs close to 2^31, timestamps close to 2^32.
  // --- what goes wrong
  bool publisher_vanishes = false;
  bool publisher_returns = false;  // Leaves and comes back with other latency and payload size.
  bool publisher_jumps = false;
  bool publisher_pauses = false;
  bool viewers_churn = false;  // Leave, vanish, come back.
  bool viewers_mute = false;   // Stop acknowledging for a while.
  bool worker_stalls = false;
  bool control_hangs = false;
  bool events_flood = false;
  bool headers_run_dry = false;
  bool port_blocks = false;
  bool sends_junk = false;
  bool has_intruders = false;       // Others send to the feed's address too.
  bool destinations_leave = false;  // With a BYE; half of them come back.
  bool has_odd_payloads = false;    // Of the publisher some are no transport streams: they go to SRT viewers alone.
  bool has_wrong_clock = false;     // The feed's timestamps do not run at their rate.
  bool steps_back = false;          // They step back, once.
  bool is_held_up = false;          // All of more than a second comes at once.
  bool feed_rests = false;          // Its sender does, again and again, and what is none of its stream comes meanwhile.
  bool destinations_close = false;  // Nobody listens for a while, as ICMP says.
  bool is_day = false;              // 24 h: only run when asked for.
};

inline constexpr Micros kSecondLegLonger = millis(30);  // Than the first.
inline constexpr std::size_t kGroupMembers = 3;
inline constexpr std::int64_t kFecBurstMax = 5;  // Packets in a row.
// How old the newest packet that came may be: it came by the longer way, or those behind it are to be brought back.
[[nodiscard]] constexpr Micros slowest_in(const WorldSpec& spec) {
  const Micros longer = spec.repair == Repair::kSecondLeg ? kSecondLegLonger : Micros{};
  return slowest(spec.publisher_link) + longer + (spec.repair == Repair::kFec ? kFecBurstMax : 0) * spec.interval;
}

// All that comes from its address is of one source, and counts in what it is reported.
[[nodiscard]] constexpr bool has_one_whole_source(const WorldSpec& spec) {
  const bool begins_anew = spec.publisher_vanishes || spec.publisher_returns || spec.publisher_jumps;
  return spec.way == Way::kRtp && spec.repair == Repair::kNone && !spec.has_intruders && !begins_anew;
}

// Viewers start at a picture, and for all that may be, each of them.
[[nodiscard]] constexpr bool starts_at_picture(const WorldSpec& spec) {
  return spec.content == Content::kTransport && !spec.starts_live;
}

// A seed that names no world is of one of these.
[[nodiscard]] std::span<const WorldSpec> worlds_in_turn();
// Tests of their own run them, so that a seed of the others keeps its world.
[[nodiscard]] std::span<const WorldSpec> worlds_apart();

}  // namespace fanlight::sim
