// All that the two planes say to each other. Control writes Commands into a worker's ring and reads its Events; there
// is no other way from one to the other, but for counters. Both kinds are moved, never shared.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/prefix.h"
#include "base/seq.h"
#include "base/strong.h"
#include "base/time.h"
#include "base/verdict.h"
#include "contract/armour.h"
#include "contract/destination_terms.h"
#include "contract/feed_terms.h"
#include "contract/limits.h"
#include "contract/session_stats.h"
#include "contract/stream_options.h"
#include "crypto/session_ciphers.h"
#include "crypto/srtp_reader.h"
#include "crypto/srtp_sending_key.h"
#include "wire/reject.h"

namespace fanlight {

class Stream;  // stream/stream.h. Control holds it as a token: made by a StreamFactory, handed over, handed back.

// Bits 24 to 29 of our socket IDs name the worker that owns the session.
constexpr std::size_t worker_of(SocketId ours) { return (ours.raw() >> 24) & 0x3F; }

enum class Role : std::uint8_t { kPublisher, kViewer };

// Numbered by control, one for each CONCLUSION it decides and each call it has made; comes back in the events about
// that session.
using RequestId = Strong<struct RequestIdTag, std::uint64_t>;

enum class CloseReason : std::uint8_t {
  kPeerShutdown,    // It said SHUTDOWN.
  kPeerIdle,        // Nothing valid for 5 s.
  kConnectTimeout,  // Never heard of again after our response.
  kKicked,          // An operator's command.
  kRelayStopping,   // We are going down.
  kStreamEnded,     // Its stream was removed, or a pattern's stream ended with its publisher.
  kOutgrown,        // The publisher's payloads no longer fit into the viewer's MSS.
  kKeyWornOut,      // As many packets under one key as it may protect, 2^31 of SRT: more would repeat its key stream.
  kStalled,         // Viewer: acknowledged nothing for 10 s while the stream went on.
  kTooSlow,         // Viewer: skipped to live at least once a second, for half a minute.
  kBanned,          // An operator shut its address out.
  kOverBudget,      // Viewer: asked for more repairs than its share, for half a minute.
  kTokenExpired,    // What let it in is over, and its issuer says that it ends then.
  kOverBitrate,     // Publisher: sent more than it was let in for, for seconds.
  kDisplaced,       // Not heard yet when others needed its place; its site had most of those.
};

constexpr std::string_view describe(CloseReason reason) {
  switch (reason) {
    case CloseReason::kPeerShutdown:
      return "peer said shutdown";
    case CloseReason::kPeerIdle:
      return "peer silent for 5 s";
    case CloseReason::kConnectTimeout:
      return "peer never answered the handshake";
    case CloseReason::kKicked:
      return "kicked";
    case CloseReason::kRelayStopping:
      return "relay stopping";
    case CloseReason::kStreamEnded:
      return "stream ended";
    case CloseReason::kOutgrown:
      return "payloads larger than its MSS";
    case CloseReason::kKeyWornOut:
      return "key used for as many packets as it may protect";
    case CloseReason::kStalled:
      return "viewer acknowledged nothing for 10 s";
    case CloseReason::kTooSlow:
      return "viewer could not keep up for 30 s";
    case CloseReason::kBanned:
      return "banned";
    case CloseReason::kOverBudget:
      return "viewer asked for too many repairs for 30 s";
    case CloseReason::kTokenExpired:
      return "its token expired";
    case CloseReason::kOverBitrate:
      return "publisher sent more than its policy's bitrate_max_mbps";
    case CloseReason::kDisplaced:
      return "not heard yet when others needed its place";
  }
  return "unknown";
}

// What became of a key that control announced to a viewer.
enum class KeyOutcome : std::uint8_t {
  kTurned,      // The viewer has it, and fresh packets go with it.
  kUnanswered,  // It was said ten times. The viewer keeps the key it has.
  kGone,        // There is no such viewer, or it has another announcement waiting.
};

// What a call carries on its way. The worker reads it and hands it back; the ciphers stay with the session.
struct CallKit {
  std::string stream_id;                                     // At most 512 bytes; empty: none is sent.
  std::array<std::byte, kKeyMessageBytesMax> key_message{};  // For KMREQ.
  std::uint16_t key_message_bytes = 0;                       // 0: clear.
  std::uint16_t key_bytes = 0;                               // 16, 24 or 32.
  std::unique_ptr<crypto::SessionCiphers> ciphers;           // Null: clear.
};

namespace command {

struct AddStream {
  StreamIndex index;
  Stream* stream = nullptr;  // Ownership moves to the worker, and back with event::StreamRetired.
};

// Closes the stream's sessions (kStreamEnded) and answers StreamRetired when the last is gone.
struct RemoveStream {
  StreamIndex index;
};

struct OpenSession {
  RequestId request;
  Path path;
  SocketId peer;
  Role role = Role::kViewer;
  StreamIndex stream;
  SeqNo first_seq;                   // The caller's ISN, echoed: both directions start there.
  Micros receive_latency;            // Publisher: how long a gap is worth asking for.
  Micros send_latency;               // Viewer: the delay it plays with.
  std::uint32_t window_packets = 0;  // The caller's flow window.
  std::uint32_t mss = kMssMax;       // Negotiated: the smaller of both.
  bool peer_rexmit = true;           // It understands the R flag.
  // The CONCLUSION response; the worker fills in socket ID and timestamp each time it is sent.
  std::uint16_t response_bytes = 0;
  std::array<std::byte, kResponseBytesMax> response{};
  std::unique_ptr<crypto::SessionCiphers> ciphers;  // Null: clear.
};

// One datagram to an address, from the address it called: rejections.
struct SendReply {
  Path path;
  std::uint16_t bytes = 0;
  std::array<std::byte, 128> datagram{};
};

// What this worker forwarded about that caller is decided, without an answer from here: the session opens on another
// worker, or the caller repeats itself.
struct ForgetCaller {
  Endpoint remote;
  SocketId peer;
};

// A copy of the session's CONCLUSION came to another worker: its response is said again.
struct RepeatResponse {
  SocketId socket;
};

struct CloseSession {
  SocketId socket;
  CloseReason reason = CloseReason::kKicked;
};

// Answer to KeyRequestReceived: new keys for a publisher, and the KMRSP that echoes its message.
struct InstallKeys {
  SocketId socket;
  std::unique_ptr<crypto::SessionCiphers> ciphers;  // Only the key slots to replace are set.
  std::uint16_t response_bytes = 0;
  std::array<std::byte, kKeyMessageBytesMax> response{};
};

// A viewer's next key, for the slot that is not in use. Answered with KeyAnnounced.
struct AnnounceKey {
  RequestId request;
  SocketId socket;
  std::unique_ptr<crypto::KeyAnnouncement> announcement;
};

// Calls a listener. Answered with CallConnected, after which it is a session like any other, or with CallFailed.
struct OpenCall {
  RequestId request;
  Path path;                  // To the listener, from a door of ours.
  Role role = Role::kViewer;  // The listener's: a viewer is sent the stream, a publisher feeds it.
  StreamIndex stream;
  SeqNo first_seq;
  Micros receive_latency;  // Asked for; the listener has the last word.
  Micros send_latency;
  Micros latency_max;  // What the stream's history is made for.
  std::unique_ptr<CallKit> kit;
};

// From now on what comes to the feed's address is the stream's publisher. Answered with SessionOpened or
// SessionRefused; it is there until it is closed, whether anything comes or not (FeedNews).
struct OpenFeed {
  RequestId request;
  StreamIndex stream;
  FeedTerms terms;
  FeedDoors doors;
  Micros latency;  // A gap may be filled for this long.
  std::uint32_t own_ssrc = 1;
  std::unique_ptr<crypto::SrtpReader> srtp{};  // Null: it comes in clear.
};

// From now on the stream goes there, in order. Answered with SessionOpened or SessionRefused; it is a viewer until it
// is closed, whether somebody is there or not (DestinationNews).
struct OpenDestination {
  RequestId request;
  StreamIndex stream;
  DestinationTerms terms;
  Path path;                 // To it, from a door of ours; unspecified addresses of ours are the host's choice.
  std::uint32_t random = 1;  // What an SSRC, the first number and the first timestamp follow from.
  // Empty: the session's socket ID. Several may have the same, of this worker's bits: their receivers' RTCP is told by
  // where it comes from.
  std::optional<std::uint32_t> ssrc{};
  // It is sent SRTP under that key, with an SSRC and numbers that all with the key share. Null: RTP. Control's own, and
  // there until the session has closed or was refused.
  crypto::SrtpSendingKey* srtp = nullptr;
};

// From now on that destination's packets leave by another way, to the same address.
struct MoveDestination {
  SocketId socket;
  Path path;
};

// Asks for a SessionReport of one session, or of all when `socket` is 0, and a StreamReport of each stream;
// ReportEnd closes the answer.
struct AskReport {
  std::uint64_t ticket = 0;
  SocketId socket;
};

// From now on handshakes from there are not heard; its sessions are closed by CloseSession. Control sees to it that
// there are kBansMax at most.
struct Ban {
  IpPrefix prefix;
};
struct Unban {
  IpPrefix prefix;
};

// What the worker does for strangers from now on.
struct SetArmour {
  ArmourOptions armour;
};

// Ends every session with SHUTDOWN (kRelayStopping), then answers Stopped.
struct Stop {};

}  // namespace command

using Command = std::variant<std::monostate, command::AddStream, command::RemoveStream, command::OpenSession,
                             command::SendReply, command::ForgetCaller, command::RepeatResponse, command::CloseSession,
                             command::InstallKeys, command::AnnounceKey, command::OpenCall, command::OpenFeed,
                             command::OpenDestination, command::MoveDestination, command::AskReport, command::Ban,
                             command::Unban, command::SetArmour, command::Stop>;

namespace event {

// A CONCLUSION whose cookie was right. Control answers with OpenSession or SendReply.
struct ConclusionReceived {
  Path path;
  Instant received = {};
  std::uint16_t bytes = 0;
  std::array<std::byte, kDatagramBytesMax> datagram{};
};

struct SessionOpened {
  RequestId request;
  SocketId socket;
};

// The worker turned the caller down: no room (1003), an MSS below the stream's
// payloads (2406), the stream gone or taken.
struct SessionRefused {
  RequestId request;
  wire::Reject reason = wire::Reject::kResource;
  std::unique_ptr<crypto::SessionCiphers> ciphers;
  std::unique_ptr<crypto::SrtpReader> srtp{};
};

struct SessionClosed {
  RequestId request;
  SocketId socket;
  CloseReason reason = CloseReason::kPeerShutdown;
  SessionStats stats;
  std::unique_ptr<crypto::SessionCiphers> ciphers;  // Handed back so that a worker never frees.
  std::unique_ptr<crypto::SrtpReader> srtp{};       // The same, of a feed.
};

// A listener took our call: from here on a session.
struct CallConnected {
  RequestId request;
  SocketId socket;
  SocketId peer;
  Path path;
  std::uint32_t srt_version = 0;
  Micros receive_latency;
  std::unique_ptr<CallKit> kit;
};

struct CallFailed {
  RequestId request;
  wire::Reject reason = wire::Reject::kTimeout;
  bool is_from_peer = false;  // The listener said so.
  std::unique_ptr<CallKit> kit;
};

// A KMREQ from a publisher that is Up.
struct KeyRequestReceived {
  RequestId request;
  SocketId socket;
  std::uint16_t bytes = 0;
  std::array<std::byte, kKeyMessageBytesMax> message{};
};

// A feed's sender is heard, for the first time or after a silence, or another one is; or nothing came for 5 s. Or its
// clock was found not to run at its rate, or to do so again. While something comes, each 5 s at least.
struct FeedNews {
  RequestId request;
  bool is_live = false;
  Endpoint remote;                 // Who sends.
  std::int32_t clock_off_ppm = 0;  // It is timed by arrival, because its timestamps run so much faster than they say.
  FeedReception reception{};       // As of now.
};

// What comes to a feed is not taken, while nothing that is comes: said at once, when it is another thing or another's,
// and then once a minute.
struct FeedRefusal {
  RequestId request;
  Verdict verdict = Verdict::kMalformed;
  Endpoint remote;  // Whose packet it was.
  FeedFinding found{};
  friend bool operator==(const FeedRefusal&, const FeedRefusal&) = default;
};

// It is not sent to, or is again. Tried again by itself, after longer and longer pauses.
struct DestinationNews {
  RequestId request;
  DestinationPause pause = DestinationPause::kNone;
};

// The source (SSRC) that an SRTP destination is sent from now on.
struct DestinationSource {
  RequestId request;
  std::uint32_t ssrc = 0;
};

// Some of a stream's payloads are no whole TS packets, and not sent to its destinations (RFC 2250 §2). Said at once,
// and while it goes on once a minute, by each worker.
struct PayloadUnfit {
  StreamIndex stream;
  std::uint16_t payload_bytes = 0;  // Of one of them.
};

// The name (CNAME) that reports about a stream have from now on. Said once there are some, by each worker.
struct StreamName {
  StreamIndex stream;
  std::array<char, 24> name{};
};

// Ciphers that InstallKeys replaced, handed back for the same reason.
struct KeysInstalled {
  SocketId socket;
  std::unique_ptr<crypto::SessionCiphers> retired;
};

// A viewer's key has encrypted as many packets as it may. Said once for each key.
struct KeyDue {
  RequestId request;
  SocketId socket;
};

// Answer to AnnounceKey, which comes back with the key that it replaced, if any.
struct KeyAnnounced {
  RequestId request;
  SocketId socket;
  KeyOutcome outcome = KeyOutcome::kTurned;
  std::unique_ptr<crypto::KeyAnnouncement> announcement;
};

struct SessionReport {
  std::uint64_t ticket = 0;
  RequestId request;
  SocketId socket;
  SocketId peer;
  Role role = Role::kViewer;
  StreamIndex stream;
  Path path;
  bool is_up = false;    // Heard from since our response.
  bool is_live = false;  // Viewer: in the live set. Publisher: data within the last second.
  Micros age;
  SessionStats stats;
};

struct StreamReport {
  std::uint64_t ticket = 0;
  StreamIndex stream;
  bool has_publisher = false;
  std::uint32_t viewers = 0;
  std::uint64_t packets = 0;  // Admitted since the stream was added.
  std::uint64_t bytes = 0;
  std::uint32_t history_packets = 0;  // Held right now.
  std::uint32_t history_slots = 0;
};

struct ReportEnd {
  std::uint64_t ticket = 0;
};

struct StreamRetired {
  StreamIndex index;
  Stream* stream = nullptr;
};

struct Stopped {};

}  // namespace event

using Event =
    std::variant<std::monostate, event::ConclusionReceived, event::SessionOpened, event::SessionRefused,
                 event::SessionClosed, event::CallConnected, event::CallFailed, event::FeedNews, event::FeedRefusal,
                 event::DestinationNews, event::DestinationSource, event::PayloadUnfit, event::StreamName,
                 event::KeyRequestReceived, event::KeysInstalled, event::KeyDue, event::KeyAnnounced,
                 event::SessionReport, event::StreamReport, event::ReportEnd, event::StreamRetired, event::Stopped>;

// Makes and takes back the streams that control hands to workers. Implemented by the composition root, so that control
// need not know the type.
class StreamFactory {
 public:
  virtual ~StreamFactory() = default;
  // One for each worker, in their order; empty when the pools cannot hold the stream's history.
  [[nodiscard]] virtual std::vector<Stream*> make(const StreamOptions& options) = 0;
  virtual void take_back(Stream* stream) = 0;
};

}  // namespace fanlight
