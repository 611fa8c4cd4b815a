// Why a received packet was taken or refused. Every packet that comes in leaves through exactly one of these, and each
// has a counter (docs/counters.md says what it means when one grows).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fanlight {

// enumerator, name in metrics
#define FANLIGHT_VERDICTS(X)                     \
  X(kAccepted, "accepted")                       \
  X(kAcceptedLate, "accepted_late")              \
  X(kControl, "control")                         \
  X(kHandshakeAnswered, "handshake_answered")    \
  X(kHandshakeForwarded, "handshake_forwarded")  \
  X(kHandshakePending, "handshake_pending")      \
  X(kHandshakeLimited, "handshake_limited")      \
  X(kDuplicate, "duplicate")                     \
  X(kTooLate, "too_late")                        \
  X(kMalformed, "malformed")                     \
  X(kOversized, "oversized")                     \
  X(kOutOfWindow, "out_of_window")               \
  X(kUnknownType, "unknown_type")                \
  X(kUnknownSocket, "unknown_socket")            \
  X(kHandedOver, "handed_over")                  \
  X(kHandoverFull, "handover_full")              \
  X(kWrongAddress, "wrong_address")              \
  X(kBadCookie, "bad_cookie")                    \
  X(kBanned, "banned")                           \
  X(kInductionsLimited, "inductions_limited")    \
  X(kSiteLimited, "site_limited")                \
  X(kConclusionsLimited, "conclusions_limited")  \
  X(kRendezvous, "rendezvous")                   \
  X(kLegacyHandshake, "legacy_handshake")        \
  X(kNakLimited, "nak_limited")                  \
  X(kUnexpectedData, "unexpected_data")          \
  X(kPartialMessage, "partial_message")          \
  X(kFilterPacket, "filter_packet")              \
  X(kForeignSource, "foreign_source")            \
  X(kWrongPayloadType, "wrong_payload_type")     \
  X(kNotTransportStream, "not_transport_stream") \
  X(kFec, "fec")                                 \
  X(kFecUnsupported, "fec_unsupported")          \
  X(kUnencrypted, "unencrypted")                 \
  X(kUndecryptable, "undecryptable")             \
  X(kUnauthentic, "unauthentic")                 \
  X(kReplayed, "replayed")                       \
  X(kKeyWornOut, "key_worn_out")                 \
  X(kWrongKeyResponse, "wrong_key_response")     \
  X(kEventRingFull, "event_ring_full")           \
  X(kArp, "arp")                                 \
  X(kNdp, "ndp")                                 \
  X(kIgmp, "igmp")                               \
  X(kMld, "mld")                                 \
  X(kIcmpEcho, "icmp_echo")                      \
  X(kIcmpOther, "icmp_other")                    \
  X(kUnreachable, "unreachable")                 \
  X(kUnresolved, "unresolved")                   \
  X(kNotForUs, "not_for_us")                     \
  X(kUnknownEtherType, "unknown_ether_type")     \
  X(kUnknownProtocol, "unknown_protocol")        \
  X(kFragment, "fragment")                       \
  X(kBadChecksum, "bad_checksum")                \
  X(kBadIpHeader, "bad_ip_header")               \
  X(kUnknownUdpPort, "unknown_udp_port")

enum class Verdict : std::uint8_t {
#define X(enumerator, name) enumerator,
  FANLIGHT_VERDICTS(X)
#undef X
};

inline constexpr std::array kVerdictNames = {
#define X(enumerator, name) std::string_view{name},
    FANLIGHT_VERDICTS(X)
#undef X
};
inline constexpr std::size_t kVerdictCount = kVerdictNames.size();

constexpr std::string_view name_of(Verdict verdict) { return kVerdictNames[static_cast<std::size_t>(verdict)]; }

}  // namespace fanlight
