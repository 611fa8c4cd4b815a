// SessionDesk's care of streams: how they begin, what the operator wants of them, and when they end.
#include <algorithm>
#include <utility>
#include <variant>

#include "session/session_desk.h"

namespace fanlight::control {
namespace {

const StreamRule* find_rule(const std::vector<StreamRule>& rules, std::string_view name) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const StreamRule& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

Error no_stream(std::string_view name) {
  return {ErrorCode::kNotFound, "there is no stream " + std::string{name} + " to remove"};
}

}  // namespace

SessionDesk::SessionDesk(std::vector<StreamRule> rules, StreamFactory& factory, std::size_t workers, WayOut way_out,
                         IsOwn is_own, StreamFormats formats)
    : factory_(factory),
      formats_(std::move(formats)),
      placement_(workers),
      way_out_(std::move(way_out)),
      is_own_(std::move(is_own)),
      commands_(workers) {
  for (const StreamRule& rule : rules) add_rule_or_note(rule);
  wipe_passphrases(rules);
}

// Streams that no worker has seen go back the way they came; the others are the worker's.
SessionDesk::~SessionDesk() {
  for (std::deque<Command>& commands : commands_)
    for (Command& command : commands)
      if (auto* adding = std::get_if<command::AddStream>(&command)) factory_.take_back(adding->stream);
}

StreamEntry* SessionDesk::begin_stream(const StreamPolicy& policy, std::string_view name) {
  StreamEntry* entry = streams_.add(policy, name);
  if (entry == nullptr) return nullptr;
  entry->fec_random = random_();
  StreamOptions options = policy.options();
  options.payload = format_of(formats_, name).terms();
  options.fec.random = entry->fec_random;
  const std::vector<Stream*> streams = factory_.make(options);
  if (streams.empty()) {
    const StreamIndex index = entry->index;
    streams_.retire(*entry);
    streams_.erase(index);
    return nullptr;
  }
  CHECK(streams.size() == workers());
  for (std::size_t worker = 0; worker < streams.size(); ++worker)
    say(worker, command::AddStream{.index = entry->index, .stream = streams[worker]});
  streams_untold_[entry->index.raw()] += workers();
  return entry;
}

// Whoever has been in for as long as a mute one stays is left in peace.
bool SessionDesk::try_displace_newcomer(const IpAddress& caller) {
  std::vector<Newcomers::One> young;
  sessions_.for_each([&](const Session& session) {
    const StreamEntry* stream = streams_.at(session.stream);
    const bool has_begun_it = session.role == Role::kPublisher && session.call == 0 && !session.is_ours() &&
                              stream != nullptr && stream->is_dynamic && !stream->is_retiring;
    if (has_begun_it && session.socket != SocketId{} && now_ - session.opened < kHandshakeTimeout)
      young.push_back({session.path.remote.ip, session.opened, session.worker, session.socket});
  });
  const auto gone = newcomers_.choose(now_, caller, young);
  if (gone) say(gone->worker, command::CloseSession{.socket = gone->socket, .reason = CloseReason::kDisplaced});
  return gone.has_value();
}

void SessionDesk::retire(StreamEntry& stream) {
  note(Notice::Level::kInfo, "stream " + stream.policy.name + " ended");
  say_to_all(command::RemoveStream{stream.index});
  streams_.retire(stream);
}

// The index is free again when nobody knows the old stream by it any more.
void SessionDesk::handle(event::StreamRetired& event) {
  StreamEntry* entry = streams_.at(event.index);
  if (entry != nullptr && ++entry->retired == workers()) streams_.erase(event.index);
  factory_.take_back(event.stream);
}

void SessionDesk::handle(event::StreamName& event) {
  if (StreamEntry* entry = streams_.at(event.stream); entry != nullptr)
    entry->cname.assign(event.name.begin(), event.name.end());
}

void SessionDesk::leave_stream(const Session& session, bool was_up) {
  StreamEntry* stream = streams_.at(session.stream);
  if (stream == nullptr || stream->sessions == 0) return;
  --stream->sessions;
  if (session.is_further_leg) --stream->further_legs;
  stream->vacate(session.request);
  if (stream->is_retiring) return;
  // A publisher that never spoke leaves nothing worth waiting for: strangers could fill the table with such streams.
  // One that was kicked left its place before, and somebody else may have it.
  // One that nobody watches waits for nobody either: its history is memory that the next stream can use.
  if (session.role == Role::kPublisher && !stream->publisher && stream->is_dynamic && was_up)
    stream->linger_end = now_ + kLinger;
  if (stream->is_dynamic && !stream->publisher && stream->sessions == 0) stream->linger_end = now_;
  if ((stream->is_removed && stream->sessions == 0) || stream->linger_end <= now_) retire(*stream);
}

void SessionDesk::apply_rule(StreamEntry& stream, const StreamPolicy& policy, bool is_dynamic) {
  StreamPolicy applied = policy;
  applied.name = stream.policy.name;
  if (!applied.keep_dimensions_of(stream.policy))
    note(
        Notice::Level::kWarning,
        "stream " + applied.name + ": a new bitrate, latency_max, GOP, join or bound takes effect when it is re-added");
  stream.policy = applied;
  rotations_.apply_rule(now_, stream.index, applied.rekey);
  stream.is_removed = false;
  const bool becomes_dynamic = is_dynamic && !stream.is_dynamic;
  stream.is_dynamic = is_dynamic;
  if (!is_dynamic) stream.linger_end = Instant::never();
  if (becomes_dynamic && !stream.publisher) stream.linger_end = now_ + kLinger;
}

Result<Done> SessionDesk::add_rule(const StreamRule& rule) {
  const Result<Done> added = try_add_rule(rule);
  if (const auto doubt = find_doubt(rule); added && doubt) note(Notice::Level::kWarning, *doubt);
  return added;
}

Result<Done> SessionDesk::try_add_rule(const StreamRule& rule) {
  if (const auto fault = find_fault(rule)) return Error{ErrorCode::kInvalid, *fault};
  const StreamPolicy policy(rule);
  const Error known{ErrorCode::kInUse, "there is a stream " + rule.name + " already"};
  if (rule.is_pattern()) {
    if (!streams_.try_add_pattern(policy)) return known;
    return Done{};
  }
  if (StreamEntry* stream = streams_.find(rule.name)) {
    if (!stream->is_removed && !stream->is_dynamic) return known;
    apply_rule(*stream, policy, false);
    return Done{};
  }
  if (begin_stream(policy, rule.name) == nullptr)
    return Error{ErrorCode::kNoMemory, "no room for stream " + rule.name +
                                           ": lower its bitrate, latency_max or GOP, or give the relay more memory"};
  return Done{};
}

void SessionDesk::add_rule_or_note(const StreamRule& rule) {
  const Result<Done> added = add_rule(rule);
  if (!added) note(Notice::Level::kWarning, "stream rule left out: " + added.error().what);
}

Result<Done> SessionDesk::add_stream(const StreamRule& rule) {
  if (is_stopping_) return Error{ErrorCode::kUnavailable, "the relay is stopping"};
  return add_rule(rule);
}

Result<Done> SessionDesk::remove_stream(std::string_view name) {
  if (!name.empty() && name.back() == '*') {
    if (!streams_.try_remove_pattern(name)) return no_stream(name);
    streams_.for_each([&](StreamEntry& stream) {
      if (stream.is_dynamic && covers(name, stream.policy.name) && streams_.match(stream.policy.name) == nullptr)
        retire(stream);
    });
    return Done{};
  }
  StreamEntry* stream = streams_.find(name);
  if (stream == nullptr) return no_stream(name);
  retire(*stream);
  return Done{};
}

Result<Done> SessionDesk::kick(SocketId socket) {
  const Session* session = sessions_.find(socket);
  if (session == nullptr) return Error{ErrorCode::kNotFound, "there is no session " + std::to_string(socket.raw())};
  say(session->worker, command::CloseSession{.socket = socket, .reason = CloseReason::kKicked});
  // A single worker, too, lets the next publisher in from that command on.
  StreamEntry* stream = streams_.at(session->stream);
  if (stream != nullptr && workers() == 1) stream->vacate(session->request);
  return Done{};
}

void SessionDesk::reload(std::vector<StreamRule> rules) {
  if (!is_stopping_) {
    streams_.clear_patterns();
    for (const StreamRule& rule : rules) {
      StreamEntry* stream = rule.is_pattern() ? nullptr : streams_.find(rule.name);
      if (stream == nullptr || find_fault(rule))
        add_rule_or_note(rule);
      else
        apply_rule(*stream, StreamPolicy(rule), false);
    }
    mark_removed(rules);
  }
  wipe_passphrases(rules);
}

// After the patterns are new: whatever stream one covers lives on under it, wherever it was born.
void SessionDesk::mark_removed(const std::vector<StreamRule>& rules) {
  streams_.for_each([&](StreamEntry& stream) {
    if (find_rule(rules, stream.policy.name) != nullptr) return;
    if (const StreamPolicy* pattern = streams_.match(stream.policy.name)) return apply_rule(stream, *pattern, true);
    stream.is_removed = true;
    if (stream.sessions == 0) retire(stream);
  });
}

std::uint64_t SessionDesk::ask_report(SocketId socket) {
  const std::uint64_t ticket = reports_.open(workers());
  say_to_all(command::AskReport{.ticket = ticket, .socket = socket});
  return ticket;
}

std::optional<Report> SessionDesk::take_report(std::uint64_t ticket) { return reports_.take(ticket); }

void SessionDesk::handle(event::SessionReport& event) {
  Report* report = reports_.find_open(event.ticket);
  const Session* session = sessions_.find(event.request);
  if (report == nullptr || session == nullptr) return;
  report->sessions.push_back({.stream = session->stream_name,
                              .user = session->user,
                              .agent = session->is_ours() ? kRtpAgent : version_text(session->srt_version),
                              .is_encrypted = session->key_bytes != 0,
                              .call = session->call,
                              .report = std::move(event)});
}

void SessionDesk::handle(event::StreamReport& event) {
  Report* report = reports_.find_open(event.ticket);
  StreamEntry* stream = streams_.at(event.stream);
  // While it looks only what control itself asked for, once a second: to ask for a status changes nobody's admission.
  const bool is_own_look = event.ticket == 0 || !admission_.is_looking();
  const auto bits = stream != nullptr && is_own_look ? stream->rate.note(now_, event.bytes) : std::nullopt;
  if (stream != nullptr && is_own_look) judge_bitrate(*stream, bits, event.bytes);
  if (report == nullptr || stream == nullptr) return;
  const auto known = std::find_if(report->streams.begin(), report->streams.end(),
                                  [&](const StreamView& view) { return view.report.stream == event.stream; });
  if (known != report->streams.end()) return known->add(event);
  report->streams.push_back({.name = stream->policy.name,
                             .rule = stream->policy.public_rule(),
                             .has_publish_passphrase = !stream->policy.publish_passphrase.is_empty(),
                             .has_view_passphrase = !stream->policy.view_passphrase.is_empty(),
                             .is_dynamic = stream->is_dynamic,
                             .is_removed = stream->is_removed || stream->is_retiring,
                             .report = event});
}

void SessionDesk::handle(event::ReportEnd& event) { reports_.close(event.ticket); }

}  // namespace fanlight::control
