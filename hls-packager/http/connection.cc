#include "http/connection.h"

#include <algorithm>

namespace fanlight::packager {
namespace {

constexpr int kRoundsAtOnce = 8;  // Then it is others' turn.
// A peer that was refused may still be sending; a reset would make it lose our answer.
constexpr Micros kLingerMax = seconds(1);

}  // namespace

H1Session::Pen Connection::pen(ConnectionContext& context) noexcept {
  if (out_.is_empty()) progress_ = context.now;
  return {context.now, context.date, context.scratch, out_};
}

bool Connection::drive(ConnectionContext& context) {
  if (is_lingering_) discard_received(context);
  bool moved = !is_lingering_;
  for (int round = 0; moved && !has_failed_ && round < kRoundsAtOnce; ++round) {
    moved = receive_some(context);
    moved = ask(context) || moved;
    moved = flush(context) || moved;
  }
  wants_drive_ = moved;
  if (has_failed_ || (!moved && is_over())) return false;
  note_phase(context.now);
  return true;
}

bool Connection::receive_some(ConnectionContext& context) {
  if (is_hung_up_ && !h1_.wants_bytes()) has_ended_ = true;
  if (!is_readable_ || has_ended_ || !h1_.wants_bytes()) return false;
  const IoResult got = receive(socket_, context.received);
  if (got.status == IoStatus::kFailed) has_failed_ = true;
  if (got.status == IoStatus::kEnd) has_ended_ = true;
  // Less than there was room for: there is no more. Unless the end is behind it, of which we are not told again.
  is_readable_ = got.status == IoStatus::kDone && (is_hung_up_ || got.bytes == context.received.size());
  h1_.handle_bytes(context.received.first(got.bytes));
  return got.status != IoStatus::kBlocked;
}

bool Connection::ask(ConnectionContext& context) {
  bool has_asked = false;
  HttpRequest request;
  while (out_.size() < context.limits.unsent_bytes_max && h1_.poll_request(pen(context), context.counts, request)) {
    context.handler.handle({id_, h1_.stream()}, request);
    request = {};
    has_asked = true;
  }
  return has_asked;
}

bool Connection::flush(ConnectionContext& context) {
  if (out_.is_empty() || !is_writable_) return false;
  const IoResult sent = send(socket_, out_);
  if (sent.status == IoStatus::kFailed) has_failed_ = true;
  if (sent.status == IoStatus::kBlocked) is_writable_ = false;
  if (sent.bytes == 0) return false;
  progress_ = context.now;
  context.counts.bytes_sent.add(sent.bytes);
  return true;
}

void Connection::discard_received(ConnectionContext& context) noexcept {
  for (int round = 0; is_readable_ && round < kRoundsAtOnce; ++round) {
    const IoResult got = receive(socket_, context.received);
    if (got.status == IoStatus::kBlocked) is_readable_ = false;
    if (got.status == IoStatus::kFailed || got.status == IoStatus::kEnd) {
      has_failed_ = true;
      return;
    }
  }
}

bool Connection::is_over() noexcept {
  if (is_lingering_) return false;  // Until the peer ends, or its time is up.
  if (!out_.is_empty()) return false;
  if (has_ended_) return true;
  if (!h1_.is_closing()) return false;
  if (!h1_.was_refused()) return true;
  end_sending(socket_);
  is_lingering_ = is_readable_ = wants_drive_ = true;
  return false;
}

Connection::Phase Connection::phase() const noexcept {
  if (is_lingering_) return Phase::kLingering;
  if (h1_.is_answering() || !out_.is_empty()) return Phase::kBusy;
  return h1_.is_reading_head() || h1_.is_first() ? Phase::kHead : Phase::kIdle;
}

void Connection::note_phase(Instant now) noexcept {
  const Phase is = phase();
  if (is != phase_ || is == Phase::kBusy) since_ = now;
  phase_ = is;
}

Instant Connection::deadline(const ConnectionLimits& limits) const noexcept {
  switch (phase_) {
    case Phase::kHead:
      return since_ + limits.head_max;
    case Phase::kIdle:
      return since_ + limits.idle_max;
    case Phase::kLingering:
      return since_ + kLingerMax;
    case Phase::kBusy:
      break;
  }
  if (out_.is_empty()) return Instant::never();
  return std::min(out_.oldest() + limits.response_age_max, progress_ + limits.stall_max);
}

void Connection::handle_timeout(const ConnectionLimits& limits, Instant now, ServerCounts& counts) noexcept {
  if (phase_ == Phase::kHead) counts.timeouts_head.add();
  if (phase_ == Phase::kIdle) counts.timeouts_idle.add();
  if (phase_ != Phase::kBusy) return;
  (progress_ + limits.stall_max <= now ? counts.timeouts_stall : counts.timeouts_slow).add();
  forget_unsent(socket_);
}

void Connection::handle_end(ConnectionContext& context) {
  if (!h1_.is_answering()) return;
  context.counts.gone_waiting.add();
  context.handler.handle_gone({id_, h1_.stream()});
}

void Connection::respond(ConnectionContext& context, std::uint64_t stream, HttpResponse&& response) {
  h1_.respond(pen(context), stream, std::move(response));
}

void Connection::begin(ConnectionContext& context, std::uint64_t stream, HttpResponse&& head) {
  h1_.begin(pen(context), stream, std::move(head));
}

void Connection::append(ConnectionContext& context, std::uint64_t stream, SharedBytes&& bytes) {
  h1_.append(pen(context), stream, std::move(bytes));
}

void Connection::end(ConnectionContext& context, std::uint64_t stream) { h1_.end(pen(context), stream); }

}  // namespace fanlight::packager
