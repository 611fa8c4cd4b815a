// One worker's streams and sessions: everything a breath does but the clock and the port. It lets the rooms below talk
// to each other and knows them by name only.
//
//   commands ─▶ packets ─▶ handovers taken ─▶ timers ─▶ service (engines speak) ─▶ handovers given ─▶ fan-out ─▶
//   transmit queue
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "contract/mailbox.h"
#include "io/port.h"
#include "stream/fan_out.h"
#include "stream/repair.h"
#include "stream/viewer_slabs.h"
#include "wire/reject.h"
#include "worker/calls.h"
#include "worker/distribution.h"
#include "worker/exchange.h"
#include "worker/fec_places.h"
#include "worker/feeds.h"
#include "worker/half_open.h"
#include "worker/listener.h"
#include "worker/replies.h"
#include "worker/reporter.h"
#include "worker/responses.h"
#include "worker/sessions.h"
#include "worker/srtp_places.h"
#include "worker/timer_wheel.h"

namespace fanlight {

class Relay {
 public:
  struct Options {
    std::uint8_t worker = 0;  // 0–63, part of every socket ID.
    std::size_t sessions_max = 4096;
    std::size_t publishers_max = 64;
    std::size_t publisher_places = 0;  // Of the sessions: viewers leave them free, however many come.
    std::size_t fec_feeds = 0;         // Feeds with FEC.
    ArmourOptions armour{};
    HashKey key{};                              // Random, the same for all workers: cookies and tables depend on it.
    Mesh* mesh = nullptr;                       // To the other workers; null when there are none.
    std::size_t srt_doors = SIZE_MAX;           // Doors from that one on are feeds' alone: no handshake is heard there.
    PacketPool* adopted = nullptr;              // With a mesh: for packets of publishers on other workers.
    std::vector<FeedAddress> feed_addresses{};  // On devices: of all workers' feeds.
    std::vector<Endpoint> own_doors{};          // On sockets: what comes from there, we sent.
  };
  Relay(const Options& options, Pools pools, Mailbox& mailbox, io::AnyPort port);
  ~Relay();

  void take_commands(Instant now) noexcept;
  void admit(Instant now, std::span<io::Arrival> burst) noexcept;
  // What other workers put into our rings, a bounded number. True when there was something.
  bool take_handovers(Instant now) noexcept;
  void fire_due_timers(Instant now) noexcept;
  void service_touched(Instant now) noexcept;
  // Our publishers' fresh packets, to the other workers' streams.
  void give_handovers() noexcept;
  // Answers whether anything left for the port.
  bool fan_out(Instant now) noexcept;
  void report(Instant now) noexcept;
  // When this worker has something to do by itself; `now` or earlier when it has already.
  [[nodiscard]] Instant next_deadline(Instant now) noexcept;
  // What the wall clock (since 1970) is ahead of the one that `now` is on, as of late.
  void set_wall_offset(Micros offset) noexcept { wall_offset_ = offset; }
  [[nodiscard]] Micros wall_offset() const noexcept { return wall_offset_; }
  [[nodiscard]] TransmitQueue& queue() noexcept { return queue_; }
  [[nodiscard]] Exchange& exchange() noexcept { return exchange_; }
  [[nodiscard]] const ViewerSlabs& slabs() const noexcept { return slabs_; }
  [[nodiscard]] WorkerCounters& counters() noexcept { return mailbox_.counters; }
  // True after command::Stop once every session has ended.
  [[nodiscard]] bool is_stopped() const noexcept { return stopped_; }

 private:
  // relay_packets.cc
  [[nodiscard]] Verdict admit_one(Instant now, io::Arrival& arrival) noexcept;
  [[nodiscard]] Verdict admit_control(Instant now, Session& session, ByteSpan datagram) noexcept;
  [[nodiscard]] Verdict admit_key_packet(Instant now, Session& session, const wire::ControlHeader& header,
                                         ByteSpan content) noexcept;
  void answer_key_request(Instant now, const Session& session) noexcept;
  [[nodiscard]] Verdict admit_data(Instant now, Session& session, PacketRef& packet) noexcept;
  [[nodiscard]] Verdict hold(Instant now, Session& session, const wire::DataHeader& header,
                             const srt::Receiver::Placement& placement, PacketRef& packet) noexcept;
  void touch(Session& session) noexcept;

