// Who may publish, who may watch, and what became of them: the control thread's half of every session.
//
// Sans-IO like the engines: the workers' events, the operator's wishes and time come in; commands for each worker come
// out. One thread. It may allocate and hash passphrases (1.5–3 ms each), which is why it is not a worker.
//
// A stream is on every worker, a session on one. Only here is it known who has a stream's publisher: the place is taken
// from the CONCLUSION on, and with several workers it is free again when the worker has let go of the session, for a
// kicked publisher may still bring packets that the next one's must not meet.
//
//   CONCLUSION ─▶ handle_event ─▶ policies ─▶ (webhook) ─▶ key material, stream table ─▶ OpenSession | SendReply
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "access/issuer_table.h"
#include "access/policy_table.h"
#include "base/result.h"
#include "base/time.h"
#include "config/rules.h"
#include "contract/commands.h"
#include "session/access_forecast.h"
#include "session/admission.h"
#include "session/ban_table.h"
#include "session/barred_publishers.h"
#include "session/call_table.h"
#include "session/conclusion.h"
#include "session/destination_table.h"
#include "session/event_feed.h"
#include "session/feed_table.h"
#include "session/inquiry_desk.h"
#include "session/key_desk.h"
#include "session/key_ring.h"
#include "session/newcomers.h"
#include "session/passphrase_guard.h"
#include "session/passphrase_marks.h"
#include "session/placement.h"
#include "session/quiet_count.h"
#include "session/random_word.h"
#include "session/refusal_memory.h"
#include "session/rejected_callers.h"
#include "session/report_desk.h"
#include "session/rotation_desk.h"
#include "session/session_table.h"
#include "session/stream_table.h"
#include "session/token_budget.h"

namespace fanlight::control {

// While viewers of a pattern's stream wait for its publisher.
inline constexpr Micros kLinger = seconds(30);

// What happened, for the log. Never holds a passphrase or key.
struct Notice {
  enum class Level { kInfo, kWarning } level = Level::kInfo;
  std::string text;
  // Strangers bring about what they like of the last two: neither takes room from the others.
  enum class About { kRelay, kSession, kRejection } about = About::kRelay;
};

// What a caller must know.
struct KeyChoice {
  const Secret* passphrase = nullptr;
  const RingKey* key = nullptr;  // Null: not of the ring.
};
// Sessions that came in with a key are to end.
struct KeyKick {
  Instant at;
  std::uint64_t key = 0;  // 0: none of the ring.
  KeyPlace place;
  std::uint64_t own_mark = 0;        // Of a stream's own passphrase; 0: it is not one.
  std::vector<RequestId> earlier{};  // Sessions that came in with what it replaced.
};

class SessionDesk {
 public:
  // The door and address of ours that a call to an endpoint leaves from; empty when there is none.
  using WayOut = std::function<std::optional<Path>(const Endpoint&)>;
  // Whether the relay itself listens there.
  using IsOwn = std::function<bool(const Endpoint&)>;
  // A rule that is invalid, doubled, or has no memory is left out with a notice. `formats`: of the streams that feeds
  // bring and SRT does not carry.
  SessionDesk(
      std::vector<StreamRule> rules, StreamFactory& factory, std::size_t workers = 1,
      WayOut way_out = [](const Endpoint& to) { return Path{.remote = to, .local = {}}; },
      IsOwn is_own = [](const Endpoint&) { return false; }, StreamFormats formats = {});
  ~SessionDesk();
  SessionDesk(const SessionDesk&) = delete;
  SessionDesk& operator=(const SessionDesk&) = delete;

  void handle_event(Instant now, Event event, std::size_t worker = 0);
  void handle_timeout(Instant now);

  [[nodiscard]] std::size_t workers() const { return placement_.workers(); }
  // The next command for a worker, oldest first. Peek, push into the ring, then pop: a full ring loses nothing. Who has
  // gone round all workers goes round again: sessions are not opened while a worker has not been told of their stream.
  [[nodiscard]] Command* peek_command(std::size_t worker = 0);
  void pop_command(std::size_t worker = 0);
  [[nodiscard]] bool has_commands(std::size_t worker = 0) const { return !commands_[worker].empty(); }
  [[nodiscard]] std::optional<Notice> poll_notice();
  [[nodiscard]] std::optional<SessionEvent> poll_session_event() { return feed_.poll(); }
  [[nodiscard]] std::uint64_t session_events_dropped() const { return feed_.dropped(); }
  [[nodiscard]] Instant next_deadline() const;

