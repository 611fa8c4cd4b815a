#include "wire/rtcp.h"

#include <algorithm>

#include "wire/rtp_header.h"

namespace fanlight::wire {
namespace {

constexpr std::size_t kWordBytes = 4;
constexpr std::uint8_t kPaddingBit = 0x20;
constexpr std::uint8_t kCountMask = 0x1F;
constexpr std::size_t kSenderReportBytes = 24;  // Behind the first word, before the blocks.
constexpr std::size_t kReportBlockBytes = 24;
constexpr std::uint8_t kCnameItem = 1;
constexpr std::size_t kItemHeadBytes = 2;
constexpr std::int32_t kLostMax = 0x7F'FFFF;

void write_first_word(ByteWriter& writer, RtcpType type, std::uint8_t count, std::size_t content_bytes) {
  writer.u8(static_cast<std::uint8_t>(kRtpVersion << 6 | count));
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(static_cast<std::uint16_t>(content_bytes / kWordBytes));
}

void write_block(ByteWriter& writer, const ReportBlock& block) {
  const std::int32_t lost = block.lost > kLostMax ? kLostMax : block.lost < -kLostMax ? -kLostMax : block.lost;
  writer.u32(block.ssrc);
  writer.u32(std::uint32_t{block.fraction_lost} << 24 | (static_cast<std::uint32_t>(lost) & 0xFF'FFFF));
  writer.u32(block.highest_seq);
  writer.u32(block.jitter);
  writer.u32(block.last_report);
  writer.u32(block.report_delay);
}

ReportBlock read_block(const FixedReader<kReportBlockBytes>& reader) {
  const std::uint32_t word = reader.u32<4>();
  return {.ssrc = reader.u32<0>(),
          .fraction_lost = static_cast<std::uint8_t>(word >> 24),
          .lost = static_cast<std::int32_t>(word << 8) >> 8,
          .highest_seq = reader.u32<8>(),
          .jitter = reader.u32<12>(),
          .last_report = reader.u32<16>(),
          .report_delay = reader.u32<20>()};
}

// A chunk's items, up to the zero that ends them; what runs over the end ends there. `bytes`: of the whole, padded.
struct Items {
  std::string_view cname{};
  std::size_t bytes = 0;
};
Items read_items(ByteSpan items) {
  Items read;
  std::size_t at = 0;
  while (at < items.size() && items[at] != std::byte{}) {
    const std::size_t length = at + 1 < items.size() ? static_cast<std::size_t>(items[at + 1]) : 0;
    if (at + kItemHeadBytes + length > items.size()) return {read.cname, items.size()};
    if (items[at] == std::byte{kCnameItem})
      read.cname = {reinterpret_cast<const char*>(items.data()) + at + kItemHeadBytes, length};
    at += kItemHeadBytes + length;
  }
  read.bytes = std::min(items.size(), (at / kWordBytes + 1) * kWordBytes);
  return read;
}

}  // namespace

std::optional<RtcpPacket> RtcpReader::next() noexcept {
  if (rest_.empty() || malformed_) return std::nullopt;
  malformed_ = true;  // Until shown otherwise.
  const auto reader = FixedReader<kWordBytes>::over(rest_);
  if (!reader) return std::nullopt;
  const std::uint8_t first = reader->u8<0>();
  const std::size_t bytes = (std::size_t{reader->u16<2>()} + 1) * kWordBytes;
  if (first >> 6 != kRtpVersion || bytes > rest_.size()) return std::nullopt;
  ByteSpan content = rest_.subspan(kWordBytes, bytes - kWordBytes);
  if ((first & kPaddingBit) != 0) {
    if (bytes != rest_.size() || content.empty()) return std::nullopt;
    const auto padding = static_cast<std::uint8_t>(content.back());
    if (padding == 0 || padding > content.size()) return std::nullopt;
    content = content.first(content.size() - padding);
  }
  rest_ = rest_.subspan(bytes);
  malformed_ = false;
  return RtcpPacket{.type = static_cast<RtcpType>(reader->u8<1>()),
                    .count = static_cast<std::uint8_t>(first & kCountMask),
                    .content = content};
}

bool is_well_formed_rtcp(ByteSpan datagram) noexcept {
  if (datagram.empty()) return false;
  RtcpReader reader(datagram);
  while (reader.next()) {
  }
  return !reader.is_malformed();
}

std::optional<SenderReport> parse_sender_report(const RtcpPacket& packet) noexcept {
  const auto reader = FixedReader<kSenderReportBytes>::over(packet.content);
  if (packet.type != RtcpType::kSenderReport || !reader) return std::nullopt;
  return SenderReport{.ssrc = reader->u32<0>(),
                      .time = {reader->u32<4>(), reader->u32<8>()},
                      .rtp_timestamp = reader->u32<12>(),
                      .packets = reader->u32<16>(),
                      .bytes = reader->u32<20>()};
}

std::optional<ReportBlock> report_block(const RtcpPacket& packet, std::size_t index) noexcept {
  const bool is_sender = packet.type == RtcpType::kSenderReport;
  if ((!is_sender && packet.type != RtcpType::kReceiverReport) || index >= packet.count) return std::nullopt;
  const std::size_t at = (is_sender ? kSenderReportBytes : kWordBytes) + index * kReportBlockBytes;
  if (at > packet.content.size()) return std::nullopt;
  const auto reader = FixedReader<kReportBlockBytes>::over(packet.content.subspan(at));
  return reader ? std::optional(read_block(*reader)) : std::nullopt;
}

std::optional<ReportBlock> find_report_block(const RtcpPacket& packet, std::uint32_t ssrc) noexcept {
  for (std::size_t i = 0;; ++i) {
    const std::optional<ReportBlock> block = report_block(packet, i);
    if (!block || block->ssrc == ssrc) return block;
  }
}

std::string_view find_cname(const RtcpPacket& packet, std::uint32_t ssrc) noexcept {
  if (packet.type != RtcpType::kSourceDescription) return {};
  ByteSpan rest = packet.content;
  for (std::size_t i = 0; i < packet.count && rest.size() >= kWordBytes; ++i) {
    const Items items = read_items(rest.subspan(kWordBytes));
    if (load_be32(rest.data()) == ssrc) return items.cname;
    rest = rest.subspan(kWordBytes + items.bytes);
  }
  return {};
}

bool says_bye(const RtcpPacket& packet, std::uint32_t ssrc) noexcept {
  if (packet.type != RtcpType::kBye) return false;
  for (std::size_t i = 0; i < packet.count && (i + 1) * kWordBytes <= packet.content.size(); ++i)
    if (load_be32(packet.content.data() + i * kWordBytes) == ssrc) return true;
  return false;
}

std::size_t write_sender_report(MutableByteSpan out, const SenderReport& report) noexcept {
  ByteWriter writer(out);
  write_first_word(writer, RtcpType::kSenderReport, 0, kSenderReportBytes);
  writer.u32(report.ssrc);
  writer.u32(report.time.seconds);
  writer.u32(report.time.fraction);
  writer.u32(report.rtp_timestamp);
  writer.u32(report.packets);
  writer.u32(report.bytes);
  return writer.written();
}

std::size_t write_receiver_report(MutableByteSpan out, std::uint32_t ssrc, const ReportBlock& block) noexcept {
  ByteWriter writer(out);
  write_first_word(writer, RtcpType::kReceiverReport, 1, kWordBytes + kReportBlockBytes);
  writer.u32(ssrc);
  write_block(writer, block);
  return writer.written();
}

std::size_t write_receiver_report(MutableByteSpan out, std::uint32_t ssrc) noexcept {
  ByteWriter writer(out);
  write_first_word(writer, RtcpType::kReceiverReport, 0, kWordBytes);
  writer.u32(ssrc);
  return writer.written();
}

// The list of items ends with at least one zero, on a word's end. RFC 3550 §6.5
std::size_t write_cname(MutableByteSpan out, std::uint32_t ssrc, std::string_view name) noexcept {
  if (name.empty() || name.size() > 255) return 0;
  const std::size_t chunk = kWordBytes + kItemHeadBytes + name.size() + 1;
  const std::size_t padded = (chunk + kWordBytes - 1) / kWordBytes * kWordBytes;
  ByteWriter writer(out);
  write_first_word(writer, RtcpType::kSourceDescription, 1, padded);
  writer.u32(ssrc);
  writer.u8(kCnameItem);
  writer.u8(static_cast<std::uint8_t>(name.size()));
  writer.bytes(std::as_bytes(std::span(name)));
  writer.zeros(1 + padded - chunk);
  return writer.written();
}

std::size_t write_bye(MutableByteSpan out, std::uint32_t ssrc) noexcept {
  ByteWriter writer(out);
  write_first_word(writer, RtcpType::kBye, 1, kWordBytes);
  writer.u32(ssrc);
  return writer.written();
}

}  // namespace fanlight::wire
