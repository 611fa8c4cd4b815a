#include "wire/reject.h"

namespace fanlight::wire {

std::string_view describe(Reject reason) noexcept {
  switch (reason) {
    case Reject::kUnknown:
      return "unknown reason";
    case Reject::kSystem:
      return "system function failed";
    case Reject::kPeer:
      return "rejected by peer";
    case Reject::kResource:
      return "out of resources";
    case Reject::kRogue:
      return "malformed handshake";
    case Reject::kBacklog:
      return "backlog exceeded";
    case Reject::kInternal:
      return "internal error";
    case Reject::kClosing:
      return "closing";
    case Reject::kVersion:
      return "version too old";
    case Reject::kBadSecret:
      return "wrong passphrase";
    case Reject::kUnsecure:
      return "passphrase required or unexpected";
    case Reject::kMessageApi:
      return "stream mode not supported";
    case Reject::kCongestion:
      return "congestion control not supported";
    case Reject::kFilter:
      return "packet filter not supported";
    case Reject::kGroup:
      return "groups not supported";
    case Reject::kTimeout:
      return "no answer";
    case Reject::kCrypto:
      return "cipher mode not supported";
    case Reject::kBadRequest:
      return "bad request";
    case Reject::kUnauthorized:
      return "unauthorized";
    case Reject::kOverload:
      return "overloaded";
    case Reject::kForbidden:
      return "forbidden";
    case Reject::kNotFound:
      return "stream not found";
    case Reject::kBadMode:
      return "mode not allowed";
    case Reject::kUnacceptable:
      return "unacceptable parameters";
    case Reject::kConflict:
      return "stream already published";
  }
  return "unlisted reason";  // A peer may send any number.
}

}  // namespace fanlight::wire
