#include "api/server.h"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <utility>

#include "api/event_listeners.h"
#include "api/socket_file.h"

namespace fanlight::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;
using Stream = beast::basic_stream<Protocol>;
using Parser = http::request_parser<http::string_body>;
using HttpResponse = http::response<http::string_body>;
using boost::system::error_code;

constexpr std::chrono::seconds kExchangeTimeout{5};
constexpr std::chrono::seconds kReportTimeout{1};
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::uint32_t kHeadBytesMax = 8 * 1024;

// Errors as values in coroutines.
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

HttpResponse http_response(Response response, bool keep_alive) {
  HttpResponse out;
  out.version(11);
  out.result(response.status);
  out.set(http::field::content_type, response.content_type);
  if (!response.allow.empty()) out.set(http::field::allow, response.allow);
  out.keep_alive(keep_alive);
  out.body() = std::move(response.body);
  out.prepare_payload();
  return out;
}

// Ends the wait for a request when its time is up. The stream's own timeout would close it, and nothing could be said.
class RequestDeadline {
 public:
  RequestDeadline(asio::io_context& loop, Stream& stream)
      : timer_(loop, kExchangeTimeout), stream_(std::make_shared<Stream*>(&stream)) {
    timer_.async_wait([weak = std::weak_ptr(stream_)](const error_code&) {
      if (const auto waiting = weak.lock()) (*waiting)->cancel();
    });
  }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<Stream*> stream_;  // Gone once the request is there, so an expiry that comes late finds nothing.
};

// What a request that could not be read gets; empty when there is nobody to tell.
std::optional<Response> refusal_of(const error_code& error, bool has_begun) {
  if (error == http::error::body_limit) return error_response(413, "too_large", "a body may have 64 KiB at most");
  if (error == http::error::header_limit)
    return error_response(431, "too_large", "the head of the request is too long");
  const bool is_unfinished = error == asio::error::operation_aborted || error == http::error::end_of_stream ||
                             error == http::error::partial_message;
  if (is_unfinished && has_begun) return error_response(408, "timeout", "the request did not arrive whole within 5 s");
  const bool is_malformed = error.category() == make_error_code(http::error::bad_method).category();
  if (is_unfinished || !is_malformed) return std::nullopt;
  return error_response(400, "invalid", "this is not HTTP/1.1: " + error.message());
}

}  // namespace

struct ApiServer::State : std::enable_shared_from_this<State> {
  // One exchange that waits for a report.
  struct Waiting {
    Waiting(State& state, asio::steady_timer& timer) : all(state.waiting), place(all.insert(all.end(), &timer)) {}
    ~Waiting() { all.erase(place); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    std::list<asio::steady_timer*>& all;
    std::list<asio::steady_timer*>::iterator place;
  };

  State(asio::io_context& event_loop, int fd, Routes& resources, std::chrono::milliseconds pace)
      : loop(event_loop), acceptor(event_loop, Protocol(), fd), routes(resources), sign_of_life(pace) {}

  asio::awaitable<void> accept();
  asio::awaitable<void> serve(Protocol::socket socket);
  asio::awaitable<bool> exchange(Stream& stream, beast::flat_buffer& buffer);
  asio::awaitable<Response> answer(Routes::Outcome outcome);
  asio::awaitable<void> tell_events(Stream& stream, Routes::Subscription wanted);
  asio::awaitable<bool> send_chunk(Stream& stream, std::string_view text);
  asio::awaitable<bool> send(Stream& stream, Response response, bool keep_alive);

  asio::io_context& loop;
  Protocol::acceptor acceptor;
  Routes& routes;
  const std::chrono::milliseconds sign_of_life;
  EventListeners listeners;
  std::size_t connections = 0;
  std::list<asio::steady_timer*> waiting;
};

asio::awaitable<void> ApiServer::State::accept() {
  asio::steady_timer pause(loop);
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(kAwait);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // Out of descriptors, most likely: try again when some may have been closed.
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAwait);
      continue;
    }
    asio::co_spawn(
        loop, [self = shared_from_this(), peer = std::move(socket)]() mutable { return self->serve(std::move(peer)); },
        asio::detached);
  }
}

asio::awaitable<void> ApiServer::State::serve(Protocol::socket socket) {
  const std::shared_ptr<State> self = shared_from_this();
  Stream stream(std::move(socket));
  if (connections == kConnectionsMax) {
    co_await send(stream, error_response(503, "too_many_connections", "64 connections are open; try again later"),
                  false);
    co_return;
  }
  ++connections;
  beast::flat_buffer buffer;
  bool is_kept = true;
  while (is_kept) is_kept = co_await exchange(stream, buffer);
  error_code ignored;
  stream.socket().shutdown(Protocol::socket::shutdown_send, ignored);
  --connections;
}