  // relay_handovers.cc
  void apply(Instant now, Handover& handover) noexcept;
  [[nodiscard]] Verdict admit_nameless(Instant now, io::Arrival& arrival) noexcept;
  void apply_stream(Instant now, Handover& handover) noexcept;
  [[nodiscard]] bool awaits_its_stream(const Handover& next) noexcept;
  void hold_abroad(Instant now, StreamEntry& entry, Handover& handover) noexcept;

  // relay_commands.cc
  void apply(Instant now, Command& command) noexcept;
  void apply(Instant now, command::AddStream& add) noexcept;
  void apply(Instant now, command::RemoveStream& remove) noexcept;
  void apply(Instant now, command::OpenSession& open) noexcept;
  void apply(Instant now, command::SendReply& reply) noexcept;
  void apply(Instant now, command::ForgetCaller& caller) noexcept;
  void apply(Instant now, command::RepeatResponse& repeat) noexcept;
  void apply(Instant now, command::CloseSession& close) noexcept;
  void apply(Instant now, command::InstallKeys& install) noexcept;
  void apply(Instant now, command::AnnounceKey& announce) noexcept;
  void apply(Instant now, command::OpenCall& open) noexcept;
  void apply(Instant now, command::OpenFeed& open) noexcept;
  void apply(Instant now, command::OpenDestination& open) noexcept;
  void apply(Instant now, command::MoveDestination& move) noexcept;
  void apply(Instant now, command::AskReport& question) noexcept;
  void apply(Instant now, command::Ban& ban) noexcept;
  void apply(Instant now, command::Unban& ban) noexcept;
  void apply(Instant now, command::SetArmour& set) noexcept;
  void limit(const ArmourOptions& armour) noexcept;
  void apply(Instant now, command::Stop&) noexcept;
  void apply(Instant, std::monostate) noexcept {}
  // It was not heard yet, and others need its place.
  void displace(Instant now, Session& session) noexcept;
  [[nodiscard]] std::optional<wire::Reject> judge_open(const command::OpenSession& open) const noexcept;
  [[nodiscard]] bool open_publisher(Instant now, Session& session, command::OpenSession& open) noexcept;
  void begin_publisher(Session& session, Publisher& publisher) noexcept;
  void open_viewer(Instant now, Session& session, command::OpenSession& open) noexcept;
  [[nodiscard]] bool begin_session(Instant now, Session& session, command::OpenSession& open) noexcept;
  void refuse(command::OpenSession& open, wire::Reject reason) noexcept;

