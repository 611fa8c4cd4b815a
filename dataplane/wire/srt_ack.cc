#include "wire/srt_ack.h"

#include <algorithm>
#include <limits>

namespace fanlight::wire {
namespace {

constexpr std::size_t kLightBytes = 4;
constexpr std::size_t kSmallBytes = 16;
constexpr std::size_t kFullBytes = 28;

// Unsigned on the wire; a span outside its range travels as the nearest value.
std::uint32_t wire_micros(Micros span) {
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(span.count, 0, kMax));
}

std::size_t content_bytes(const Ack& ack) {
  if (!ack.rtt) return kLightBytes;
  return ack.rates ? kFullBytes : kSmallBytes;
}

}  // namespace

std::optional<Ack> parse_ack(ByteSpan content) noexcept {
  const std::optional<AckNews> news = parse_ack_news(content);
  if (!news) return std::nullopt;
  Ack ack{.first_missing = news->first_missing, .rtt = {}, .rates = {}};
  if (!news->is_light) ack.rtt = AckRtt{news->rtt, news->variance, news->window_packets};
  if (const auto full = FixedReader<kFullBytes>::over(content))
    ack.rates = AckRates{.receive_speed = PacketsPerSecond{full->u32<16>()},
                         .capacity = PacketsPerSecond{full->u32<20>()},
                         .receive_rate = BytesPerSecond{full->u32<24>()}};
  return ack;
}

std::size_t write_ack(MutableByteSpan out, const Ack& ack, std::uint32_t number, WireTime time,
                      SocketId destination) noexcept {
  const std::size_t size = kHeaderBytes + content_bytes(ack);
  if (out.size() < size) return 0;
  write_control_header(out.first<kHeaderBytes>(),
                       {.type = ControlType::kAck, .info = number, .time = time, .destination = destination});
  ByteWriter content(out.subspan(kHeaderBytes, size - kHeaderBytes));
  content.u32(ack.first_missing.raw & kSeqMask);
  if (!ack.rtt) return size;
  content.u32(wire_micros(ack.rtt->rtt));
  content.u32(wire_micros(ack.rtt->variance));
  content.u32(ack.rtt->window_packets);
  if (!ack.rates) return size;
  content.u32(ack.rates->receive_speed.raw());
  content.u32(ack.rates->capacity.raw());
  content.u32(ack.rates->receive_rate.raw());
  return size;
}

}  // namespace fanlight::wire
