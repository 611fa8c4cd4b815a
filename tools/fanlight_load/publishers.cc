#include "fanlight_load/publishers.h"
#include "base/check.h"
#include "contract/limits.h"
#include "wire/srt_handshake.h"

namespace fanlight::load {
namespace {

constexpr std::size_t kRememberedPackets = 16'384;  // Twice a flow window.
constexpr std::int64_t kDelayedNs = 10'000'000;

std::uint32_t random_run() {
  std::array<std::byte, 4> bytes;
  CHECK(crypto::fill_random(bytes));
  return load_be32(bytes.data()) | 1;  // Not 0.
}

std::int64_t interval_of(const Publisher::Options& options) {
  return static_cast<std::int64_t>(kPayloadBytes) * 8 * 1'000'000'000 / options.bits_per_second;
}

PayloadMaker::Plan plan_of(const Publisher::Options& options, std::uint32_t run) {
  const std::int64_t interval = interval_of(options);
  return {.stream = options.number,
          .run = run,
          .group_packets = std::max<std::int64_t>(options.group.count * 1000 / interval, 1),
          .interval_ns = interval};
}

}  // namespace

Publisher::Publisher(Instant now, const Options& options, Outbox& outbox)
    : options_(options),
      outbox_(outbox),
      run_(random_run()),
      interval_ns_(interval_of(options)),
      maker_(plan_of(options, run_)),
      opened_(now),
      call_(std::make_unique<Calling>(now, options.terms)),
      sent_ns_(kRememberedPackets),
      repaired_at_(kRememberedPackets, Instant::never()) {
  outbox_.address(options.path, envelope_);
}

void Publisher::handle(Instant now, ByteSpan datagram) {
  const auto header = wire::parse_control_header(datagram);
  if (!wire::is_control(datagram) || !header) return;
  const ByteSpan content = datagram.subspan(wire::kHeaderBytes);
  if (call_) {
    static_cast<void>(call_->caller().handle_control(now, *header, content));
  } else if (is_up()) {
    static_cast<void>(sender_->handle_control(now, *header, content, edge(), ranges_));
  }
}

void Publisher::turn(Instant now, std::int64_t now_ns) {
  if (call_) {
    turn_call(now);
    if (sender_) next_due_ns_ = now_ns;
    return;
  }
  if (!is_up()) return;
  for (int i = 0; i < kBurst && next_due_ns_ <= now_ns; ++i) send_fresh(now_ns);
  serve_repairs(now);
  if (now >= sender_->next_deadline().at) sender_->handle_timeout(now, edge());
  const ControlStamp stamp{{static_cast<std::uint32_t>((now - opened_).count)}, peer_};
  while (outbox_.say(envelope_, [&](MutableByteSpan out) { return sender_->poll_control(now, stamp, out); })) {
  }
  if (const std::optional<PeerEvent> event = sender_->poll_event()) {
    has_ended_ = true;
    why_ended_ = *event == PeerEvent::kShutdown ? "the relay said SHUTDOWN" : "the relay fell silent";
  }
}

void Publisher::turn_call(Instant now) {
  srt::Caller& caller = call_->caller();
  caller.handle_timeout(now);
  while (outbox_.say(envelope_, [&](MutableByteSpan out) { return call_->poll(now, out); })) {
  }
  if (caller.state() == srt::Caller::State::kFailed) {
    const srt::Caller::Failure failure = caller.failure();
    why_ended_ = (failure.is_from_peer ? "rejected: " : "no session: ") +
                 std::to_string(static_cast<int>(failure.reason)) + " " + std::string(wire::describe(failure.reason));
    call_.reset();
    has_ended_ = true;
  } else if (caller.state() == srt::Caller::State::kConnected) {
    const srt::Caller::Answer& answer = caller.answer();
    sender_.emplace(srt::Sender::Options{.opened = now,
                                         .first_seq = options_.terms.first_seq,
                                         .first_pos = PacketPos{0},
                                         .latency = answer.send_latency,
                                         .window_packets = answer.window_packets});
    peer_ = answer.peer;
    ciphers_ = call_->take_ciphers();
    call_.reset();
  }
}

void Publisher::send_fresh(std::int64_t now_ns) {
  if (next_ >= sender_->window_end()) return;
  if (now_ns - next_due_ns_ > kDelayedNs) ++delayed_;
  if (!send(next_, now_ns, false)) return;
  const std::size_t place = static_cast<std::size_t>(next_.value) % kRememberedPackets;
  sent_ns_[place] = now_ns;
  repaired_at_[place] = Instant::never();
  next_sent_ns_ = now_ns;
  next_ = next_ + 1;
  next_due_ns_ += interval_ns_;
}

void Publisher::serve_repairs(Instant now) {
  while (const std::optional<PacketPos> position = sender_->poll_repair(ranges_)) {
    if (next_ - *position >= static_cast<std::int64_t>(kRememberedPackets)) {
      sender_->apply_too_old(*position);
      continue;
    }
    const std::size_t place = static_cast<std::size_t>(position->value) % kRememberedPackets;
    const std::int64_t sent_ns = sent_ns_[place];
    const auto ago = repaired_at_[place] == Instant::never() ? std::nullopt : std::optional(now - repaired_at_[place]);
    if (sender_->judge_repair(now, {sent_ns / 1000}, ago) != srt::Sender::Repair::kSend) continue;
    if (!send(*position, sent_ns, true)) continue;
    sender_->apply_repaired();
    repaired_at_[place] = now;
  }
}

bool Publisher::send(PacketPos position, std::int64_t sent_ns, bool is_repair) {
  PacketRef packet = outbox_.begin_data(wire::kHeaderBytes + kPayloadBytes);
  if (!packet) return false;
  const MutableByteSpan bytes = packet.bytes();
  const SeqNo seq = sender_->seq_of(position);
  wire::DataHeader header{.seq = seq,
                          .retransmitted = is_repair,
                          .message = static_cast<std::uint32_t>(position.value % wire::kMessageNumberMask) + 1,
                          .time = {static_cast<std::uint32_t>(sent_ns / 1000 - opened_.us)},
                          .destination = peer_};
  const auto payload = bytes.subspan<wire::kHeaderBytes, kPayloadBytes>();
  maker_.write(position.value, sent_ns, payload);
  if (ciphers_) {
    header.key = ciphers_->sending;
    if (!ciphers_->slot(header.key)->apply(seq, payload, payload)) return false;
  }
  wire::write_data_header(bytes.first<wire::kHeaderBytes>(), header);
  outbox_.send(std::move(packet), envelope_);
  return true;
}

void Publisher::leave(Instant now) {
  if (!is_up()) return;
  outbox_.say(envelope_, [&](MutableByteSpan out) {
    return wire::write_bare_control(
        out, {wire::ControlType::kShutdown, 0, 0, {static_cast<std::uint32_t>((now - opened_).count)}, peer_});
  });
}

}  // namespace fanlight::load
