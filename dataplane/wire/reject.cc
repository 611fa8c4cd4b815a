#include "wire/reject.h"

#include <algorithm>
#include <array>

namespace fanlight::wire {
namespace {

struct Words {
  Reject reason;
  std::string_view text;
};

constexpr std::array kWords{
    Words{Reject::kUnknown, "unknown reason"},
    Words{Reject::kSystem, "system function failed"},
    Words{Reject::kPeer, "rejected by peer"},
    Words{Reject::kResource, "out of resources"},
    Words{Reject::kRogue, "malformed handshake"},
    Words{Reject::kBacklog, "backlog exceeded"},
    Words{Reject::kInternal, "internal error"},
    Words{Reject::kClosing, "closing"},
    Words{Reject::kVersion, "version too old"},
    Words{Reject::kBadSecret, "wrong passphrase"},
    Words{Reject::kUnsecure, "passphrase required or unexpected"},
    Words{Reject::kMessageApi, "stream mode not supported"},
    Words{Reject::kCongestion, "congestion control not supported"},
    Words{Reject::kFilter, "packet filter not supported"},
    Words{Reject::kGroup, "groups not supported"},
    Words{Reject::kTimeout, "no answer"},
    Words{Reject::kCrypto, "cipher mode not supported"},
    Words{Reject::kBadRequest, "bad request"},
    Words{Reject::kUnauthorized, "unauthorized"},
    Words{Reject::kOverload, "overloaded"},
    Words{Reject::kForbidden, "forbidden"},
    Words{Reject::kNotFound, "stream not found"},
    Words{Reject::kBadMode, "mode not allowed"},
    Words{Reject::kUnacceptable, "unacceptable parameters"},
    Words{Reject::kConflict, "stream already published"},
    Words{Reject::kUnsupportedMedia, "payload does not go over SRT"},
    Words{Reject::kLocked, "locked"},
    Words{Reject::kServer, "server error"},
    Words{Reject::kUnimplemented, "not implemented"},
    Words{Reject::kGateway, "no answer from the webhook"},
    Words{Reject::kDown, "down for maintenance"},
    Words{Reject::kNoRoom, "no room"},
};

}  // namespace

std::string_view describe(Reject reason) noexcept {
  const auto* const found = std::ranges::find(kWords, reason, &Words::reason);
  return found != kWords.end() ? found->text : "unlisted reason";  // A peer may send any number.
}

}  // namespace fanlight::wire
