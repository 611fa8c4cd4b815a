// HANDSHAKE content and its extension blocks. draft §3.2.1, srt-wire §1.3
//
//  +0  version (4 or 5)                    +20 request type, signed
//  +4  encryption field | extension field  +24 SRT socket ID of the sender of this packet
//  +8  initial sequence number             +28 SYN cookie
//  +12 MSS, whole IP packet                +32 peer IP, 16 bytes, each 32-bit word reversed
//  +16 flow window, packets                +48 extension blocks: type (16), length in words (16), words
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "wire/srt_header.h"

namespace fanlight::wire {

inline constexpr std::size_t kHandshakeBytes = 48;
inline constexpr std::uint16_t kInductionMagic = 0x4A17;

enum class RequestType : std::int32_t { kWaveAHand = 0, kInduction = 1, kConclusion = -1, kAgreement = -2 };

// Extension field bits of a CONCLUSION.
inline constexpr std::uint16_t kExtHsReq = 1;
inline constexpr std::uint16_t kExtKmReq = 2;
inline constexpr std::uint16_t kExtConfig = 4;

// Extension block types.
enum class Extension : std::uint16_t {
  kHsReq = 1,
  kHsRsp = 2,
  kKmReq = 3,
  kKmRsp = 4,
  kStreamId = 5,
  kCongestion = 6,
  kFilter = 7,
  kGroup = 8,
};

// HSREQ/HSRSP flags.
inline constexpr std::uint32_t kFlagTsbpdSend = 1 << 0;
inline constexpr std::uint32_t kFlagTsbpdReceive = 1 << 1;
inline constexpr std::uint32_t kFlagCrypt = 1 << 2;
inline constexpr std::uint32_t kFlagTooLateDrop = 1 << 3;
inline constexpr std::uint32_t kFlagNakReport = 1 << 4;
inline constexpr std::uint32_t kFlagRexmit = 1 << 5;
inline constexpr std::uint32_t kFlagStream = 1 << 6;
inline constexpr std::uint32_t kFlagFilterCapable = 1 << 7;

// Our version word: we speak as SRT 1.5.1 and have no packet filter (flags 0x3F).
inline constexpr std::uint32_t kSrtVersion = 0x0001'0501;

struct Handshake {
  std::uint32_t version = 5;
  std::uint16_t encryption = 0;  // Key length / 8: 0, 2, 3 or 4.
  std::uint16_t extension = 0;
  SeqNo first_seq{};
  std::uint32_t mss = 1500;
  std::uint32_t window_packets = 8192;
  std::int32_t request = 0;  // RequestType, or >= 1000: a rejection code.
  SocketId socket{};
  std::uint32_t cookie = 0;
  IpAddress peer_ip{};  // IPv4 is written as one reversed word and three zero words.
  friend bool operator==(const Handshake&, const Handshake&) = default;
};

struct HsCapabilities {  // Content of HSREQ and HSRSP.
  std::uint32_t srt_version = kSrtVersion;
  std::uint32_t flags = 0;
  std::uint16_t receiver_delay_ms = 0;
  std::uint16_t sender_delay_ms = 0;
  friend bool operator==(const HsCapabilities&, const HsCapabilities&) = default;
};

// What stood behind the 48 bytes. Texts are views into `text`, already in reading order.
struct HandshakeExtensions {
  std::optional<HsCapabilities> capabilities;  // HSREQ or HSRSP.
  bool is_response = false;                    // It was HSRSP.
  ByteSpan key_message;                        // KMREQ or KMRSP content, as it travelled; empty when absent.
  std::optional<std::string> stream_id;
  std::optional<std::string> congestion;
  std::optional<std::string> filter;
  bool has_group = false;
  bool stream_id_oversized = false;  // A SID block of 0 or more than 512 bytes: reject with 1000.
};

// `content` is what follows the header. Empty when shorter than 48 bytes. The peer IP is read as IPv4 when its last
// three words are zero.
[[nodiscard]] std::optional<Handshake> parse_handshake(ByteSpan content) noexcept;

// True when version, ISN, MSS and window are in the ranges every peer must keep (srt-wire §1.3).
[[nodiscard]] bool is_valid(const Handshake& handshake) noexcept;

// The extension blocks behind the 48 bytes, one after the other, without a copy.
struct HandshakeBlock {
  Extension type{};  // May be one the enum does not name.
  ByteSpan content{};
};
class HandshakeBlockReader {
 public:
  explicit HandshakeBlockReader(ByteSpan blocks) noexcept : left_(blocks) {}
  [[nodiscard]] std::optional<HandshakeBlock> next() noexcept;
  // A block declared more bytes than there are; nothing is read from there on.
  [[nodiscard]] bool is_broken() const noexcept { return is_broken_; }

 private:
  ByteSpan left_;
  bool is_broken_ = false;
};

// Content of HSREQ and HSRSP; empty when shorter than three words.
[[nodiscard]] std::optional<HsCapabilities> parse_capabilities(ByteSpan content) noexcept;

// `content` is what follows the 48 bytes. Any order, unknown types skipped; empty when a declared length exceeds what
// is left or a known block is too short. Allocates: control thread, tools and tests only.
[[nodiscard]] std::optional<HandshakeExtensions> parse_handshake_extensions(ByteSpan content);

// Writes the 48 bytes at the front of `out`. Answers 48, or 0 when it does not fit.
[[nodiscard]] std::size_t write_handshake(MutableByteSpan out, const Handshake& handshake) noexcept;

// Whole packets: control header, 48 bytes, extension blocks in libsrt's order. Answer the size, 0 when `out` is too
// small.
struct HandshakePacket {
  Handshake handshake{};
  std::optional<HsCapabilities> capabilities{};
  bool is_response = false;  // HSRSP/KMRSP instead of HSREQ/KMREQ.
  std::string_view stream_id{};
  std::string_view congestion{};
  std::string_view filter{};
  ByteSpan key_message{};
};
[[nodiscard]] std::size_t write_handshake_packet(MutableByteSpan out, const HandshakePacket& packet, WireTime time,
                                                 SocketId destination) noexcept;

// Offsets inside a whole packet, for answers that are kept and sent again with a fresh timestamp.
inline constexpr std::size_t kTimestampOffset = 8;
inline constexpr std::size_t kHandshakeSocketOffset = kHeaderBytes + 24;

}  // namespace fanlight::wire
