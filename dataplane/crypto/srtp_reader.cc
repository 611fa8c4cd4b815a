#include "crypto/srtp_reader.h"

#include <algorithm>

namespace fanlight::crypto {
namespace {

constexpr std::uint64_t kRollover = 0x1'0000;
// As long as a source is heard, its packets are where its newest suggests.
constexpr Micros kSilence = millis(250);
constexpr Micros kForgetAfter = seconds(10);
// Of each span of rollovers [b, 8b) a packet is tried with one that its tag chooses, of the last with four: whoever has
// sent r times 2^16 packets is found within 7 r on average. The last one ends at 2^18, which are 105 days of 1,900
// packets a second.
constexpr std::uint32_t kSpanFirst = 1;
constexpr std::uint32_t kSpanLast = 32'768;
// A search is ten looks at a packet: 14 us for 1,316 bytes and HMAC-SHA1, 40 without SHA instructions: 1 or 4 % of a
// core with 1,000 a second.
constexpr std::int64_t kSearchBurst = 64;
constexpr Micros kSearchInterval = millis(1);
// A tag of 4 bytes is guessed too soon when each packet has ten guesses.
constexpr std::size_t kSearchTagBytesMin = 10;
constexpr std::size_t kControlBytesMin = 8;

// The index nearest to `newest` with that number. RFC 3711 §3.3.1
std::uint64_t nearest(std::uint64_t newest, std::uint16_t seq) {
  const auto step = static_cast<std::int16_t>(seq - static_cast<std::uint16_t>(newest));
  const std::uint64_t index = newest + static_cast<std::uint64_t>(std::int64_t{step});
  return step < 0 && index > newest ? index + kRollover : index;
}

}  // namespace

SrtpReader::Source* SrtpReader::find(std::uint32_t ssrc) noexcept {
  const auto found = std::ranges::find_if(
      sources_, [&](const Source& source) { return !source.packets.is_empty() && source.ssrc == ssrc; });
  return found == sources_.end() ? nullptr : &*found;
}

bool SrtpReader::is_authentic(const Packet& packet, std::uint64_t index) const noexcept {
  return index < kSrtpIndexEnd &&
         keys_.unprotect(
             {.bytes = packet.bytes, .header_bytes = packet.header_bytes, .ssrc = packet.ssrc, .index = index});
}

Verdict SrtpReader::read(Instant now, const Packet& packet) noexcept {
  if (packet.bytes.size() < packet.header_bytes + form().rtp_tag_bytes) return Verdict::kMalformed;
  Source* const source = find(packet.ssrc);
  return source != nullptr ? read_known(now, *source, packet) : read_unknown(now, packet);
}

Verdict SrtpReader::read_known(Instant now, Source& source, const Packet& packet) noexcept {
  const std::uint64_t guess = nearest(source.packets.newest(), packet.seq);
  const bool is_new = source.packets.is_new(guess);
  if (is_new && is_authentic(packet, guess)) return take(now, source, guess);
  if (now - source.last >= kSilence)
    if (const auto index = search(now, packet, guess)) return take(now, source, *index);
  return is_new ? Verdict::kUnauthentic : Verdict::kReplayed;
}

Verdict SrtpReader::read_unknown(Instant now, const Packet& packet) noexcept {
  Source& place = *std::ranges::min_element(
      sources_, {}, [](const Source& source) { return source.packets.is_empty() ? Instant{INT64_MIN} : source.last; });
  if (!place.packets.is_empty() && now - place.last < kForgetAfter) return Verdict::kForeignSource;
  std::optional<std::uint64_t> index = packet.seq;
  const bool is_from_start = is_authentic(packet, *index);
  if (!is_from_start) index = search(now, packet, *index);
  if (!index) return Verdict::kUnauthentic;
  place = {.ssrc = packet.ssrc, .first = is_from_start ? *index : kRollover - 1};
  return take(now, place, *index);
}

std::optional<std::uint64_t> SrtpReader::search(Instant now, const Packet& packet, std::uint64_t from) noexcept {
  if (form().rtp_tag_bytes < kSearchTagBytesMin || !searches_.has_token(now, kSearchBurst, kSearchInterval))
    return std::nullopt;
  searches_.take(now, kSearchInterval);
  // Not by number: the budget may be there for every second packet alone.
  const std::uint32_t chosen = load_be32(packet.bytes.data() + packet.bytes.size() - sizeof chosen);
  for (std::uint32_t begin = kSpanFirst; begin <= kSpanLast; begin *= 8) {
    const std::uint32_t size = 7 * begin;
    const std::uint32_t looks = begin == kSpanLast ? 4 : 1;
    for (std::uint32_t i = 0; i < looks; ++i) {
      const std::uint64_t index = from + (begin + (std::uint64_t{chosen} + i) % size) * kRollover;
      if (is_authentic(packet, index)) return index;
    }
  }
  return std::nullopt;
}

Verdict SrtpReader::take(Instant now, Source& source, std::uint64_t index) noexcept {
  source.packets.note(index);
  source.last = now;
  // RFC 3711 §9.2: all that is sent under a master key counts together; what we did not hear, its index tells.
  const bool is_source_over = index >= source.first && index - source.first >= keys_.packets_max();
  const bool is_worn_out = is_source_over || taken_ >= keys_.packets_max();
  taken_ = is_worn_out ? std::max(taken_, keys_.packets_max()) : taken_ + 1;
  return is_worn_out ? Verdict::kKeyWornOut : Verdict::kAccepted;
}

SrtpReader::Control SrtpReader::read_control(MutableByteSpan datagram) noexcept {
  if (datagram.size() < kControlBytesMin + form().rtcp_tag_bytes + kSrtcpIndexBytes) return {Verdict::kMalformed};
  Source* const source = find(load_be32(datagram.data() + 4));
  if (source == nullptr) return {Verdict::kForeignSource};
  const std::uint32_t index = keys_.peek_control_index(datagram);
  if (index == kSrtcpIndexEnd) return {Verdict::kUnencrypted};
  if (!source->controls.is_new(index)) return {Verdict::kReplayed};
  const std::size_t bytes = keys_.unprotect_control(datagram);
  if (bytes == 0) return {Verdict::kUnauthentic};
  source->controls.note(index);
  return {Verdict::kControl, bytes};
}

// Not with a source's SSRC: its reports would have our key stream.
std::size_t SrtpReader::write_control(MutableByteSpan room, std::size_t bytes) noexcept {
  if (bytes < kControlBytesMin || find(load_be32(room.data() + 4)) != nullptr) return 0;
  const std::size_t whole = keys_.protect_control(room, bytes, control_index_);
  if (whole > 0) ++control_index_;
  return whole;
}

}  // namespace fanlight::crypto