// One request and its response. False when the connection is over.
asio::awaitable<bool> ApiServer::State::exchange(Stream& stream, beast::flat_buffer& buffer) {
  Parser parser;
  parser.body_limit(kBodyBytesMax);
  parser.header_limit(kHeadBytesMax);
  stream.expires_never();
  auto deadline = std::make_unique<RequestDeadline>(loop, stream);
  const auto [error, bytes] = co_await http::async_read(stream, buffer, parser, kAwait);
  deadline.reset();
  if (error) {
    const bool has_begun = parser.got_some() || buffer.size() > 0;
    std::optional<Response> refusal = refusal_of(error, has_begun);
    if (refusal) co_await send(stream, std::move(*refusal), false);
    co_return false;
  }
  const auto& message = parser.get();
  const Request request{std::string(message.method_string()), std::string(message.target()), message.body()};
  Routes::Outcome outcome = routes.start(request);
  buffer.shrink_to_fit();  // The body may have brought a passphrase, and a connection may stay open for long.
  if (auto* wanted = std::get_if<Routes::Subscription>(&outcome)) {
    co_await tell_events(stream, std::move(*wanted));
    co_return false;
  }
  Response response = co_await answer(std::move(outcome));
  co_return co_await send(stream, std::move(response), message.keep_alive());
}

asio::awaitable<Response> ApiServer::State::answer(Routes::Outcome outcome) {
  if (auto* response = std::get_if<Response>(&outcome)) co_return std::move(*response);
  const auto& question = std::get<Routes::Question>(outcome);
  asio::steady_timer timer(loop, kReportTimeout);
  const Waiting place(*this, timer);
  while (true) {
    std::optional<Response> response = routes.poll(question);
    if (response) co_return std::move(*response);
    // wake() cancels the wait; the timer's own end is the worker's silence.
    const auto [error] = co_await timer.async_wait(kAwait);
    if (!error) co_return Routes::unanswered();
  }
}

// Until the listener is gone, or is cut: nothing else is said on this connection.
asio::awaitable<void> ApiServer::State::tell_events(Stream& stream, Routes::Subscription wanted) {
  const auto news = std::make_shared<asio::steady_timer>(loop);
  const auto listener = std::make_shared<EventListener>();
  listener->stream = std::move(wanted.stream);
  listener->wake = [news] { news->cancel(); };
  const std::optional<EventListeners::Place> place = listeners.try_add(*listener);
  if (!place) {
    co_await send(stream, Routes::too_many_listeners(), false);
    co_return;
  }
  // Whatever it says from here on is its end.
  stream.socket().async_wait(Protocol::socket::wait_read, [weak = std::weak_ptr(listener)](const error_code&) {
    const auto one = weak.lock();
    if (!one) return;
    one->is_over = true;
    one->wake();
  });
  http::response<http::empty_body> head{http::status::ok, 11};
  head.set(http::field::content_type, "application/x-ndjson");
  head.chunked(true);
  http::response_serializer<http::empty_body> serializer{head};
  stream.expires_after(kExchangeTimeout);
  const auto [error, bytes] = co_await http::async_write_header(stream, serializer, kAwait);
  bool is_heard = !error;
  while (is_heard && !listener->is_over) {
    if (listener->unsent.empty()) {
      news->expires_after(sign_of_life);
      const auto [woken] = co_await news->async_wait(kAwait);
      if (!woken && listener->unsent.empty()) listener->unsent = "\n";
      continue;
    }
    const std::string lines = std::exchange(listener->unsent, {});
    is_heard = co_await send_chunk(stream, lines);
  }
  listeners.remove(*place);
}

asio::awaitable<bool> ApiServer::State::send_chunk(Stream& stream, std::string_view text) {
  stream.expires_after(kExchangeTimeout);
  const auto [error, bytes] =
      co_await asio::async_write(stream, http::make_chunk(asio::buffer(text.data(), text.size())), kAwait);
  co_return !error;
}

asio::awaitable<bool> ApiServer::State::send(Stream& stream, Response response, bool keep_alive) {
  const HttpResponse message = http_response(std::move(response), keep_alive);
  stream.expires_after(kExchangeTimeout);
  const auto [error, bytes] = co_await http::async_write(stream, message, kAwait);
  co_return !error && keep_alive;
}

Result<std::unique_ptr<ApiServer>> ApiServer::open(asio::io_context& loop, const std::string& path, Routes& routes,
                                                   std::chrono::milliseconds sign_of_life) {
  const Result<int> fd = listen_at(path);
  if (!fd) return fd.error();
  auto state = std::make_shared<State>(loop, *fd, routes, sign_of_life);
  asio::co_spawn(loop, state->accept(), asio::detached);
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(state), path));
}

ApiServer::ApiServer(std::shared_ptr<State> state, std::string path)
    : state_(std::move(state)), path_(std::move(path)) {}

ApiServer::~ApiServer() {
  error_code ignored;
  state_->acceptor.close(ignored);
  unlink(path_.c_str());
}

void ApiServer::wake() {
  for (asio::steady_timer* timer : state_->waiting) timer->cancel();
}

void ApiServer::publish(std::string_view stream, std::string_view line) { state_->listeners.publish(stream, line); }
bool ApiServer::has_listeners() const { return state_->listeners.has_any(); }
bool ApiServer::has_unsent_events() const { return state_->listeners.has_unsent(); }
std::uint64_t ApiServer::listeners_cut() const { return state_->listeners.cut(); }

}  // namespace fanlight::control
