// The sessions that control has decided on, and the callers it need not answer again. srt-wire §2.2 step 3, §2.3
//
// A caller repeats its CONCLUSION every 250 ms until it is answered, and the network, or somebody who recorded it, may
// deliver a copy late. While its session lives, and for kRepeatSpan after, the same (address, socket ID, ISN) is a
// repeat: the worker answers it, and it opens nothing.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "config/secret.h"
#include "contract/commands.h"
#include "contract/limits.h"
#include "session/publisher_keys.h"

namespace fanlight::control {

inline constexpr Micros kRepeatSpan = kCookieLifeMax;  // Behind that it has no cookie that is good.

struct Session {
  RequestId request;
  std::size_t worker = 0;
  SocketId socket{};  // 0 until the worker opened it.
  Path path;
  SocketId peer;
  SeqNo first_seq;
  Role role = Role::kViewer;
  StreamIndex stream;
  std::string stream_name;
  std::string user;
  std::string group{};
  std::uint32_t srt_version = 0;
  std::size_t key_bytes = 0;              // Of SRT's key, or SRTP's; 0: clear.
  Instant opened{};                       // By the worker.
  std::uint32_t call = 0;                 // The call of ours that it came from; 0: it called us.
  std::uint32_t feed = 0;                 // The feed that it is; 0: none.
  std::uint32_t destination = 0;          // The destination that it is; 0: none.
  bool is_second_leg = false;             // Of that destination.
  bool is_further_leg = false;            // That, or its FEC: no viewer of its own.
  Secret passphrase{};                    // Publisher: what it was let in with; key refreshes are judged by it.
  std::uint64_t key = 0;                  // Of the key ring; 0: the stream's passphrase, a webhook's, or none.
  std::uint64_t passphrase_mark = 0;      // Of what it knew (PassphraseMarks); 0: clear, or we called it.
  bool has_own_passphrase = false;        // A webhook's: no key of ours is asked for.
  bool is_kicked = false;                 // Before the worker opened it: it is closed when it has.
  Instant end = Instant::never();         // It is closed then.
  std::string by{};                       // Who let it in: "policy 2 (line 31)"; empty without policies.
  std::unique_ptr<PublisherKeys> keys{};  // Publisher that encrypts.
  [[nodiscard]] bool is_fec() const { return is_further_leg && !is_second_leg; }
  // Nobody called, and nobody was called.
  [[nodiscard]] bool is_ours() const { return feed != 0 || destination != 0; }
  [[nodiscard]] bool has_called() const { return call == 0 && !is_ours(); }
};

// For people.
[[nodiscard]] std::string title_of(const Session& session);

class SessionTable {
 public:
  [[nodiscard]] bool is_repeat(const Path& path, SocketId peer, SeqNo first_seq) const;

  Session& add(Session session);
  [[nodiscard]] Session* find(RequestId request);
  [[nodiscard]] Session* find(const Path& path, SocketId peer, SeqNo first_seq);
  // Among those the worker opened.
  [[nodiscard]] Session* find(SocketId socket);
  // Of those that called us, from that host.
  [[nodiscard]] std::uint32_t sessions_from(const IpAddress& address) const;
  // Ends a session that was open: copies of its CONCLUSION stay repeats until now + kRepeatSpan.
  void erase_closed(Instant now, RequestId request);
  // Ends a session the worker had no room for: the caller may try again at once, with another ISN or socket.
  void erase_refused(RequestId request);
  template <class F>
  void for_each(F&& visit) const {
    for (const auto& [number, session] : sessions_) visit(session);
  }
  // Sets another end than it was added with.
  void set_end(Session& session, Instant end);
  // One whose end has come; it has none from there on. Null: no more.
  [[nodiscard]] Session* take_ended(Instant now);
  void handle_timeout(Instant now);
  [[nodiscard]] Instant next_deadline() const;

 private:
  struct Caller {
    Endpoint remote;
    std::uint32_t peer = 0;
    std::uint32_t first_seq = 0;
    friend auto operator<=>(const Caller&, const Caller&) = default;
  };
  [[nodiscard]] static Caller caller_of(const Session& session);
  void erase(std::uint64_t number);

  std::unordered_map<std::uint64_t, Session> sessions_;  // By request number.
  std::map<Caller, std::uint64_t> callers_;              // Of `sessions_` and of `leaving_`, with their request.
  std::map<IpAddress, std::uint32_t> counts_;            // Of sessions that called us, by their host; never 0.
  std::set<std::pair<Instant, std::uint64_t>> ends_;     // Of sessions that have one, with their request.
  std::deque<std::pair<Instant, Caller>> leaving_;       // In order of time.
};

}  // namespace fanlight::control
