// The session desk's tokens: what they let in, and what ends with them.
#include <algorithm>

#include "session/session_desk.h"

namespace fanlight::control {
namespace {

using wire::Reject;

// A session that the worker has not opened yet is closed when it has.
constexpr Micros kEndRetry = millis(100);

}  // namespace

// A malformed token is turned down whatever the policies say. One that is no good otherwise counts for nothing, and
// they decide; where there are none, whoever has issuers means tokens.
Decision SessionDesk::decide(AccessRequest& request) const {
  if (const auto reason = issuers_.judge(request)) return Denied{*reason, request.token_fault};
  if (issuers_.is_empty() || !policies_.rules().empty() || request.claims) return policies_.judge(request);
  if (request.is_token_misplaced) return Denied{Reject::kForbidden, request.token_fault};
  return Denied{Reject::kUnauthorized, request.token_fault.empty() ? "there is no token" : request.token_fault};
}

// Nothing is said: an honest caller repeats itself, and is heard when its site has bad ones to spare again.
bool SessionDesk::may_show_token(const Path& path, const Conclusion& conclusion) {
  if (issuers_.is_empty() || conclusion.request.token.empty()) return true;
  if (token_budget_.may_look(now_, path.remote.ip)) return true;
  stay_silent(path, conclusion.handshake.socket);
  if (const auto count = tokens_unread_.add(now_))
    note(Notice::Level::kWarning, std::to_string(*count) + " tokens were not looked at, the last from " +
                                      path.remote.ip.text() +
                                      ": too many from around there were bad; their callers may come again");
  return false;
}

// A good one for something else costs nothing: its bearer can be told from a stranger.
void SessionDesk::note_token(const IpAddress& caller, const AccessRequest& request) {
  if (!request.token_fault.empty() && !request.is_token_misplaced) token_budget_.charge(now_, caller);
}

Instant SessionDesk::end_of(const Grant& grant) const {
  if (!grant.until) return Instant::never();
  constexpr std::int64_t kSecondsMax = 10LL * 365 * 24 * 3600;  // What comes later need not be reckoned with.
  return now_ + seconds(std::clamp<std::int64_t>(grant.until->raw() - wall_clock_().raw(), 0, kSecondsMax));
}

void SessionDesk::close_ended() {
  while (Session* session = sessions_.take_ended(now_)) {
    if (session->socket == SocketId{}) {
      sessions_.set_end(*session, now_ + kEndRetry);
      continue;
    }
    say(session->worker, command::CloseSession{.socket = session->socket, .reason = CloseReason::kTokenExpired});
    StreamEntry* stream = streams_.at(session->stream);
    if (stream != nullptr && workers() == 1) stream->vacate(session->request);  // As with kick().
  }
}

}  // namespace fanlight::control