  // relay_feeds.cc; what is of legs in relay_feed_legs.cc, of FEC in relay_feed_fec.cc
  // Empty: it did not come where feeds come.
  [[nodiscard]] std::optional<Verdict> admit_to_feed(Instant now, io::Arrival& arrival) noexcept;
  [[nodiscard]] Verdict admit_feed_data(Instant now, Session& session, Feed& feed, io::Arrival& arrival,
                                        std::size_t leg) noexcept;
  [[nodiscard]] Verdict admit_feed_control(Instant now, Session& session, Feed& feed, io::Arrival& arrival) noexcept;
  [[nodiscard]] Verdict read_srtp(Instant now, Session& session, Feed& feed, io::Arrival& arrival,
                                  std::size_t leg) noexcept;
  void say_feedback(Instant now, Feed& feed) noexcept;
  void say_to_sender(Feed& feed, MutableByteSpan scratch, std::size_t bytes) noexcept;
  [[nodiscard]] static RtpMarks continue_marks(Feed& feed, const Stream& stream, StreamTime time,
                                               const rtp::Receiver::Placement& placement,
                                               const wire::RtpHeader& header) noexcept;
  [[nodiscard]] Verdict admit_feed_fec(Instant now, Session& session, Feed& feed, io::Arrival& arrival) noexcept;
  [[nodiscard]] Verdict take_fed(Instant now, Session& session, Feed& feed, const rtp::Receiver::Placement& placement,
                                 const wire::RtpHeader& header, bool is_bare, PacketRef& packet) noexcept;
  [[nodiscard]] bool is_stranger(Instant now, const Session& session, const Feed& feed, const Path& path,
                                 std::size_t leg) const noexcept;
  [[nodiscard]] Verdict repair_fed(Instant now, Session& session, Feed& feed, std::uint16_t original,
                                   Feed::Doubted& one) noexcept;
  [[nodiscard]] Verdict place_fed(Instant now, Session& session, Feed& feed, const Path& path, std::size_t leg,
                                  Feed::Doubted& one) noexcept;
  [[nodiscard]] Verdict admit_stranger(Instant now, Session& session, Feed& feed, const Path& path, std::size_t leg,
                                       Feed::Doubted& one) noexcept;
  void take_proven(Instant now, Session& session, Feed& feed, Feed::Doubted& doubted, std::size_t leg,
                   bool is_before) noexcept;
  [[nodiscard]] Verdict hold_fed(Instant now, Session& session, Feed& feed, const rtp::Receiver::Placement& placement,
                                 const wire::RtpHeader& header, PacketRef& packet) noexcept;
  void note_repair(Instant now, const Stream& stream, Feed& feed, StreamTime time) noexcept;
  void bring_back(Instant now, Session& session, Feed& feed) noexcept;
  [[nodiscard]] bool is_own(const Path& path) const noexcept;
  [[nodiscard]] bool may_send(Instant now, const Session& session, const Feed& feed, const Path& path, std::size_t leg,
                              bool is_retransmission) noexcept;
  [[nodiscard]] bool may_join(Instant now, const Session& session, Feed& feed, const Path& path, std::size_t leg,
                              std::uint16_t seq, ByteSpan payload) noexcept;
  [[nodiscard]] bool has_packet_of(const Session& session, const Feed& feed,
                                   const Feed::Newcomer& newcomer) const noexcept;
  void note_sender(Instant now, Session& session, Feed& feed, const Path& path, std::size_t leg) noexcept;
  void note_leg(Instant now, Session& session, Feed& feed, std::size_t leg,
                const rtp::Receiver::Placement& placement) noexcept;
  void note_source_clock(const Session& session, const Feed& feed) noexcept;
  void end_feed(Instant now, Session& session) noexcept;
  [[nodiscard]] std::optional<wire::Reject> try_open_feed(Instant now, command::OpenFeed& open) noexcept;

  // relay_feed_news.cc
  void service_feed(Instant now, Session& session, Feed& feed) noexcept;
  void note_clock(Feed& feed) noexcept;
  void tell_of_feed(Instant now, Session& session, Feed& feed) noexcept;
  void tell_of_refusal(Instant now, Session& session, Verdict verdict, const Endpoint& remote,
                       ByteSpan datagram) noexcept;

  // relay_destinations.cc
  [[nodiscard]] std::optional<wire::Reject> judge_open(const command::OpenDestination& open) noexcept;
  [[nodiscard]] std::optional<wire::Reject> try_open_destination(Instant now,
                                                                 const command::OpenDestination& open) noexcept;
  [[nodiscard]] Destination& begin_destination(Instant now, Session& session, const command::OpenDestination& open,
                                               SrtpGroup* group) noexcept;
  [[nodiscard]] Verdict admit_report(Instant now, io::Arrival& arrival, bool is_passed_on = false) noexcept;
  [[nodiscard]] Verdict admit_report(Instant now, Destination& destination, ByteSpan datagram) noexcept;
  void send_report(const Session& session, ByteSpan datagram) noexcept;
  void probe(Instant now, Destination& destination) noexcept;
  [[nodiscard]] Session* find_destination(const Endpoint& reporter) noexcept;
  [[nodiscard]] Verdict admit_undelivered(Instant now, io::Arrival& arrival, bool is_passed_on = false) noexcept;
  void service_destination(Instant now, Session& session) noexcept;
  void steer_flow(Session& session, Destination& destination) noexcept;
  void tell_of_destination(Session& session, Destination& destination) noexcept;
  void note_unfit(Instant now, const Release::Unfit& unfit, StreamIndex index) noexcept;
  bool try_tell_name(StreamIndex index, const rtp::CanonicalName& name) noexcept;
  [[nodiscard]] rtp::Sender::Progress progress_of(Instant now, const Destination& destination) const noexcept;
  void end_destination(Instant now, Session& session, Destination& destination) noexcept;

