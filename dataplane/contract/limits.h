// The sizes that both planes and every engine agree on. Nothing in the dataplane grows past them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace fanlight {

// --- packets
inline constexpr std::size_t kSrtHeaderBytes = 16;
inline constexpr std::size_t kDatagramBytesMax = 1472;                                // MTU 1500 − IPv4 − UDP.
inline constexpr std::size_t kPayloadBytesMax = kDatagramBytesMax - kSrtHeaderBytes;  // 1456.
inline constexpr std::uint32_t kMssMax = 1500;     // Callers refuse more (srt-wire §2.2).
inline constexpr std::uint32_t kMssOverhead = 44;  // IPv4 + UDP + SRT headers; libsrt uses it for IPv6 as well.

// --- FEC, SMPTE 2022-1
inline constexpr std::uint8_t kFecSideMin = 4;  // Of a matrix, in packets; a column may stand alone.
inline constexpr std::uint8_t kFecSideMax = 20;
inline constexpr std::size_t kFecMatrixMax = 100;  // Packets.

// --- sequence space
inline constexpr std::uint32_t kFlowWindowPackets = 8192;  // What we advertise to publishers.
inline constexpr std::int64_t kSplicePackets = 4096;       // A longer jump of a publisher closes up (design D5).
inline constexpr std::int64_t kJumpPacketsMax = 65536;     // A longer one is out of the window.

// --- time
inline constexpr Micros kSyn = millis(10);  // SRT's timer grain (srt-wire §3).
inline constexpr Micros kKeepAliveInterval = seconds(1);
inline constexpr Micros kPeerIdleTimeout = seconds(5);
inline constexpr Micros kHandshakeTimeout = seconds(3);
inline constexpr Micros kCookieLifeMax = seconds(20);    // A recorded CONCLUSION is good for so long at most.
inline constexpr Micros kResponseInterval = millis(10);  // At most one repeated response per this span.

// --- tables
inline constexpr std::size_t kSessionsMax = 65535;  // Slot bits of a socket ID, less one: no slot.
inline constexpr std::size_t kSessionBytes = 512;   // Of a clear viewer and of what it is lent; memory_bench holds it.
inline constexpr std::size_t kWorkersMax = 64;      // Worker bits of a socket ID.
inline constexpr std::size_t kStreamsMax = 1024;
inline constexpr std::size_t kCallsAtOnceMax = 64;  // Calls that wait for their listener's answer at the same time.
inline constexpr std::size_t kFeedsMax = 64;        // RTP and plain UDP sources of one relay.
inline constexpr std::size_t kDestinationsMax = 20'000;  // RTP and plain UDP outputs of one relay.
inline constexpr std::size_t kSrtpKeysMax = 32;          // Of destinations, on each stream, by payload type.
inline constexpr std::size_t kSrtpKeysPerStreamMax = 8;  // A stream's packets are encrypted once for each.
inline constexpr std::size_t kBansMax = 1024;            // Prefixes.
inline constexpr std::size_t kStreamNameBytesMax = 128;
inline constexpr std::size_t kResponseBytesMax = 192;  // CONCLUSION response with KMRSP: at most 16+48+16+4+104.
inline constexpr std::size_t kKeyMessageBytesMax = 104;
inline constexpr std::size_t kHeaderRoomBytes = 256;  // A header buffer: any control packet but a long loss report.
inline constexpr std::size_t kCopyRoomBytes = 2048;   // A whole datagram, encrypted copies and long loss reports.

// --- per breath
inline constexpr std::size_t kReceiveBurst = 64;
inline constexpr std::size_t kReceiveBurstsPerBreath = 4;  // While each was full.
inline constexpr std::size_t kCommandsPerBreath = 64;
inline constexpr std::size_t kTransmitQueue = 1024;
inline constexpr std::size_t kFreshMax = 64;         // Packets of one stream handed to its audience in one pass.
inline constexpr std::size_t kFreshPerBreath = 256;  // Departures to the live set between two receive polls.
inline constexpr std::size_t kCatchUpPerBreath = kFreshPerBreath / 4;  // To all that lag.
inline constexpr std::size_t kCatchUpPerVisit = 32;  // To one of them before the next one has its turn.

}  // namespace fanlight
