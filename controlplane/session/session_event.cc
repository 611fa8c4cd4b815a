#include "session/session_event.h"

#include "base/prefix.h"

namespace fanlight::control {

std::string_view name_of(SessionEvent::Kind kind) {
  switch (kind) {
    case SessionEvent::Kind::kConnect:
      return "connect";
    case SessionEvent::Kind::kDisconnect:
      return "disconnect";
    case SessionEvent::Kind::kPublishStart:
      return "publish_start";
    case SessionEvent::Kind::kPublishStop:
      return "publish_stop";
    case SessionEvent::Kind::kKeyRotated:
      return "key_rotated";
    case SessionEvent::Kind::kRejected:
      return "rejected";
    case SessionEvent::Kind::kCallFailed:
      return "call_failed";
    case SessionEvent::Kind::kBan:
      return "ban";
    case SessionEvent::Kind::kUnban:
      return "unban";
  }
  return "unknown";
}

SessionEvent event_of(SessionEvent::Kind kind, const Session& session) {
  return {.kind = kind,
          .session = session.socket,
          .role = session.role,
          .stream = session.stream_name,
          .user = session.user,
          .address = session.path.remote.text(),
          .srt_version = session.srt_version,
          .key_bytes = session.key_bytes,
          .call = session.call,
          .caller = session.path.remote.ip};
}

EventRank rank_of(const SessionEvent& event) {
  const IpAddress site = event.caller == IpAddress{} ? IpAddress{} : site_of(event.caller);
  if (event.kind == SessionEvent::Kind::kRejected) return {EventWorth::kRejection, site};
  // What became of a call of ours is for its operator, whichever end plays.
  if (event.kind == SessionEvent::Kind::kCallFailed) return {EventWorth::kPublisher, site};
  if (event.role == Role::kViewer) return {EventWorth::kViewer, site};
  return {event.kind == SessionEvent::Kind::kKeyRotated ? EventWorth::kKey : EventWorth::kPublisher, site};
}

}  // namespace fanlight::control