  // The operator's wishes. Errors are sentences for the API's answer.
  [[nodiscard]] Result<Done> add_stream(const StreamRule& rule);
  // Ends the stream and its sessions now; a pattern takes its streams with it.
  [[nodiscard]] Result<Done> remove_stream(std::string_view name);
  [[nodiscard]] Result<Done> kick(SocketId socket);
  // From now on nobody from there is heard, and no call goes there. Answers how many sessions end.
  [[nodiscard]] Result<std::size_t> ban(Instant now, const BanOrder& order);
  [[nodiscard]] Result<Done> unban(const IpPrefix& prefix);
  [[nodiscard]] std::vector<BanView> bans(Instant now) const { return bans_.views(now); }
  [[nodiscard]] ArmourView armour() const {
    return {bans_.size(), guard_.refused(), keys_.derivations(), postponed_.total(), refreshes_ignored_};
  }
  // What workers do for strangers from now on.
  void set_armour(const ArmourOptions& armour);
  // Replaces the rules. Running sessions are not touched; a rule that is gone ends with its last session.
  void reload(std::vector<StreamRule> rules);
  // Calls of the relay's own. They are kept up until they are removed. With a role, only one of that role is meant.
  [[nodiscard]] Result<std::uint32_t> add_call(Instant now, CallRule rule);
  [[nodiscard]] Result<Done> remove_call(std::uint32_t id, std::optional<Role> role = std::nullopt);
  // Replaces the calls; those that stay the same go on.
  void reload_calls(Instant now, std::vector<CallRule> rules);
  // Of both kinds: listeners that are called, and destinations.
  // `with_keys`: descriptions hold the keys of those that have SRTP.
  [[nodiscard]] std::vector<CallView> calls(Instant now, bool with_keys = false);
  // Where streams are sent without a call. Kept up until they are removed; those that stay the same go on.
  [[nodiscard]] Result<std::uint32_t> add_destination(Instant now, DestinationRule rule);
  [[nodiscard]] Result<Done> remove_destination(std::uint32_t id);
  void reload_destinations(Instant now, std::vector<DestinationRule> rules);
  // For how many streams there are buffers to make FEC in.
  void set_fec_streams_max(std::size_t most) { fec_streams_max_ = most; }
  // The door and address of ours that a destination's packets leave by. kInvalid: there can be none.
  using DestinationWay = std::function<Result<Path>(const DestinationRule&)>;
  void set_destination_ways(DestinationWay way) { destination_way_ = std::move(way); }
  // What will hardly work of one, for the log; empty: nothing.
  using DestinationDoubt = std::function<std::optional<std::string>(const DestinationRule&, const MediaFormat&)>;
  void set_destination_doubts(DestinationDoubt doubt) { destination_doubt_ = std::move(doubt); }
  // Addresses that have come to this host: what led elsewhere may lead to the relay itself now.
  void note_own_addresses(Instant now, const std::set<IpAddress>& come);
  // Where numbers of destinations and SSRCs of feeds come from, instead of the system's random bits.
  void set_random(std::function<std::uint32_t()> random) { random_ = std::move(random); }
  // A name to be resolved, and what became of it: addresses, or none and why.
  struct Lookup {
    std::uint32_t call = 0;
    std::string host;
  };
  [[nodiscard]] std::optional<Lookup> poll_lookup();
  void handle_lookup(Instant now, std::uint32_t call, std::vector<IpAddress> addresses, const std::string& error);
  // What keeps a feed from being heard; empty: nothing. Asked when it is to be opened, while it is silent, and of two
  // legs always.
  using FeedFault = std::function<std::optional<FeedObstacle>(const FeedRule&)>;
  void set_feed_faults(FeedFault fault) { feed_fault_ = std::move(fault); }
  // Feeds, of which each is opened as soon as its stream is there. Once, at the start.
  void set_feeds(Instant now, std::vector<FeedPlace> places);
  [[nodiscard]] std::vector<FeedView> feeds(Instant now) const;
  // Until it is set, the desk's own time.
  void set_wall_clock(std::function<WallTime()> clock) { wall_clock_ = std::move(clock); }
  // Who may come in; sessions that are in stay.
  void set_policies(PolicyTable policies) {
    policies_ = std::move(policies);
    refusals_.clear();
  }
  [[nodiscard]] const std::vector<PolicyRule>& policies() const { return policies_.rules(); }
  // What would become of a caller that knows the passphrase; nothing changes.
  [[nodiscard]] AccessForecast forecast(Instant now, const AccessQuestion& question);
  // What callers without a stream ID ask for, by the way they came.
  void set_default_stream_ids(std::function<std::string_view(const Path&)> ids) { default_stream_id_ = std::move(ids); }
  // Passphrases of users, groups and streams (ring_desk.cc). What the API set stays until the process ends; sessions
  // that are in stay.
  [[nodiscard]] Result<Done> set_key(KeyRule rule);
  void reload_keys(std::vector<KeyRule> rules);
  [[nodiscard]] std::vector<KeyView> keys();
  // New sessions hear 2423 from then on; with `kicks` those that came in with it end then.
  [[nodiscard]] Result<ExpiredKeys> expire_keys(Instant now, const KeyPlace& place, std::int64_t in_seconds,
                                                bool kicks);
  // Ends the sessions that would need the key of that place now and came in with another or none. Answers how many.
  [[nodiscard]] Result<std::size_t> kick_earlier(const KeyPlace& place);
  // Whose tokens count. Without policies, those of callers with a good one get in and no others.
  void set_issuers(IssuerTable issuers) { issuers_ = std::move(issuers); }
  // What a webhook is to be asked, and what it said.
  [[nodiscard]] std::optional<Inquiry> poll_inquiry() { return inquiries_.poll(); }
  void handle_answer(Instant now, std::uint64_t inquiry, InquiryAnswer answer);
  // How many questions a webhook takes at a time.
  void set_hook_hands(HookHands hands) { inquiries_.set_hands(std::move(hands)); }
  // How often a caller got no answer because its webhook had no turn for it in time.
  [[nodiscard]] std::uint64_t left_unasked() const { return unasked_.total(); }
  // Tokens that nobody looked at: too many from there were bad.
  [[nodiscard]] std::uint64_t tokens_unread() const { return tokens_unread_.total(); }
  // Viewers of a stream or pattern, or one session, get another key. Answers how many; encrypted ones have one.
  [[nodiscard]] Result<std::size_t> rotate_keys(Instant now, std::string_view stream, SocketId socket);
  // Callers that were turned down without asking, because the webhook had just said so.
  [[nodiscard]] std::uint64_t refusals_remembered() const { return refusals_remembered_; }
  // Asks the workers for figures of one session (or all, with SocketId{}); take_report() has them when they came.
  [[nodiscard]] std::uint64_t ask_report(SocketId socket);
  [[nodiscard]] std::optional<Report> take_report(std::uint64_t ticket);
  // What all viewers together may be sent, bits/s; 0: no limit. Who is watching already stays.
  // `capacity_bits`: what policies' shares are of.
  void limit_egress(double bits_max, double capacity_bits = 0) {
    admission_.limit(bits_max);
    capacity_bits_ = capacity_bits;
  }
  [[nodiscard]] AdmissionView admission();
  void stop();
  [[nodiscard]] bool is_stopped() const { return stopped_ == workers(); }
  // PBKDF2 runs so far.
  [[nodiscard]] std::uint64_t key_derivations() const { return keys_.derivations(); }

