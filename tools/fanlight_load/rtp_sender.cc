#include "fanlight_load/rtp_sender.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/aes.h"
#include "fanlight_load/settings.h"
#include "wire/rtp_header.h"

namespace fanlight::load {
namespace {

constexpr int kBurst = 32;  // Packets per turn.
constexpr std::int64_t kDelayedNs = 10'000'000;
constexpr std::int64_t kReportNs = 5'000'000'000;  // RFC 3550 §6.2: from half to one and a half of it.
constexpr std::uint64_t kUnixInNtp = 2'208'988'800;
constexpr std::string_view kName = "fanlight-load";

std::uint32_t random_word() {
  std::array<std::byte, 4> bytes;
  CHECK(crypto::fill_random(bytes));
  return load_be32(bytes.data());
}

std::int64_t interval_of(const RtpSender::Options& options) {
  return static_cast<std::int64_t>(kPayloadBytes) * 8 * 1'000'000'000 / options.bits_per_second;
}

PayloadMaker::Plan plan_of(const RtpSender::Options& options, std::uint32_t run) {
  const std::int64_t interval = interval_of(options);
  return {.stream = options.number,
          .run = run,
          .group_packets = std::max<std::int64_t>(options.group.count * 1000 / interval, 1),
          .interval_ns = interval};
}

wire::NtpTime ntp_of(std::int64_t wall_ns) {
  const auto ns = static_cast<std::uint64_t>(wall_ns);
  return {static_cast<std::uint32_t>(ns / 1'000'000'000 + kUnixInNtp),
          static_cast<std::uint32_t>((ns % 1'000'000'000 << 32) / 1'000'000'000)};
}

}  // namespace

RtpSender::RtpSender(const Options& options, Outbox& outbox)
    : options_(options),
      outbox_(outbox),
      run_(random_word() | 1),
      interval_ns_(interval_of(options)),
      maker_(plan_of(options, run_)),
      has_weather_(is_bad(options.weather)),
      link_(options.weather, options.seed + options.number),
      random_(options.ssrc),
      first_seq_(static_cast<std::uint16_t>(random_word())),
      first_timestamp_(random_word()) {
  outbox_.address(options.path, data_);
  Path control = options.path;
  if (options.rtcp == RtcpWay::kNextPort) ++control.remote.port;
  outbox_.address(control, control_);
}

std::uint32_t RtpSender::timestamp(std::int64_t ns) const {
  return first_timestamp_ + static_cast<std::uint32_t>(ns / 1000 * 9 / 100);
}

void RtpSender::turn(std::int64_t now_ns) {
  if (next_due_ns_ == 0) {
    next_due_ns_ = now_ns;
    next_report_ns_ = now_ns + kReportNs / 5;
  }
  for (int i = 0; i < kBurst && next_due_ns_ <= now_ns; ++i) {
    if (now_ns - next_due_ns_ > kDelayedNs) ++delayed_;
    offer(now_ns);
    next_due_ns_ += interval_ns_;
  }
  send_held(now_ns);
  if (options_.kind != FeedKind::kRtp || options_.rtcp == RtcpWay::kNone || now_ns < next_report_ns_) return;
  next_report_ns_ = now_ns + kReportNs / 2 + static_cast<std::int64_t>(random_() % 1'000) * (kReportNs / 1'000);
  report(now_ns, false);
}

// A payload follows from position and send time: what is held is those.
void RtpSender::offer(std::int64_t now_ns) {
  const std::int64_t position = position_++;
  if (!has_weather_) return void(send(position, now_ns));
  const link_proxy::Fate fate = link_.offer({now_ns / 1000});
  for (int i = 0; i < fate.copies; ++i) held_.push({fate.arrivals[static_cast<std::size_t>(i)], position, now_ns});
}

void RtpSender::send_held(std::int64_t now_ns) {
  for (; !held_.empty() && held_.top().at.us <= now_ns / 1000; held_.pop())
    if (!send(held_.top().position, held_.top().sent_ns)) return;
}

bool RtpSender::send(std::int64_t position, std::int64_t sent_ns) {
  const std::size_t head = options_.kind == FeedKind::kRtp ? wire::kRtpHeaderBytes : 0;
  PacketRef packet = outbox_.begin_data(head + kPayloadBytes);
  if (!packet) return false;
  const MutableByteSpan bytes = packet.bytes();
  if (head > 0)
    wire::write_rtp_header(bytes.first<wire::kRtpHeaderBytes>(),
                           {.payload_type = options_.payload_type,
                            .seq = static_cast<std::uint16_t>(first_seq_ + position),
                            .timestamp = timestamp(sent_ns),
                            .ssrc = options_.ssrc});
  maker_.write(position, sent_ns, bytes.subspan(head).first<kPayloadBytes>());
  outbox_.send(std::move(packet), data_);
  return true;
}

void RtpSender::report(std::int64_t now_ns, bool says_bye) {
  outbox_.say(control_, [&](MutableByteSpan out) {
    std::size_t bytes = wire::write_sender_report(
        out, {.ssrc = options_.ssrc,
              .time = ntp_of(now_ns + options_.wall_ns),
              .rtp_timestamp = timestamp(now_ns),
              .packets = static_cast<std::uint32_t>(position_),
              .bytes = static_cast<std::uint32_t>(position_ * static_cast<std::int64_t>(kPayloadBytes))});
    bytes += wire::write_cname(out.subspan(bytes), options_.ssrc, kName);
    if (says_bye) bytes += wire::write_bye(out.subspan(bytes), options_.ssrc);
    return bytes;
  });
}

void RtpSender::leave(std::int64_t now_ns) {
  if (options_.kind == FeedKind::kRtp && options_.rtcp != RtcpWay::kNone) report(now_ns, true);
}

void RtpSender::handle_report(ByteSpan datagram) {
  wire::RtcpReader reader(datagram);
  while (const auto packet = reader.next()) {
    const auto block = wire::find_report_block(*packet, options_.ssrc);
    if (!block) continue;
    ++reports_heard_;
    reported_lost_ = block->lost;
    reported_jitter_ = {std::int64_t{block->jitter} * 100 / 9};
  }
}

}  // namespace fanlight::load
