// SessionDesk's care of destinations: each is opened as a viewer when its stream is there, and opened again when it was
// ended.
//
//   waiting ─ its stream is there ─▶ opening ─ SessionOpened ─▶ sending ◀─ DestinationNews ─▶ paused
//      ▲                               │ SessionRefused            │ SessionClosed             │
//      ╰───────────────────────────────┴───────────────────────────┴───────────────────────────╯
#include <algorithm>
#include <utility>

#include "config/destination_sdp.h"
#include "session/session_desk.h"

namespace fanlight::control {
namespace {

constexpr Micros kStreamPoll = seconds(1);
constexpr Micros kRetry = seconds(1);
constexpr Micros kUnfitNoted = seconds(60);
constexpr Micros kUnfitShown = seconds(65);  // Workers say so once a minute.

std::string_view words_for(DestinationPause pause) {
  switch (pause) {
    case DestinationPause::kNone:
      return "";
    case DestinationPause::kUnreachable:
      return "nothing reaches it (ICMP, or a rule of this host)";
    case DestinationPause::kUnresolved:
      return "nobody answers for its address, or for its gateway's (ARP, NDP), or all 1,024 places for next hops are "
             "in use";
    case DestinationPause::kLeft:
      return "its receiver said BYE";
    case DestinationPause::kSilent:
      return "its receiver's reports stopped";
  }
  return "";
}

// A payload of so many bytes is no whole TS packets.
std::string unfit_words(std::size_t bytes) {
  return "payloads of " + std::to_string(bytes) + " bytes that are no whole TS packets (188 bytes each, 0x47 first)";
}

// Of both legs, and of what comes to be sent there.
std::string failure_of(const DestinationEntry& one, const StreamEntry* stream, Instant now) {
  std::string failure = one.way.fault.empty() ? one.failure : one.way.fault;
  const auto add = [&](const std::string& words) { failure += (failure.empty() ? "" : "; ") + words; };
  if (!one.second_way.fault.empty())
    add("second leg: " + one.second_way.fault);
  else if (one.second_pause != DestinationPause::kNone)
    add("second leg: " + std::string{words_for(one.second_pause)});
  const bool is_unfit = stream != nullptr && stream->unfit && now - stream->unfit->told < kUnfitShown;
  if (is_unfit) add("not sent: " + unfit_words(stream->unfit->bytes));
  return failure;
}

DestinationState state_of(const DestinationEntry& one) {
  return one.is_open() && !one.way.fault.empty() ? DestinationState::kPaused : one.state;
}

}  // namespace

Result<std::uint32_t> SessionDesk::add_destination(Instant now, DestinationRule rule) {
  now_ = std::max(now_, now);
  const MediaFormat& format = format_of(formats_, rule.stream);
  take_type(rule, format);
  if (auto fault = judge_payload(rule, format)) return Error{ErrorCode::kInvalid, *std::move(fault)};
  if (is_stopping_) return Error{ErrorCode::kUnavailable, "the relay is stopping"};
  if (auto words = own_words(rule)) return Error{ErrorCode::kInvalid, *std::move(words)};
  if (auto fault = judge_key(rule)) return Error{ErrorCode::kInvalid, *std::move(fault)};
  if (const Result<Path> way = destination_way_(rule); !way && way.error().code == ErrorCode::kInvalid)
    return way.error();
  if (rule.second)
    if (const Result<Path> way = destination_way_(rule.second_alone()); !way && way.error().code == ErrorCode::kInvalid)
      return Error{ErrorCode::kInvalid, "second: " + way.error().what};
  const std::vector<DestinationRule> legs = legs_of(rule);
  for (const Endpoint& address : addresses_of(rule)) {
    const DestinationEntry* other = destinations_.find(address);
    if (other != nullptr && other->is_removed) other = destinations_.find_blocked(address);
    if (other != nullptr)
      return Error{ErrorCode::kInUse,
                   address.text() + " is destination " + std::to_string(other->id) + "'s, " + url_of(other->rule)};
  }
  if (streams_.find(rule.stream) == nullptr && streams_.match(rule.stream) == nullptr)
    return Error{ErrorCode::kNotFound, "there is no stream " + rule.stream + ", nor a pattern that covers it"};
  if (auto fault = judge_room(rule)) return Error{ErrorCode::kNoMemory, *std::move(fault)};
  const DestinationEntry& one = destinations_.add(calls_.take_id(), now_, std::move(rule));
  if (const auto doubt = destination_doubt_(one.rule, format))
    note(Notice::Level::kWarning, title_of(one) + ": " + *doubt);
  for (const DestinationRule& leg : legs) destinations_.add(calls_.take_id(), now_, leg, one.id);
  return one.id;
}

// That it leads to the relay itself; empty when it does not.
std::optional<std::string> SessionDesk::own_words(const DestinationRule& rule) const {
  for (const Endpoint& address : addresses_of(rule))
    if (is_own_(address)) return address.text() + " is this relay itself";
  return std::nullopt;
}

// A feed takes nothing that comes from a door of ours (worker/relay_feeds.cc), which behind a wildcard is not known of
// packets with a `source` of their own, or of groups. Only what may have come to mean something else is looked at.
void SessionDesk::note_own_addresses(Instant now, const std::set<IpAddress>& come) {
  now_ = std::max(now_, now);
  const auto may_lead_here = [&](const Endpoint& to) { return to.ip.is_multicast() || come.contains(to.ip); };
  destinations_.for_each([&](DestinationEntry& one) {
    if (one.is_removed || one.leader != 0 || std::ranges::none_of(addresses_of(one.rule), may_lead_here)) return;
    const auto words = own_words(one.rule);
    one.may_be_own = words.has_value();
    if (!words || one.legs == 0) return;
    note(Notice::Level::kWarning, title_of(one) + " ends: " + *words);
    one.failure = *words;
    one.is_ending = true;
    close_legs(one);
  });
}

// What leaves under a feed's key would be authentic where that feed is heard.
std::optional<std::string> SessionDesk::judge_key(const DestinationRule& rule) const {
  for (const FeedEntry& feed : feeds_)
    if (rule.srtp && feed.place.rule.srtp && feed.place.rule.srtp->key_and_salt == rule.srtp->key_and_salt)
      return "its SRTP key is that of stream " + feed.place.rule.stream + "'s feed: take another";
  return std::nullopt;
}

// What there is no room for; empty when there is.
std::optional<std::string> SessionDesk::judge_room(const DestinationRule& rule) const {
  if (destinations_.sessions() + sessions_of(rule) > kDestinationsMax)
    return "there are " + sessions_text(destinations_.sessions()) + ", and " + std::to_string(kDestinationsMax) +
           " are the most there may be";
  if (rule.terms.fec && !destinations_.has_fec(rule.stream) && destinations_.fec_streams() >= fec_streams_max_)
    return "buffers for FEC were planned for " + std::to_string(fec_streams_max_) +
           " streams, which have it: name the destination in a [[destination]] and restart";
  return destinations_.refusal(rule);
}

Result<Done> SessionDesk::remove_destination(std::uint32_t id) {
  DestinationEntry* one = destinations_.find(id);
  if (one == nullptr || one->is_removed || one->leader != 0)
    return Error{ErrorCode::kNotFound, "there is no destination " + std::to_string(id)};
  drop_destination(*one);
  return Done{};
}

// And its legs.
void SessionDesk::drop_destination(DestinationEntry& one) {
  for (DestinationEntry* leg : fec_legs(one)) drop_leg(*leg);
  drop_leg(one);
}

// They were numbered behind it.
std::vector<DestinationEntry*> SessionDesk::fec_legs(const DestinationEntry& media) {
  std::vector<DestinationEntry*> legs;
  if (!media.rule.terms.fec || media.leader != 0) return legs;
  for (const std::uint32_t id : {media.id + 1, media.id + 2})
    if (DestinationEntry* leg = destinations_.find(id); leg != nullptr && leg->leader == media.id && !leg->is_removed)
      legs.push_back(leg);
  return legs;
}

// FEC goes where its media goes, and when: nobody reports about it, so a receiver that left would be sent it for ever.
void SessionDesk::steer_fec(const DestinationEntry& media) {
  for (DestinationEntry* leg : fec_legs(media)) {
    const bool is_waiting = leg->state == DestinationState::kWaiting;
    if (media.state == DestinationState::kSending && is_waiting && !leg->is_blocked) destinations_.wait(*leg, now_);
    if (media.state == DestinationState::kSending || is_waiting) continue;
    leg->is_ending = true;
    close_legs(*leg);
  }
}

void SessionDesk::drop_leg(DestinationEntry& one) {
  if (one.state == DestinationState::kWaiting || one.state == DestinationState::kWornOut)
    return destinations_.erase(one.id, now_);
  destinations_.note_removed(one);
  close_legs(one);
}

void SessionDesk::close_legs(const DestinationEntry& one) {
  for (const SocketId socket : {one.socket, one.second_socket})
    if (socket != SocketId{}) say(one.worker, command::CloseSession{.socket = socket, .reason = CloseReason::kKicked});
}

void SessionDesk::reload_destinations(Instant now, std::vector<DestinationRule> rules) {
  now_ = std::max(now_, now);
  std::map<Endpoint, const DestinationRule*> wanted;
  for (DestinationRule& rule : rules) {
    take_type(rule, format_of(formats_, rule.stream));
    wanted.emplace(rule.terms.remote, &rule);
  }
  std::vector<std::uint32_t> gone;
  destinations_.for_each([&](DestinationEntry& one) {
    if (one.leader != 0 || one.is_removed) return;
    const auto found = wanted.find(one.rule.terms.remote);
    const bool stays = found != wanted.end() && found->second->is_same(one.rule);
    if (stays) wanted.erase(found);
    if (!stays) gone.push_back(one.id);
  });
  for (const std::uint32_t id : gone) drop_destination(*destinations_.find(id));
  for (const auto& [remote, rule] : wanted)
    if (const Result<std::uint32_t> added = add_destination(now_, *rule); !added)
      note(Notice::Level::kWarning, "destination " + url_of(*rule) + " left out: " + added.error().what);
}

std::vector<CallView> SessionDesk::calls(Instant now, bool with_keys) {
  std::vector<CallView> views = calls_.views(now);
  destinations_.for_each([&](DestinationEntry& one) {
    if (one.is_removed || one.leader != 0) return;
    const StreamEntry* stream = streams_.find(one.rule.stream);
    const SdpFacts facts{.ssrc = one.ssrc, .cname = stream != nullptr ? stream->cname : "", .local = one.local};
    const SdpOrigin origin = one.sdp.note(one.id, wall_clock_().raw(), facts);
    views.push_back({.id = one.id,
                     .stream = one.rule.stream,
                     .url = url_of(one.rule),
                     .state = name_of(state_of(one)),
                     .age = now - one.since,
                     .retry_in = one.is_blocked ? Micros{} : std::max(one.retry_at - now, Micros{}),
                     .failure = failure_of(one, stream, now),
                     .attempts = one.attempts,
                     .socket = one.socket,
                     .is_encrypted = one.srtp != nullptr,
                     .ssrc = one.ssrc,
                     .sdp = sdp_of(one.rule, facts, origin, format_of(formats_, one.rule.stream), with_keys)});
  });
  std::ranges::sort(views, {}, &CallView::id);
  return views;
}

void SessionDesk::open_due_destinations() {
  if (is_stopping_) return;
  while (DestinationEntry* one = destinations_.take_due(now_)) {
    const DestinationEntry* media = one->leader != 0 ? destinations_.find(one->leader) : nullptr;
    if (media != nullptr && media->state != DestinationState::kSending) {  // steer_fec() sees to it.
      destinations_.wait(*one, now_ + kStreamPoll);
      continue;
    }
    auto obstacle = try_open_destination(*one);
    if (!obstacle) continue;
    if (one->failure != *obstacle) note(Notice::Level::kWarning, title_of(*one) + " waits: " + *obstacle);
    one->failure = *std::move(obstacle);
    one->waits_for_stream = true;
    destinations_.wait(*one, now_ + kStreamPoll);
  }
}

// What stands in the way; empty when nothing does. The same rules as for viewers that are called.
std::optional<std::string> SessionDesk::try_open_destination(DestinationEntry& one) {
  const std::string& name = one.rule.stream;
  StreamEntry* stream = streams_.find(name);
  const bool is_known = stream != nullptr ? !stream->is_removed : streams_.match(name) != nullptr;
  if (!is_known) return "there is no stream " + name;
  if (judge_stream(stream, Role::kViewer)) return "stream " + name + " is not published";
  if (!has_room_to_push(stream, name)) return "the relay sends as much as capacity_mbps and admission_share let it";
  for (const Endpoint& address : one.rule.addresses())
    if (bans_.find(address.ip) != nullptr) return address.ip.text() + " is banned";
  if (auto words = one.may_be_own ? own_words(one.rule) : std::nullopt) return words;
  one.may_be_own = false;
  const Result<Path> path = destination_way_(one.rule);
  if (!path) return path.error().what;
  if (stream == nullptr) {
    stream = begin_stream(*streams_.match(name), name);
    if (stream == nullptr) return "no memory for stream " + name;
    stream->is_dynamic = true;
  }
  if (one.rule.second)
    if (const Result<Path> second = destination_way_(one.rule.second_alone()); !second) return second.error().what;
  one.state = DestinationState::kOpening;
  one.since = now_;
  one.waits_for_stream = false;
  ++one.attempts;
  // FEC is made where packets are released: beside its media.
  const DestinationEntry* leader = one.leader != 0 ? destinations_.find(one.leader) : nullptr;
  one.worker =
      leader != nullptr ? leader->worker : placement_.place(Role::kViewer, destination_turn_++ % placement_.workers());
  if (one.srtp != nullptr) one.worker = srtp_worker_of(one.rule.terms.remote, placement_.workers());
  one.random = one.rule.terms.fec ? stream->fec_random : random_();
  one.is_ending = false;
  one.local = path->local.ip;
  one.way = {.interface_index = path->interface_index};
  one.second_way = {};
  if (!one.rule.interface.empty() || (one.rule.second && !one.rule.second_alone().interface.empty()))
    ways_look_ = std::min(ways_look_, now_ + kWaysLookedEvery);
  open_leg(one, *stream, one.rule.terms, *path, std::nullopt);
  return std::nullopt;
}

// `ssrc`: the first leg's, for the second.
void SessionDesk::open_leg(DestinationEntry& one, StreamEntry& stream, const DestinationTerms& terms, const Path& path,
                           std::optional<std::uint32_t> ssrc) {
  const bool is_further_leg = ssrc.has_value() || terms.leg != DestinationPart::kMedia;
  ++one.legs;
  ++stream.sessions;
  if (is_further_leg) ++stream.further_legs;
  placement_.enter(one.worker);
  const RequestId request{++last_request_};
  sessions_.add({.request = request,
                 .worker = one.worker,
                 .path = path,
                 .peer = {},
                 .first_seq = {static_cast<std::uint32_t>(request.raw())},
                 .role = Role::kViewer,
                 .stream = stream.index,
                 .stream_name = one.rule.stream,
                 .user = {},
                 .key_bytes = one.rule.srtp ? crypto::form_of(one.rule.srtp->suite).key_bytes : 0,
                 .destination = one.id,
                 .is_second_leg = ssrc.has_value(),
                 .is_further_leg = is_further_leg});
  say(one.worker, command::OpenDestination{.request = request,
                                           .stream = stream.index,
                                           .terms = terms,
                                           .path = path,
                                           .random = one.random,
                                           .ssrc = ssrc,
                                           .srtp = one.srtp});
}

// The first leg is there.
void SessionDesk::open_second_leg(DestinationEntry& one, StreamIndex index) {
  StreamEntry* stream = streams_.at(index);
  const DestinationRule second = one.rule.second_alone();
  const Result<Path> path = destination_way_(second);
  if (stream == nullptr || !path) {
    one.is_ending = true;
    return close_legs(one);
  }
  one.second_way = {.interface_index = path->interface_index};
  open_leg(one, *stream, second.terms, *path, one.socket.raw());
}

void SessionDesk::handle_destination_opened(const Session& session) {
  DestinationEntry* one = destinations_.find(session.destination);
  if (one == nullptr) return;
  (session.is_second_leg ? one->second_socket : one->socket) = session.socket;
  const bool has_own_source = one->rule.terms.kind == FeedKind::kRtp && one->srtp == nullptr;
  if (has_own_source && !session.is_second_leg) one->ssrc = session.socket.raw();
  if (!session.is_fec()) tell(event_of(SessionEvent::Kind::kConnect, session));
  if (one->is_removed || one->is_ending) return close_legs(*one);
  if (!session.is_second_leg) {
    one->state = DestinationState::kSending;
    one->since = now_;
    one->failure.clear();
    if (one->leader == 0) note(Notice::Level::kInfo, title_of(*one) + " is sent to", Notice::About::kSession);
    if (one->rule.second) open_second_leg(*one, session.stream);
    steer_fec(*one);
  }
  if (bans_.find(session.path.remote.ip) != nullptr) shut_out(session);  // Banned while the worker opened it.
}

void SessionDesk::handle(event::DestinationNews& event) {
  const Session* session = sessions_.find(event.request);
  DestinationEntry* one = session != nullptr ? destinations_.find(session->destination) : nullptr;
  if (one == nullptr) return;
  const bool is_paused = event.pause != DestinationPause::kNone;
  std::string failure{words_for(event.pause)};
  if (event.pause == DestinationPause::kUnreachable)
    if (const Result<Path> way = destination_way_(session->is_second_leg ? one->rule.second_alone() : one->rule); !way)
      failure = way.error().what;
  if (session->is_second_leg) {
    one->second_pause = event.pause;
    return note(is_paused ? Notice::Level::kWarning : Notice::Level::kInfo,
                title_of(*one) + ": its second leg " + (is_paused ? "is paused: " + failure : "is sent to again"),
                Notice::About::kSession);
  }
  one->state = is_paused ? DestinationState::kPaused : DestinationState::kSending;
  one->since = now_;
  one->failure = std::move(failure);
  note(is_paused ? Notice::Level::kWarning : Notice::Level::kInfo,
       title_of(*one) + (is_paused ? " is paused: " + one->failure : " is sent to again"), Notice::About::kSession);
  steer_fec(*one);
}

void SessionDesk::handle(event::DestinationSource& event) {
  const Session* session = sessions_.find(event.request);
  DestinationEntry* one = session != nullptr ? destinations_.find(session->destination) : nullptr;
  if (one == nullptr) return;
  const bool is_another = one->ssrc != 0 && one->ssrc != event.ssrc;
  one->ssrc = event.ssrc;
  if (is_another)
    note(Notice::Level::kInfo,
         title_of(*one) + " has another SSRC, " + std::to_string(event.ssrc) +
             ", for a receiver that begins: ffmpeg that was running reads no more until it is started again",
         Notice::About::kSession);
}

// The key stays known, with what it has protected, as long as the destination does.
void SessionDesk::retire_destination(DestinationEntry& one) {
  one.state = DestinationState::kWornOut;
  one.since = now_;
  one.failure = "its SRTP key has protected as many packets as it may: give it another";
  note(Notice::Level::kWarning, title_of(one) + " is sent nothing more: " + one.failure, Notice::About::kSession);
}

void SessionDesk::end_destination(const Session& session, std::string failure, bool is_worn_out) {
  DestinationEntry* one = destinations_.find(session.destination);
  if (one == nullptr) return;
  (session.is_second_leg ? one->second_socket : one->socket) = SocketId{};
  if (session.is_second_leg) one->second_pause = DestinationPause::kNone;
  if (!session.is_second_leg) one->ssrc = 0;
  if (--one->legs > 0) {
    one->is_ending = true;
    one->failure = std::move(failure);
    return close_legs(*one);
  }
  if (one->is_ending) failure = one->failure;
  if (one->is_removed) return destinations_.erase(one->id, now_);
  if (is_worn_out) return retire_destination(*one);
  one->since = now_;
  one->failure = std::move(failure);
  destinations_.wait(*one, now_ + kRetry);
  steer_fec(*one);
}

void SessionDesk::handle(event::PayloadUnfit& event) {
  StreamEntry* stream = streams_.at(event.stream);
  if (stream == nullptr) return;
  const bool is_noted = stream->unfit && now_ - stream->unfit->noted < kUnfitNoted;
  stream->unfit = {.bytes = event.payload_bytes, .told = now_, .noted = is_noted ? stream->unfit->noted : now_};
  if (!is_noted)
    note(Notice::Level::kWarning, "stream " + stream->policy.name + ": its destinations are not sent " +
                                      unfit_words(event.payload_bytes) + "; SRT viewers are");
}

// A publisher has come.
void SessionDesk::wake_destinations(std::string_view stream) {
  destinations_.for_each([&](DestinationEntry& one) {
    if (one.state == DestinationState::kWaiting && one.waits_for_stream && one.rule.stream == stream)
      destinations_.wait(one, now_);
  });
}

}  // namespace fanlight::control
