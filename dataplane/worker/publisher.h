// A session that feeds a stream: an SRT publisher, or a feed, whose datagrams come without a call.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "contract/commands.h"
#include "contract/feed_terms.h"
#include "contract/limits.h"
#include "crypto/session_ciphers.h"
#include "crypto/srtp_reader.h"
#include "engine/rtp/plain_numbering.h"
#include "engine/rtp/receiver.h"
#include "engine/srt/receiver.h"
#include "packet/envelope.h"
#include "packet/packet.h"
#include "stream/fec_repair.h"
#include "stream/stream_clock.h"

namespace fanlight {

struct Feed {
  // Who wants to be a leg's sender while the other leg's is heard, and one of its packets, to be compared with ours.
  struct Newcomer {
    Endpoint from{};
    std::uint16_t seq = 0;
    std::size_t fingerprint = 0;
  };
  // A packet that counts as soon as another proves it, cut to its payload.
  struct Doubted {
    wire::RtpHeader header{};
    PacketRef packet{};
    bool is_bare = false;
  };
  static constexpr std::size_t kDoubtedMax = 4;  // The oldest makes room.
  // The first packet from another address, of each one, since something was accepted.
  struct Stranger {
    Endpoint from{};
    Doubted first{};
  };
  rtp::Receiver receiver;
  FeedTerms terms;
  rtp::PlainNumbering numbering{};
  FeedDoors doors{};
  Path media{};                           // Where its last packet came from, by its first leg if that lives.
  Endpoint second_remote{};               // Where the second leg's last one came from.
  std::array<std::uint64_t, 2> firsts{};  // What each leg brought first.
  std::array<Newcomer, 2> newcomers{};    // For each leg.
  std::array<Doubted, kDoubtedMax> doubted{};
  std::size_t doubted_next = 0;
  std::array<Stranger, kDoubtedMax> strangers{};
  std::size_t strangers_count = 0;
  Path rtcp{};                               // Where the sender's RTCP came from; reports go back. Port 0: none came.
  std::optional<std::uint32_t> tick_base{};  // What its timestamps are moved by, to go on where the stream's were.
  FecRepair* fec = nullptr;                  // Of the worker's places; null: it has none.
  std::uint64_t fec_packets = 0;
  std::uint64_t fec_repaired = 0;
  std::uint64_t repaired_late = 0;
  std::unique_ptr<crypto::SrtpReader> srtp{};   // Null: it comes in clear.
  std::optional<event::FeedRefusal> refusal{};  // The last one that control was told ...
  Instant refused_at{};                         // ... then.
  std::int32_t clock_off_ppm = 0;               // Not 0: its clock does not run at its rate ...
  std::int32_t told_clock_off_ppm = 0;          // ... as far as control knows.
  bool is_live = false;                         // Something came within the last 5 s ...
  bool is_told = false;                         // ... as far as control knows.
  Endpoint told_sender{};                       // Who control was told that it comes from,
  Instant told_at{};                            // then.

  void keep(Doubted one) noexcept { doubted[doubted_next++ % kDoubtedMax] = std::move(one); }
  [[nodiscard]] Doubted* find_doubted(std::uint32_t ssrc, std::uint16_t seq) noexcept {
    for (Doubted& one : doubted)
      if (one.packet && one.header.ssrc == ssrc && one.header.seq == seq) return &one;
    return nullptr;
  }
  void keep_stranger(const Endpoint& from, Doubted first) noexcept {
    const auto same = std::ranges::find(strangers, from, &Stranger::from);
    Stranger& place = same != strangers.end() ? *same : strangers[strangers_count++ % kDoubtedMax];
    place = {from, std::move(first)};
  }
  void forget_strangers() noexcept {
    if (strangers_count == 0) return;
    strangers_count = 0;
    strangers = {};
  }
  // What was kept of it, if `header` is another packet of the same source that is near it. RFC 3550 A.1
  [[nodiscard]] Doubted* find_stranger(const Endpoint& from, const wire::RtpHeader& header) noexcept {
    const auto same = std::ranges::find(strangers, from, &Stranger::from);
    if (same == strangers.end() || !same->first.packet) return nullptr;
    if (terms.kind == FeedKind::kTransportStream) return &same->first;
    const int apart = std::abs(int{static_cast<std::int16_t>(header.seq - same->first.header.seq)});
    const bool is_near = apart > 0 && apart <= rtp::Receiver::kBesideMax;
    return same->first.header.ssrc == header.ssrc && is_near ? &same->first : nullptr;
  }
  // Where its sender hears RTCP: where its own comes from, or, before it said anything, beside its packets.
  [[nodiscard]] Path feedback() const noexcept {
    if (rtcp.remote.port != 0) return rtcp;
    Path path = media;
    if (path.local.ip.is_multicast()) path.local.ip = {};  // No address to answer from.
    if (terms.rtcp != RtcpWay::kNextPort) return path;
    ++path.remote.port;
    ++path.local.port;
    path.door = doors.control.value_or(path.door);
    return path;
  }
};

// What the worker's counters have of an engine's figures.
struct ReceiverFigures {
  std::uint64_t lost = 0;
  std::uint64_t given_up = 0;
  std::uint64_t splices = 0;
};

template <class Stats>
constexpr ReceiverFigures figures_of(const Stats& stats) {
  return {stats.lost, stats.given_up, stats.splices};
}

struct Publisher {
  using Receiver = std::variant<srt::Receiver, Feed>;

  Envelope envelope;
  Receiver receiver;
  PublisherTime time;
  std::unique_ptr<crypto::SessionCiphers> ciphers;  // Null: clear.
  ReceiverFigures counted{};
  std::uint32_t mss = kMssMax;
  Instant last_data{};
  std::uint64_t packets = 0;  // Everything that came, duplicates included.
  std::uint64_t bytes = 0;
  std::uint64_t unique = 0;
  std::uint64_t belated = 0;
  std::uint64_t undecrypted = 0;
  // The last key message answered: a copy of it is answered again without asking control.
  std::uint16_t key_message_bytes = 0;
  std::array<std::byte, kKeyMessageBytesMax> key_message{};

  // Null: it is the other kind.
  [[nodiscard]] srt::Receiver* srt() noexcept { return std::get_if<srt::Receiver>(&receiver); }
  [[nodiscard]] Feed* feed() noexcept { return std::get_if<Feed>(&receiver); }
  [[nodiscard]] const srt::Receiver* srt() const noexcept { return std::get_if<srt::Receiver>(&receiver); }
  [[nodiscard]] const Feed* feed() const noexcept { return std::get_if<Feed>(&receiver); }
  // All positions before it are held or given up.
  [[nodiscard]] PacketPos first_missing() const noexcept {
    return feed() != nullptr ? feed()->receiver.first_missing() : srt()->first_missing();
  }
};

}  // namespace fanlight
