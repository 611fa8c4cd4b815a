// One world: virtual time, the network, the relay, its publisher and viewers, and the faults of its kind. Everything
// follows from the kind and a seed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "books.h"
#include "destination_legs.h"
#include "destination_peer.h"
#include "intruders.h"
#include "joins.h"
#include "publisher_peer.h"
#include "reception_check.h"
#include "relay_host.h"
#include "rtp_publisher_peer.h"
#include "strays.h"
#include "viewer_peer.h"
#include "world_spec.h"

namespace fanlight::sim {

class World final : public Network {
 public:
  World(const WorldSpec& spec, std::uint64_t seed);
  // To the end and through the shutdown; the books say what was wrong.
  const Books& run();
  // Of everything that anybody sent, and when: two runs of one world from one seed are the same.
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }
  // Prints what went on, for people.
  void show() const;

  void send(Instant now, const Peer& from, ByteSpan datagram) override;
  bool send_to(Instant now, const Peer& from, const Endpoint& to, ByteSpan datagram) override;
  void report(const Peer& from, const char* what) override;

 private:
  friend class Faults;
  friend class Intruders;
  friend class Junk;
  friend class Strays;
  friend class Echo;
  enum class What : std::uint8_t { kToRelay, kToPeer, kWakePeer, kBreathe, kControl, kAct };
  struct Event {
    Instant at;
    std::uint64_t order = 0;
    What what = What::kAct;
    std::uint32_t subject = 0;  // Datagram, peer, or action.
    friend bool operator>(const Event& a, const Event& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };
  struct Datagram {
    Endpoint remote;              // The peer's end of it.
    Endpoint local;               // The relay's.
    bool is_unreachable = false;  // ICMP's word on what was sent there.
    std::uint16_t bytes = 0;
    std::array<std::byte, 1600> data;
  };
  enum class Who : std::uint8_t { kSource, kViewer, kDestination };
  // A peer's place in the network.
  struct Home {
    Peer* peer = nullptr;
    Link up;
    Link down;
    Instant wake_at = Instant::never();
    Who who = Who::kViewer;
    // Where it sends to.
    Endpoint relay{};
    Endpoint relay_control{};  // RTCP.
  };
  // A viewer's session's last look at the relay's clock.
  struct Shown {
    Instant at{};
    std::uint32_t time = 0;
  };

  void build_peers();
  void build_publisher(const DriftingClock& clock, SeqNo first_seq);
  void build_viewer(std::size_t number, const DriftingClock& clock, SeqNo first_seq);
  void build_feed();
  void build_destinations();
  void build_destination(std::size_t number, const DestinationTerms& terms,
                         const std::optional<crypto::SrtpMaster>& srtp);
  [[nodiscard]] DestinationTerms destination_terms(std::size_t number) const;
  [[nodiscard]] control::DestinationRule build_legs(DestinationPeer& peer);
  void build_echo();
  void build_members(const DestinationTerms& terms, std::size_t number, std::uint32_t first);
  [[nodiscard]] std::unique_ptr<DestinationPeer> make_destination(const Endpoint& address,
                                                                  const DestinationTerms& terms,
                                                                  const std::optional<crypto::SrtpMaster>& srtp);
  std::uint32_t house(Recipient& recipient, std::uint16_t rtcp_port, Micros longer = {});
  [[nodiscard]] TsShape draw_shape();
  [[nodiscard]] RelayHost::Options relay_options();
  void schedule(Instant at, What what, std::uint32_t subject);
  void act_at(Instant at, std::function<void()> action);
  [[nodiscard]] std::uint32_t keep(const Endpoint& remote, const Endpoint& local, ByteSpan datagram);
  void run_until(Instant end);
  void handle(const Event& event);
  void note_sent(ByteSpan datagram);
  void inject(const Endpoint& from, const Endpoint& to, ByteSpan datagram, Instant at);
  void say_unreachable(const Endpoint& remote, Home& home);
  void bring(const Datagram& datagram);
  // --- the relay's side
  void breathe();
  void carry_outbox(io::SimPort& port);
  void look_at(Home& home, ByteSpan datagram);
  void check_reports(ByteSpan datagram);
  void check_stamp(ByteSpan datagram);
  void wake_relay(Instant at);
  void wake_control(Instant at);
  void take_control_turn();
  void settle_peer(std::uint32_t home);
  // Its socket ID, or 0: no viewer's address.
  [[nodiscard]] SocketId viewer_at(const Endpoint& address) const;
  // Who hears what is sent there; the first is whose it is. None: a stranger.
  [[nodiscard]] std::span<const std::uint32_t> homes_at(const Endpoint& address) const;
  // --- the end
  void check_liveness();
  void shut_down();
  void balance();
  void balance_viewers();
  void balance_destinations();
  void balance_odd();
  void balance_legs();
  void check_turned_away();
  void balance_feed();
  void balance_keys();
  void show_rtp() const;

  const WorldSpec& spec_;
  Random random_;
  Books books_;
  Feed feed_;
  std::unique_ptr<RelayHost> relay_;
  std::unique_ptr<SourcePeer> source_;
  PublisherPeer* publisher_ = nullptr;         // When the source is one that calls.
  RtpPublisherPeer* rtp_publisher_ = nullptr;  // When it is not.
  std::vector<std::unique_ptr<ViewerPeer>> viewers_;
  std::vector<std::unique_ptr<DestinationPeer>> destinations_;
  std::vector<std::unique_ptr<SecondLeg>> second_legs_;
  std::vector<std::unique_ptr<FecLeg>> fec_legs_;
  std::vector<std::unique_ptr<DestinationPeer>> members_;  // Of groups, but for the first of each.
  std::map<Endpoint, std::vector<std::uint32_t>> groups_;  // Their homes.
  FecOptions fec_{};
  std::vector<control::StreamRule> late_rules_;
  std::vector<Home> homes_;  // The source's, the viewers', the destinations'.
  std::map<Endpoint, std::uint32_t> addresses_;
  const Endpoint relay_address_{IpAddress::v4(192, 0, 2, 1), 9000};
  const Endpoint feed_address_;  // Ours, or a group's.
  const Endpoint second_feed_address_{IpAddress::v4(192, 0, 2, 1), 6004};

  Instant now_{};
  Instant first_call_{};  // The publisher's.
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<std::unique_ptr<Datagram>> datagrams_;
  std::vector<std::uint32_t> free_datagrams_;
  std::vector<std::function<void()>> actions_;

  std::uint64_t fresh_index_ = 0;  // The first payload of the world's last second.
  std::vector<bool> were_up_;      // Viewers, when the world ended.

  Instant relay_wake_ = Instant::never();
  Instant control_wake_ = Instant::never();
  Instant stalled_until_{};
  std::size_t stalled_ = 0;  // Of several workers, this one alone.
  Instant control_hangs_until_{};
  Instant control_deaf_until_{};
  std::map<SocketId, Shown> shown_;  // By the viewer's socket ID.
  Joins joins_;
  Intruders intruders_{*this};
  Strays strays_{*this};
  std::unique_ptr<Echo> echo_;
  ReceptionCheck reception_;
  std::uint64_t fingerprint_ = 0xCBF2'9CE4'8422'2325;
};

}  // namespace fanlight::sim