  // relay_srtp_out.cc
  [[nodiscard]] Verdict admit_secret_report(Instant now, Session& session, MutableByteSpan datagram) noexcept;
  void begin_anew_if_deaf(Instant now, Destination& destination) noexcept;
  void pause_flow(Destination& destination) noexcept;
  void resume_flow(Destination& destination) noexcept;
  void leave_group(Destination& destination) noexcept;
  void end_worn(Instant now, const Stream& stream) noexcept;

  // relay_keys.cc
  [[nodiscard]] Verdict admit_key_response(Instant now, Session& session, ByteSpan content) noexcept;
  // False when the session ends: its key is worn out.
  [[nodiscard]] bool service_keys(Instant now, Session& session) noexcept;
  void service_announcement(Instant now, Session& session) noexcept;
  [[nodiscard]] bool say_announcement(Instant now, Session& session) noexcept;
  void end_announcement(Session& session, KeyOutcome outcome) noexcept;

  // relay_calls.cc
  [[nodiscard]] Verdict admit_to_call(Instant now, Session& session, const io::Arrival& arrival) noexcept;
  void service_call(Instant now, Session& session) noexcept;
  [[nodiscard]] std::optional<wire::Reject> try_connect(Instant now, Session& session, Call& call,
                                                        const Path& path) noexcept;
  void hang_up(const Call& call) noexcept;
  void fail_call(Instant now, Session& session, srt::Caller::Failure failure) noexcept;
  // Those for one stream, or all.
  void fail_calls(Instant now, std::optional<StreamIndex> stream, wire::Reject reason) noexcept;

  // relay.cc
  void release(Instant now, Stream& stream, StreamIndex index) noexcept;
  void note_outcome(FanOut::Outcome outcome) noexcept;
  void service(Instant now, Session& session) noexcept;
  void service_viewer(Instant now, Session& session) noexcept;
  void note_heard(Instant now, Session& session) noexcept;
  void cut(Instant now, Session& session, CloseReason reason) noexcept;
  void service_publisher(Instant now, Session& session) noexcept;
  void count_received(Publisher& publisher, const ReceiverFigures& figures) noexcept;
  void handle_peer_event(Instant now, Session& session, PeerEvent event) noexcept;
  void begin_close(Instant now, Session& session, CloseReason reason) noexcept;
  void continue_close(Instant now, Session& session) noexcept;
  [[nodiscard]] bool say_shutdown(Instant now, Session& session) noexcept;
  [[nodiscard]] bool finish_close(Session& session) noexcept;
  void retire_streams() noexcept;
  [[nodiscard]] ControlStamp stamp_for(Instant now, const Session& session) const noexcept;
  [[nodiscard]] PacketPos publisher_missing(const Stream& stream, StreamIndex index) const noexcept;
  template <class EngineType>
  void speak(Instant now, Session& session, EngineType& engine) noexcept;

  Mailbox& mailbox_;
  const HashKey key_;
  Micros wall_offset_{};
  Exchange exchange_;
  const std::size_t srt_doors_;
  const std::vector<Endpoint> own_doors_;
  const std::size_t publisher_places_;
  PacketPool* adopted_;
  TransmitQueue queue_;
  Dresser dresser_;
  ViewerSlabs slabs_;
  // Destinations'.
  PlacePool places_{kDestinationsMax,
                    (Release::kDresses.size() + FecOut::kKinds.size()) * kStreamsMax + SrtpPlaces::kGroups};
  FanOut fan_out_;
  Repair repair_;
  Replies replies_;
  Sessions sessions_;
  HalfOpen half_open_;
  Responses responses_;
  Listener listener_;
  Calls calls_;
  Feeds feeds_;
  FecPlaces fec_places_;
  SrtpPlaces srtp_places_;
  TimerWheel timers_;
  std::vector<StreamEntry> streams_;
  Distribution distribution_;
  Reporter reporter_;
  std::vector<std::uint16_t> touched_;  // Never grows past its reserve: each session is in it once.
  std::size_t streams_end_ = 0;         // No stream has an index at or behind it.
  std::size_t streams_removing_ = 0;
  std::size_t next_stream_ = 0;  // The fan-out's first in the next breath.
  bool fan_out_pending_ = false;
  bool fan_out_blocked_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
};

}  // namespace fanlight