 private:
  // --- events
  void handle(std::monostate&) {}
  void handle(event::ConclusionReceived& event);
  void handle(event::SessionOpened& event);
  void handle(event::SessionRefused& event);
  void handle(event::SessionClosed& event);
  void handle(event::CallConnected& event);
  void handle(event::CallFailed& event);
  void handle(event::FeedNews& event);
  void handle(event::FeedRefusal& event);
  void handle(event::DestinationNews& event);
  void handle(event::DestinationSource& event);
  void handle(event::PayloadUnfit& event);
  void handle(event::StreamName& event);
  void handle(event::KeyRequestReceived& event);
  void handle(event::KeysInstalled&) {}  // The retired ciphers end with the event.
  void handle(event::KeyDue& event) { rotations_.handle_due(event.request); }
  void handle(event::KeyAnnounced& event);  // The key it replaced ends with it.
  void handle(event::SessionReport& event);
  void handle(event::StreamReport& event);
  void handle(event::ReportEnd& event);
  void handle(event::StreamRetired& event);
  void handle(event::Stopped&) { ++stopped_; }

  // --- conclusions
  void admit(const event::ConclusionReceived& event, const Conclusion& conclusion);
  [[nodiscard]] static AccessRequest request_of(const Endpoint& from, const StreamRequest& wanted, WallTime at);
  [[nodiscard]] AccessRequest request_of(const Path& path, const Conclusion& conclusion) const;
  void ask_about(const event::ConclusionReceived& event, const Conclusion& conclusion, AccessRequest request,
                 const std::string& hook);
  void leave_unasked(const Path& path, SocketId peer, const std::string& hook);
  void stay_silent(const Path& path, SocketId peer);
  [[nodiscard]] InquiryAnswer without_answer(const Asked& asked, const NoAnswer& none);
  void answer_held(const HeldConclusion& held, InquiryAnswer answer);
  // The worker that has its session answers; the one the copy came to need not remember it.
  void answer_repeat(const Path& path, const Conclusion& conclusion);
  void let_in(const Path& path, const Conclusion& conclusion, const Grant& grant);
  // Opens a session for it, or answers why not.
  [[nodiscard]] std::optional<Denied> try_open(const Path& path, const Conclusion& conclusion, const Grant& grant);
  void open(const Path& path, const Conclusion& conclusion, StreamEntry& stream, const Grant& grant, AgreedKeys keys,
            const KeyChoice& choice);
  void say_rejection(const Path& path, const wire::Handshake& handshake, wire::Reject reason);
  void reject(const Path& path, const wire::Handshake& handshake, wire::Reject reason, const StreamRequest* request,
              std::string_view by = "");

