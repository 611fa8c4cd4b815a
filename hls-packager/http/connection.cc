#include "http/connection.h"

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

namespace fanlight::packager {
namespace {

constexpr std::size_t kH2UnsentMax = 64 * 1024;  // Of frames; what they are made of is with the handler or shared.
constexpr int kRoundsAtOnce = 8;                 // Then it is others' turn.
// A peer that was refused may still be sending; a reset would make it lose our answer.
constexpr Micros kLingerMax = seconds(1);
constexpr Micros kIdleMargin = seconds(5);  // Behind what an answer has of patience.

HttpResponse too_many_requests(const std::string& allow_origin) {
  HttpResponse response{.status = 429};
  response.fields = {
      {"retry-after", "1"}, {"cache-control", "no-store"}, {"access-control-allow-origin", allow_origin}};
  return response;
}

}  // namespace

H1Session::Pen Connection::pen(ConnectionContext& context) noexcept {
  if (out_.is_empty()) progress_ = context.now;
  return {context.now, context.date, context.scratch, out_, context.limits.pace};
}

bool Connection::drive(ConnectionContext& context) {
  if (is_lingering_) discard_received(context);
  bool moved = !is_lingering_;
  asks_left_ = kRequestsAtOnce;
  for (int round = 0; moved && !has_failed_ && asks_left_ > 0 && round < kRoundsAtOnce; ++round) {
    moved = receive_some(context);
    moved = ask(context) || moved;
    moved = flush(context) || moved;
  }
  wants_drive_ = moved || (is_lingering_ && is_readable_);
  if (has_failed_ || (!moved && is_over())) return false;
  note_phase(context.now);
  return true;
}

bool Connection::receive_some(ConnectionContext& context) {
  // Who has said all, and more than fits, is answered all of it.
  const bool has_more = !h2_ && h1_.is_full() && !is_gone_;
  if (is_hung_up_ && !wants_bytes() && !has_more) has_ended_ = true;
  if (!is_readable_ || has_ended_ || !wants_bytes()) return false;
  const IoResult got = tls_ ? tls_->receive(context.received) : receive(socket_, context.received);
  if (is_shaking_hands() && tls_->is_open()) note_handshake(context);
  take_in(context, got, context.received);
  return got.status != IoStatus::kBlocked;
}

void Connection::take_in(ConnectionContext& context, IoResult got, MutableByteSpan room) {
  if (got.status == IoStatus::kFailed) has_failed_ = true;
  if (got.status == IoStatus::kEnd) has_ended_ = true;
  // Less than there was room for: there is no more. Unless the end is behind it, of which we are not told again; and
  // TLS hands over a record at a time.
  is_readable_ = got.status == IoStatus::kDone && (tls_ || is_hung_up_ || got.bytes == room.size());
  hear(context, room.first(got.bytes));
}

bool Connection::wants_receive() const noexcept {
  return is_readable_ && !tls_ && !is_lingering_ && !has_ended_ && !has_failed_ && wants_bytes();
}

void Connection::handle_received(ConnectionContext& context, int result, MutableByteSpan room) {
  take_in(context, result_of_receive(result), room);
}

bool Connection::wants_bytes() const noexcept { return h2_ ? out_.size() < kH2UnsentMax : h1_.wants_bytes(); }

void Connection::note_handshake(ConnectionContext& context) {
  has_handshake_ = true;
  context.counts.tls_handshakes.add();
  if (tls_->speaks_h2()) become_h2(context, {});
}

void Connection::become_h2(ConnectionContext& context, std::string_view heard) {
  context.counts.connections_h2.add();
  h2_ = std::make_unique<H2Session>(context.limits.pace);
  if (!heard.empty()) hear(context, std::as_bytes(std::span(heard)));
}

void Connection::hear(ConnectionContext& context, ByteSpan bytes) {
  if (!h2_) return h1_.handle_bytes(bytes);
  h2_->set_date(context.date);
  if (!h2_->handle_bytes(context.now, bytes)) has_ended_ = true;
}

void Connection::hand_over(ConnectionContext& context, std::uint64_t stream, const HttpRequest& request) {
  if (++household_.requests <= context.limits.requests_per_address_max)
    return context.handler.handle({id_, stream}, request);
  context.counts.refused_requests.add();
  respond(context, stream, too_many_requests(context.limits.allow_origin));
}

void Connection::tell_gone(ConnectionContext& context, std::uint64_t stream) {
  --household_.requests;
  context.handler.handle_gone({id_, stream});
}

bool Connection::ask_h2(ConnectionContext& context) {
  bool has_asked = false;
  h2_->set_date(context.date);
  for (std::uint64_t gone = 0; h2_->poll_gone(gone); has_asked = true) tell_gone(context, gone);
  std::uint64_t stream = 0;
  HttpRequest request;
  for (; asks_left_ > 0 && h2_->poll_request(context.counts, stream, request); --asks_left_) {
    hand_over(context, stream, request);
    has_asked = true;
  }
  return has_asked;
}

bool Connection::ask(ConnectionContext& context) {
  // HTTP/2 by prior knowledge (RFC 9113 §3.3): what it begins with is no request.
  if (!h2_ && !tls_ && h1_.is_first() && !h1_.is_answering() && !h1_.input().empty()) {
    const std::string_view heard = h1_.input();
    if (heard.starts_with(kH2Preface))
      become_h2(context, std::string(heard));
    else if (kH2Preface.starts_with(heard))
      return false;
  }
  if (h2_) return ask_h2(context);
  bool has_asked = false;
  HttpRequest request;
  for (; asks_left_ > 0 && out_.size() < context.limits.unsent_bytes_max &&
         h1_.poll_request(pen(context), context.counts, request);
       --asks_left_) {
    hand_over(context, h1_.stream(), request);
    request = {};
    has_asked = true;
  }
  return has_asked;
}

bool Connection::flush(ConnectionContext& context) {
  if (!is_writable_ || is_sending_ || is_shaking_hands()) return false;
  if (h2_) {
    if (out_.is_empty()) progress_ = context.now;
    if (!h2_->fill(context.now, kH2UnsentMax, out_)) has_failed_ = true;
  }
  if (out_.is_empty()) return false;
  if (context.batch != nullptr && !tls_ && !context.batch->is_full()) {
    context.batch->push_send(id_, socket_.get(), out_);
    is_sending_ = true;
    return false;
  }
  const IoResult sent = tls_ ? tls_->send(out_) : send(socket_, out_);
  if (sent.status == IoStatus::kFailed) has_failed_ = true;
  if (sent.status == IoStatus::kBlocked) is_writable_ = false;
  if (sent.bytes == 0) return false;
  note_sent(context, sent.bytes);
  return true;
}

void Connection::note_sent(ConnectionContext& context, std::size_t bytes) {
  progress_ = context.now;
  context.counts.bytes_sent.add(bytes);
}

void Connection::handle_sent(ConnectionContext& context, int result) {
  is_sending_ = false;
  if (result == -EAGAIN) is_writable_ = false;
  if (result < 0 && result != -EAGAIN && result != -EINTR) has_failed_ = true;
  if (result > 0) {
    out_.consume(static_cast<std::size_t>(result));
    note_sent(context, static_cast<std::size_t>(result));
  }
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
  if (h2_) return h2_->is_over();
  if (!h1_.is_closing()) return false;
  if (!h1_.was_refused()) return true;
  if (tls_) tls_->end_sending();
  end_sending(socket_);
  is_lingering_ = is_readable_ = wants_drive_ = true;
  return false;
}

Connection::Phase Connection::phase() const noexcept {
  if (is_lingering_) return Phase::kLingering;
  if (is_shaking_hands()) return Phase::kHead;
  if (h2_) {
    if (h2_->is_reading_head()) return Phase::kHead;
    return h2_->has_streams() || !out_.is_empty() ? Phase::kBusy : Phase::kIdle;
  }
  if (h1_.is_answering() || !out_.is_empty()) return Phase::kBusy;
  return h1_.is_reading_head() || h1_.is_first() ? Phase::kHead : Phase::kIdle;
}

void Connection::note_phase(Instant now) noexcept {
  const Phase is = phase();
  // Of who sends one head behind the other: the next has begun, not the same one for ever.
  const bool has_begun_another = std::exchange(stream_, h1_.stream()) != h1_.stream();
  if (is != phase_ || is == Phase::kBusy || has_begun_another) since_ = now;
  phase_ = is;
}

Instant Connection::deadline(const ConnectionLimits& limits) const noexcept {
  switch (phase_) {
    case Phase::kHead:
      return since_ + limits.head_max;
    case Phase::kIdle:
      return since_ + (patience_ > Micros{} ? std::max(limits.idle_max, patience_ + kIdleMargin) : limits.idle_max);
    case Phase::kLingering:
      return since_ + kLingerMax;
    case Phase::kBusy:
      break;
  }
  const Instant due = std::min(out_.due(), h2_ ? h2_->due() : Instant::never());
  return out_.is_empty() ? due : std::min(due, progress_ + limits.stall_max);
}

bool Connection::handle_timeout(const ConnectionLimits& limits, Instant now, ServerCounts& counts) {
  if (phase_ == Phase::kHead) counts.timeouts_head.add();
  if (phase_ == Phase::kIdle) counts.timeouts_idle.add();
  if (phase_ != Phase::kBusy) return false;
  const bool has_stalled = !out_.is_empty() && progress_ + limits.stall_max <= now;
  // What is late of HTTP/2 is a stream's: the others go on.
  if (h2_ && !has_stalled && out_.due() > now) {
    counts.timeouts_stream.add(h2_->reset_overdue(now));
    return true;
  }
  (has_stalled ? counts.timeouts_stall : counts.timeouts_slow).add();
  forget_unsent(socket_);
  return false;
}

void Connection::handle_end(ConnectionContext& context) {
  if (is_shaking_hands()) context.counts.tls_failed.add();
  if (h2_) {
    if (h2_->has_erred()) context.counts.h2_errors.add();
    for (std::uint64_t gone = 0; h2_->poll_gone(gone);) tell_gone(context, gone);
    for (const std::uint64_t stream : h2_->waiting()) tell_gone(context, stream);
    return;
  }
  if (!h1_.is_answering()) return;
  tell_gone(context, h1_.stream());
}

void Connection::respond(ConnectionContext& context, std::uint64_t stream, HttpResponse&& response) {
  patience_ = std::max(patience_, response.patience);
  if (h2_) h2_->set_date(context.date);
  const bool was_owed = h2_ ? h2_->respond(context.now, stream, std::move(response))
                            : h1_.respond(pen(context), stream, std::move(response));
  if (was_owed) --household_.requests;
}

void Connection::begin(ConnectionContext& context, std::uint64_t stream, HttpResponse&& head) {
  patience_ = std::max(patience_, head.patience);
  if (!h2_) return (void)h1_.begin(pen(context), stream, std::move(head));
  h2_->set_date(context.date);
  h2_->begin(context.now, stream, std::move(head));
}

void Connection::append(ConnectionContext& context, std::uint64_t stream, SharedBytes&& bytes) {
  if (!h2_) return (void)h1_.append(pen(context), stream, std::move(bytes));
  h2_->append(context.now, stream, std::move(bytes));
}

void Connection::end(ConnectionContext& context, std::uint64_t stream) {
  const bool was_owed = h2_ ? h2_->end(stream) : h1_.end(pen(context), stream);
  if (was_owed) --household_.requests;
}

}  // namespace fanlight::packager
