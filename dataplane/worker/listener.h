// The listening half of the handshake, as far as a worker decides it (design D10): INDUCTION is answered statelessly
// with a cookie; a CONCLUSION with a valid cookie goes to control, once; a repeated one gets its session's response
// again. srt-wire §2.1–§2.3, §2.7.
#pragma once

#include <array>

#include "base/verdict.h"
#include "contract/mailbox.h"
#include "engine/srt/cookie.h"
#include "io/port.h"
#include "wire/srt_handshake.h"
#include "worker/ban_list.h"
#include "worker/handshake_budget.h"
#include "worker/replies.h"
#include "worker/responses.h"
#include "worker/sessions.h"

namespace fanlight {

class Listener {
 public:
  Listener(const HashKey& key, const ArmourOptions& armour, Sessions& sessions, Responses& responses, Replies& replies,
           Mailbox& mailbox)
      : cookies_(key),
        budget_(key, armour),
        sessions_(sessions),
        responses_(responses),
        replies_(replies),
        mailbox_(mailbox) {}

  // A datagram for socket ID 0.
  [[nodiscard]] Verdict handle(Instant now, const io::Arrival& arrival) noexcept;
  [[nodiscard]] BanList& bans() noexcept { return bans_; }
  void limit(const ArmourOptions& armour) noexcept { budget_.limit(armour); }
  // Control has decided: the caller may conclude again.
  void forget_pending(const Endpoint& remote, SocketId peer) noexcept;
  // A copy of its CONCLUSION came: says the response again, at most once per kResponseInterval, and never to a copy
  // that is shorter: the address may be forged, and the session's own CONCLUSION was not.
  Verdict repeat_response(Instant now, const Session& session, std::size_t copy_bytes) noexcept;
  // A new session's response: keeps it for copies of the request, and says it for the first time.
  void keep_response(Session& session, ByteSpan datagram) noexcept;
  void respond(Instant now, const Session& session) noexcept;

 private:
  // With a fresh timestamp.
  void say(Instant now, const Session& session, Response& response, WireTime time) noexcept;
  struct Pending {
    Endpoint remote;
    SocketId peer;
    Instant until;
  };
  [[nodiscard]] Verdict answer_induction(Instant now, const io::Arrival& arrival,
                                         const wire::Handshake& request) noexcept;
  [[nodiscard]] Verdict handle_conclusion(Instant now, const io::Arrival& arrival,
                                          const wire::Handshake& request) noexcept;
  [[nodiscard]] Verdict forward(Instant now, const io::Arrival& arrival, SocketId peer) noexcept;
  [[nodiscard]] bool is_pending(Instant now, const Endpoint& remote, SocketId peer) const noexcept;

  srt::CookieJar cookies_;
  HandshakeBudget budget_;
  BanList bans_;
  Sessions& sessions_;
  Responses& responses_;
  Replies& replies_;
  Mailbox& mailbox_;
  // Conclusions that control is deciding. A ring: with more than 256 at once the oldest may be forwarded twice, which
  // control takes as the repetition it is.
  std::array<Pending, 256> pending_{};
  std::size_t next_pending_ = 0;
};

}  // namespace fanlight