  // --- what tokens say (token_desk.cc)
  [[nodiscard]] Decision decide(AccessRequest& request) const;
  // False when its token is not to be looked at now.
  [[nodiscard]] bool may_show_token(const Path& path, const Conclusion& conclusion);
  void note_token(const IpAddress& caller, const AccessRequest& request);
  [[nodiscard]] Instant end_of(const Grant& grant) const;
  void close_ended();

  // --- what sessions were let in with (grant_desk.cc)
  [[nodiscard]] std::optional<Denied> judge_address(const IpAddress& address, const Grant& grant) const;
  [[nodiscard]] std::optional<Denied> judge_limits(const StreamEntry* stream, const StreamPolicy& policy, Role role,
                                                   const Grant& grant);
  // Whether another viewer of `stream`, or of the one that its policy would begin, fits.
  [[nodiscard]] bool has_room_for(const StreamEntry* stream, const StreamPolicy& policy);
  void ask_for_rates();
  // `bits`: per second of the last whole one; `bytes`: so far.
  void judge_bitrate(StreamEntry& stream, std::optional<double> bits, std::uint64_t bytes);
  void close_publisher(StreamEntry& stream, CloseReason reason);

  // --- forecasts (forecast_desk.cc)
  void foresee_entry(AccessForecast& forecast, const Grant& grant);
  [[nodiscard]] bool foresee_key(AccessForecast& forecast, const StreamPolicy& policy, const Grant& grant) const;
  [[nodiscard]] bool foresee_ban(AccessForecast& forecast) const;

  // --- the door (ban_desk.cc)
  void expire_bans();
  // The keys of try_open(), unless too many passphrases from there were wrong.
  [[nodiscard]] Result<AgreedKeys, Denied> agree_keys(const Path& path, const Conclusion& conclusion,
                                                      const Secret& passphrase);
  void postpone(const Path& path, const wire::Handshake& handshake);
  [[nodiscard]] bool is_known_from(const IpAddress& host, std::uint64_t passphrase) const;
  bool shut_out(const Session& session);

  // --- keys of running sessions (key_rotation.cc)
  // What further keys of the session are made with, or judged by.
  void keep_keys(Session& session, const SessionKek& keys, const KeyPrints& prints);
  void announce_keys();
  void note_ignored_refresh(Session& session, wire::Reject why);
  void note_rotations();
  [[nodiscard]] Result<std::size_t> rotate_one(std::string_view stream, SocketId socket);

