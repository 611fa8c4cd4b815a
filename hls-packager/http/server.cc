#include "http/server.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/check.h"
#include "http/response_head.h"

namespace fanlight::packager {
namespace {

constexpr unsigned kSlotBits = 24;
constexpr std::uint64_t kSlotMask = (std::uint64_t{1} << kSlotBits) - 1;
// What the poller knows things by: a connection's id, whose serial is never 0, a listener's number, or this.
constexpr std::uint64_t kBell = kSlotMask;

constexpr std::size_t kReceiveBytes = 16 * 1024;
constexpr std::size_t kBatchedBytes = 2 * 1024;  // Of a connection: a head, most of the time.
constexpr int kAcceptsAtOnce = 64;
constexpr std::size_t kDrivenAtOnce = SocketBatch::kMax;  // Between two looks at the kernel's news.
constexpr int kHandshakesAtOnce = 16;
constexpr Micros kSweepEvery = millis(50);
constexpr Micros kAcceptPause = millis(100);

Instant monotonic_now() noexcept {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return {std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1'000};
}

Error kernel_error(const char* what) {
  return {ErrorCode::kFailed, std::string("the HTTP server cannot start: ") + what + ": " + std::strerror(errno)};
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const Options& options) {
  std::unique_ptr<Server> server(new Server(options));
  if (Result<Done> started = server->start(); !started) return started.error();
  return server;
}

Result<Done> Server::start() {
  Result<std::unique_ptr<Poller>> poller = Poller::open(options_.poller);
  if (!poller) return Error{poller.error().code, "the HTTP server cannot start: " + poller.error().what};
  poller_ = *std::move(poller);
  bell_ = Descriptor(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!bell_.is_open() || !poller_->watch_level(bell_.get(), kBell)) return kernel_error("eventfd");
  for (const std::string& text : options_.listen)
    if (Result<Done> done = listen(text, false); !done) return done;
  for (const std::string& text : options_.listen_tls)
    if (Result<Done> done = listen(text, true); !done) return done;
  received_.resize(kReceiveBytes);
  if (poller_->batch() != nullptr) batch_received_.resize(SocketBatch::kMax * kBatchedBytes);
  return Done{};
}

Result<Done> Server::listen(const std::string& text, bool has_tls) {
  CHECK(!has_tls || options_.tls);
  Result<Endpoint> at = parse_listen_address(text);
  if (!at) return at.error();
  Result<Descriptor> socket = open_listener(*at, options_.joins);
  if (!socket) return socket.error();
  if (!poller_->watch_level(socket->get(), listeners_.size())) return kernel_error("epoll_ctl");
  addresses_.push_back(local_address(*socket));
  listeners_.push_back({.socket = std::move(*socket), .has_tls = has_tls});
  return Done{};
}

Result<Done> Server::run(HttpHandler& handler) {
  context_ = std::make_unique<ConnectionContext>(ConnectionContext{.limits = options_.limits,
                                                                   .handler = handler,
                                                                   .counts = counts_,
                                                                   .received = received_,
                                                                   .batch = poller_->batch()});
  if (Result<Done> entered = poller_->enter(); !entered) return entered;
  read_clocks();
  while (!has_stopped()) turn();
  for (const auto& connection : connections_)
    if (connection) close(*connection);
  poller_->leave();
  context_.reset();
  return Done{};
}

void Server::stop() noexcept {
  is_to_stop_.store(true, std::memory_order_release);
  eventfd_write(bell_.get(), 1);
}

void Server::wake() {
  has_mail_.store(true, std::memory_order_release);
  eventfd_write(bell_.get(), 1);
}

void Server::turn() {
  const std::span<const Poller::News> all = poller_->wait(wait_ms());
  read_clocks();
  for (const Poller::News& news : all) take_news(news);
  if (context_->handler.next_deadline() <= context_->now) context_->handler.handle_timeout(context_->now);
  drive_listed();
  if (context_->batch != nullptr && !listed_.empty()) drive_listed();
  if (next_sweep_ <= context_->now) sweep();
}

int Server::wait_ms() const {
  if (!listed_.empty()) return 0;
  const bool has_to_sweep = counts_.connections.value() > 0 || std::ranges::any_of(listeners_, &Listener::is_paused);
  const Instant at = std::min(context_->handler.next_deadline(), has_to_sweep ? next_sweep_ : Instant::never());
  const std::int64_t us = (at - std::min(at, context_->now)).count;
  return static_cast<int>(std::min<std::int64_t>((us + 999) / 1'000, 60'000));
}

void Server::read_clocks() {
  context_->now = monotonic_now();
  timespec wall;
  clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  if (std::exchange(date_second_, wall.tv_sec) != wall.tv_sec) context_->date = http_date(wall.tv_sec);
}

void Server::take_news(const Poller::News& news) {
  if (news.name == kBell) return hear_bell();
  if (news.name < listeners_.size()) return accept_some(listeners_[static_cast<std::size_t>(news.name)]);
  Connection* connection = find(news.name);
  if (connection == nullptr) return;
  if ((news.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
    connection->handle_readable((news.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                                (news.events & (EPOLLHUP | EPOLLERR)) != 0);
  if ((news.events & EPOLLOUT) != 0) connection->handle_writable();
  if (news.is_last) (void)poller_->watch_edge(connection->socket().get(), connection->id());
  list(*connection);
}

void Server::hear_bell() {
  eventfd_t rung = 0;
  eventfd_read(bell_.get(), &rung);
  if (is_to_stop_.load(std::memory_order_acquire) && stops_at_ == Instant::never()) begin_stop();
  if (has_mail_.exchange(false, std::memory_order_acq_rel)) context_->handler.handle_mail(context_->now);
}

void Server::accept_some(Listener& listener) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    Accepted accepted = accept_one(listener.socket);
    if (accepted.socket.is_open()) {
      admit(std::move(accepted), listener.has_tls);
      continue;
    }
    if (accepted.error == EAGAIN) return;
    // Without descriptors or memory the connection stays where it is, and epoll would tell of it at once, for ever.
    if (accepted.error == EMFILE || accepted.error == ENFILE || accepted.error == ENOBUFS || accepted.error == ENOMEM)
      return pause(listener);
  }
}

void Server::pause(Listener& listener) {
  counts_.accepts_failed.add();
  listener.is_paused = true;
  listener.paused_until = context_->now + kAcceptPause;
  poller_->mute(listener.socket.get(), static_cast<std::uint64_t>(&listener - listeners_.data()));
}

void Server::resume_listeners() {
  for (Listener& listener : listeners_) {
    if (!listener.is_paused || listener.paused_until > context_->now) continue;
    listener.is_paused = false;
    poller_->unmute(listener.socket.get(), static_cast<std::uint64_t>(&listener - listeners_.data()));
  }
}

void Server::admit(Accepted accepted, bool has_tls) {
  const Admission::Answer admitted = options_.admission->admit(accepted.from.ip);
  if (admitted.verdict == Admission::Verdict::kTooMany) return counts_.refused_by_cap.add();
  if (admitted.verdict == Admission::Verdict::kTooManyOfAddress) return counts_.refused_by_address_cap.add();
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(connections_.size()));
    connections_.emplace_back();
    deadlines_.push_back(Instant::never());
  }
  const std::uint32_t slot = free_slots_.back();
  const std::uint64_t id = next_serial_ << kSlotBits | slot;
  if (!poller_->watch_edge(accepted.socket.get(), id)) {
    options_.admission->leave(*admitted.household);
    return counts_.accepts_failed.add();
  }
  free_slots_.pop_back();
  ++next_serial_;
  connections_[slot] = std::make_unique<Connection>(id, std::move(accepted.socket), *admitted.household,
                                                    has_tls ? options_.tls->current() : nullptr, context_->now);
  deadlines_[slot] = connections_[slot]->deadline(options_.limits);
  counts_.connections.add();
  counts_.connections_accepted.add();
}

Connection* Server::find(std::uint64_t id) noexcept {
  const std::size_t slot = id & kSlotMask;
  if (slot >= connections_.size() || !connections_[slot] || connections_[slot]->id() != id) return nullptr;
  return connections_[slot].get();
}

void Server::list(Connection& connection) {
  if (std::exchange(connection.is_listed, true)) return;
  listed_.push_back(connection.id());
}

void Server::drive_listed() {
  const std::size_t count = std::min(listed_.size(), kDrivenAtOnce);
  if (context_->batch != nullptr) receive_listed(count);
  int handshakes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Connection* connection = find(listed_[i]);
    if (connection == nullptr) continue;
    // A handshake takes as long as dozens of requests: a crowd's are spread over turns.
    if (connection->is_shaking_hands() && ++handshakes > kHandshakesAtOnce) {
      listed_.push_back(connection->id());
    } else {
      drive(*connection);
    }
  }
  listed_.erase(listed_.begin(), listed_.begin() + static_cast<std::ptrdiff_t>(count));
  if (context_->batch != nullptr) submit_sends();
}

// What the listed have to read, by one call.
void Server::receive_listed(std::size_t count) {
  const auto slice = [&](std::size_t i) {
    return MutableByteSpan(batch_received_).subspan(i * kBatchedBytes, kBatchedBytes);
  };
  std::size_t pushed = 0;
  for (std::size_t i = 0; i < count; ++i)
    if (const Connection* connection = find(listed_[i]); connection != nullptr && connection->wants_receive())
      context_->batch->push_receive(connection->id(), connection->socket().get(), slice(pushed++));
  for (const SocketBatch::Outcome& got : context_->batch->submit())
    find(got.name)->handle_received(*context_, got.result, slice(got.number));
}

// What the driven have to send, by one call. Only then do they see that an answer is over.
void Server::submit_sends() {
  for (const SocketBatch::Outcome& sent : context_->batch->submit()) {
    Connection* connection = find(sent.name);
    connection->handle_sent(*context_, sent.result);
    list(*connection);
  }
}

void Server::drive(Connection& connection) {
  // Still listed: what it is answered while it asks, it sends itself.
  if (!connection.drive(*context_)) return close(connection);
  connection.is_listed = false;
  deadlines_[connection.id() & kSlotMask] = connection.deadline(options_.limits);
  if (connection.wants_drive()) list(connection);
}

void Server::sweep() {
  next_sweep_ = context_->now + kSweepEvery;
  resume_listeners();
  for (std::size_t slot = 0; slot < deadlines_.size(); ++slot) {
    if (deadlines_[slot] > context_->now) continue;
    Connection& connection = *connections_[slot];
    if (!connection.handle_timeout(options_.limits, context_->now, counts_)) {
      close(connection);
      continue;
    }
    deadlines_[slot] = connection.deadline(options_.limits);
    list(connection);
  }
}

void Server::close(Connection& connection) {
  const std::size_t slot = connection.id() & kSlotMask;
  if (connection.is_sending()) submit_sends();
  poller_->forget(connection.socket().get(), connection.id());
  connection.handle_end(*context_);
  options_.admission->leave(connection.household());
  connections_[slot].reset();
  deadlines_[slot] = Instant::never();
  free_slots_.push_back(static_cast<std::uint32_t>(slot));
  counts_.connections.sub();
}

void Server::begin_stop() {
  stops_at_ = context_->now + options_.stop_grace;
  for (std::size_t i = 0; i < listeners_.size(); ++i) poller_->forget(listeners_[i].socket.get(), i);
  listeners_.clear();
  for (const auto& connection : connections_) {
    if (!connection) continue;
    connection->finish();
    list(*connection);
  }
  context_->handler.handle_stop(context_->now);
}

bool Server::has_stopped() {
  return stops_at_ != Instant::never() && (counts_.connections.value() == 0 || stops_at_ <= context_->now);
}

void Server::respond(HttpRequestId id, HttpResponse&& response) {
  if (Connection* connection = find(id.connection)) {
    connection->respond(*context_, id.stream, std::move(response));
    list(*connection);
  }
}

void Server::begin(HttpRequestId id, HttpResponse&& head) {
  if (Connection* connection = find(id.connection)) {
    connection->begin(*context_, id.stream, std::move(head));
    list(*connection);
  }
}

void Server::append(HttpRequestId id, SharedBytes bytes) {
  if (Connection* connection = find(id.connection)) {
    connection->append(*context_, id.stream, std::move(bytes));
    list(*connection);
  }
}

void Server::end(HttpRequestId id) {
  if (Connection* connection = find(id.connection)) {
    connection->end(*context_, id.stream);
    list(*connection);
  }
}

}  // namespace fanlight::packager