  // --- keys (ring_desk.cc)
  [[nodiscard]] KeyChoice choose_key(const StreamPolicy& policy, const StreamRequest& request,
                                     const Grant& grant) const;
  template <class See>
  void see_own_passphrases(See see);
  [[nodiscard]] static bool is_in_with(const Session& session, std::uint64_t key, const KeyPlace& place,
                                       std::uint64_t own_mark);
  // 0: the key is no stream's own passphrase.
  [[nodiscard]] std::uint64_t own_mark_of(const RingKey& key) const;
  [[nodiscard]] std::uint32_t count_in_with(std::uint64_t key, const KeyPlace& place, std::uint64_t own_mark);
  [[nodiscard]] std::optional<KeyPlace> later_key_of(const Session& session);
  template <class IsMeant>
  [[nodiscard]] std::vector<RequestId> earlier_sessions(IsMeant is_meant);
  void kick_with_key(const std::vector<RequestId>& requests);
  [[nodiscard]] std::vector<RingKey*> keys_at(const KeyPlace& wanted);
  void set_key_kick(const RingKey& key, std::uint64_t own_mark, Instant at);
  [[nodiscard]] std::uint32_t kick_earlier_at(Instant at, const KeyPlace& place, const std::vector<RingKey*>& found);
  void kick_expired();
  [[nodiscard]] Instant next_key_kick() const;

  // --- streams
  // Null when there is no index or no memory left.
  StreamEntry* begin_stream(const StreamPolicy& policy, std::string_view name);
  // Without memory for a stream of the caller's: whether another one will end for it.
  [[nodiscard]] bool try_displace_newcomer(const IpAddress& caller);
  void retire(StreamEntry& stream);
  // A running stream gets the rule's new words; what its history was made for stays.
  void apply_rule(StreamEntry& stream, const StreamPolicy& policy, bool is_dynamic);
  // Gives back what the session held of its stream.
  void leave_stream(const Session& session, bool was_up);
  [[nodiscard]] Result<Done> add_rule(const StreamRule& rule);
  [[nodiscard]] Result<Done> try_add_rule(const StreamRule& rule);
  void add_rule_or_note(const StreamRule& rule);
  void mark_removed(const std::vector<StreamRule>& rules);

  // --- calls (call_desk.cc)
  void make_due_calls();
  [[nodiscard]] std::optional<std::string> obstacle_of(const CallEntry& call);
  [[nodiscard]] bool has_room_to_push(const StreamEntry* stream, std::string_view name);
  void begin_call(CallEntry& call);
  void dial(CallEntry& call, const Path& path);
  void drop_call(CallEntry& call);
  void end_call(const Session& session, CloseReason reason);
  void pause_call(CallEntry& call, std::string failure);
  void wake_calls(std::string_view stream);

  // --- feeds (feed_desk.cc)
  [[nodiscard]] std::string note_of(const FeedEntry& feed) const;
  [[nodiscard]] FeedEntry* find_feed(RequestId request);
  [[nodiscard]] Instant next_feed_due() const;
  void open_due_feeds();
  void look_at_legs(FeedEntry& feed);
  [[nodiscard]] std::optional<std::string> try_open_feed(FeedEntry& feed);
  void wait_with(FeedEntry& feed, std::string failure);
  void handle_feed_opened(const Session& session);
  void begin_or_end_feed(FeedEntry& feed, const Session& session, const event::FeedNews& event);
  void note_clock(FeedEntry& feed, const event::FeedNews& event);
  void tell_of_feed(const FeedEntry& feed, const Session& session, SessionEvent::Kind kind);
  void end_feed(const Session& session, std::string failure);

  // --- destinations (destination_desk.cc)
  void open_due_destinations();
  [[nodiscard]] std::optional<std::string> judge_room(const DestinationRule& rule) const;
  [[nodiscard]] std::optional<std::string> judge_key(const DestinationRule& rule) const;
  [[nodiscard]] std::optional<std::string> try_open_destination(DestinationEntry& one);
  void drop_destination(DestinationEntry& one);
  void close_legs(const DestinationEntry& one);
  void open_leg(DestinationEntry& one, StreamEntry& stream, const DestinationTerms& terms, const Path& path,
                std::optional<std::uint32_t> ssrc);
  void open_second_leg(DestinationEntry& one, StreamIndex index);
  void drop_leg(DestinationEntry& one);
  [[nodiscard]] std::vector<DestinationEntry*> fec_legs(const DestinationEntry& media);
  void steer_fec(const DestinationEntry& media);
  [[nodiscard]] std::optional<std::string> own_words(const DestinationRule& rule) const;
  void handle_destination_opened(const Session& session);
  void end_destination(const Session& session, std::string failure, bool is_worn_out = false);
  void retire_destination(DestinationEntry& one);
  void wake_destinations(std::string_view stream);
  // Interfaces may be made anew (destination_ways.cc).
  static constexpr Micros kWaysLookedEvery = seconds(1);
  void look_at_ways();
  void look_at_way(DestinationEntry& one, bool is_second_leg);

  template <class What>
  void say(std::size_t worker, What command) {
    commands_[worker].emplace_back(std::move(command));
  }
  template <class What>
  void say_to_all(What command) {
    for (std::deque<Command>& commands : commands_) commands.emplace_back(command);
  }
  void note(Notice::Level level, std::string text, Notice::About about = Notice::About::kRelay);
  // To those who follow along; a Notice tells the same to the log's readers.
  void tell(SessionEvent event) { feed_.add(now_, std::move(event)); }
  void tell_end(const Session& session, event::SessionClosed& event);

  StreamFactory& factory_;
  const StreamFormats formats_;
  StreamTable streams_;
  SessionTable sessions_;
  std::function<WallTime()> wall_clock_ = [this] { return WallTime{now_.us / 1'000'000}; };
  PolicyTable policies_;
  IssuerTable issuers_;
  TokenBudget token_budget_;
  QuietCount tokens_unread_;
  InquiryDesk inquiries_;
  QuietCount unasked_;
  RefusalMemory refusals_;
  std::uint64_t refusals_remembered_ = 0;
  EventFeed feed_;
  KeyDesk keys_;
  std::uint64_t refreshes_ignored_ = 0;
  RotationDesk rotations_;
  KeyRing key_ring_;
  std::vector<KeyKick> key_kicks_;
  std::function<std::string_view(const Path&)> default_stream_id_ = [](const Path&) { return std::string_view{}; };
  ReportDesk reports_;
  Placement placement_;
  Admission admission_;
  double capacity_bits_ = 0;  // 0: not known.
  BanTable bans_;
  PassphraseMarks passphrase_marks_;
  PassphraseGuard guard_;
  QuietCount postponed_;  // Conclusions that found no derivation left.
  RejectedCallers rejected_;
  BarredPublishers barred_;
  Newcomers newcomers_;
  CallTable calls_;
  std::vector<FeedEntry> feeds_;
  FeedFault feed_fault_ = [](const FeedRule&) { return std::nullopt; };
  DestinationTable destinations_;
  Instant ways_look_ = Instant::never();
  DestinationDoubt destination_doubt_ = [](const DestinationRule&, const MediaFormat&) { return std::nullopt; };
  std::size_t destination_turn_ = 0;  // Who is opened next begins its look for a worker there.
  std::size_t fec_streams_max_ = kStreamsMax;
  DestinationWay destination_way_ = [](const DestinationRule& rule) -> Result<Path> {
    return Path{.remote = rule.terms.remote, .local = {rule.source.value_or(IpAddress{}), 0}};
  };
  std::function<std::uint32_t()> random_ = random_word;
  WayOut way_out_;
  IsOwn is_own_;
  std::deque<Lookup> lookups_;
  std::vector<std::deque<Command>> commands_;            // By worker.
  std::map<std::uint16_t, std::size_t> streams_untold_;  // By index: so many workers have not taken its AddStream.
  std::deque<Notice> notices_;
  std::uint64_t last_request_ = 0;
  Instant now_{};         // Of the last event or timeout.
  std::size_t from_ = 0;  // The worker whose event is looked at.
  bool is_stopping_ = false;
  std::size_t stopped_ = 0;  // Workers.
};

// What stands in the way of a role that the passphrase let through; null: there is no such stream yet.
[[nodiscard]] std::optional<wire::Reject> judge_stream(const StreamEntry* stream, Role role);

}  // namespace fanlight::control
