#include "hooks/http_poster.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "config/secret.h"
#include "hooks/address_book.h"
#include "hooks/connection.h"
#include "hooks/loop_watch.h"
#include "hooks/question.h"

namespace fanlight::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = AddressBook::Clock;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kIdleMax{30};
constexpr int kAbsenceShare = 10;  // Of the timeout: when the loop was away for longer, time was not given.

struct Job {
  std::string request;
  std::function<void(PostResult)> done;
};

}  // namespace

class HttpPoster::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& loop, WebhookRule rule)
      : loop_(loop),
        rule_(std::move(rule)),
        addresses_(std::make_shared<AddressBook>(loop, rule_.url.host, rule_.url.port)),
        watch_(std::make_shared<LoopWatch>(loop)) {
    if (rule_.url.is_tls) prepare_tls();
  }

  [[nodiscard]] const std::string& fault() const { return fault_; }
  void post(std::string body, std::function<void(PostResult)> done);
  void retire();

 private:
  void prepare_tls();
  [[nodiscard]] std::string request_of(const std::string& body) const;
  void refuse(std::function<void(PostResult)> done, PostFailure failure);
  asio::awaitable<void> carry();
  asio::awaitable<bool> wait_for_work();
  asio::awaitable<PostResult> exchange(Connection& connection, const std::string& request);
  [[nodiscard]] Clock::duration timeout() const { return std::chrono::microseconds(rule_.timeout.count); }

  asio::io_context& loop_;
  const WebhookRule rule_;
  const std::shared_ptr<AddressBook> addresses_;
  const std::shared_ptr<LoopWatch> watch_;
  std::optional<asio::ssl::context> tls_;
  std::string fault_;
  std::deque<Job> queue_;
  std::vector<asio::steady_timer*> idle_;  // Of lanes without work; the one that has been idle for the least time last.
  std::size_t lanes_ = 0;
  bool is_retired_ = false;
};

void HttpPoster::State::prepare_tls() {
  error_code error;
  tls_.emplace(asio::ssl::context::tls_client);
  tls_->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  tls_->set_verify_mode(asio::ssl::verify_peer, error);
  if (rule_.ca_file.empty()) {
    tls_->set_default_verify_paths(error);
  } else {
    tls_->load_verify_file(rule_.ca_file, error);
  }
  if (error) fault_ = "no certificates to trust: " + error.message();
}

// By hand, so that no library keeps a copy of the token.
std::string HttpPoster::State::request_of(const std::string& body) const {
  std::string text;
  text.reserve(body.size() + rule_.url.target.size() + rule_.url.host.size() + 512);  // It does not move any more.
  text.append("POST ").append(rule_.url.target).append(" HTTP/1.1\r\nHost: ").append(rule_.url.authority());
  text.append(
      "\r\nUser-Agent: fanlight\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: ");
  text.append(std::to_string(body.size()));
  if (!rule_.token.is_empty()) text.append("\r\nAuthorization: Bearer ").append(rule_.token.reveal());
  if (!rule_.signing_key.is_empty())
    text.append("\r\nX-Fanlight-Signature: ").append(signature_of(body, rule_.signing_key.reveal()));
  return text.append("\r\n\r\n").append(body);
}

void HttpPoster::State::refuse(std::function<void(PostResult)> done, PostFailure failure) {
  asio::post(loop_, [done = std::move(done), failure = std::move(failure)] { done(PostResult(failure)); });
}

void HttpPoster::State::post(std::string body, std::function<void(PostResult)> done) {
  const WipedAtEnd wiped({&body});
  if (!fault_.empty()) return refuse(std::move(done), {PostFailure::Kind::kUnreachable, fault_});
  if (queue_.size() == kQueueMax) return refuse(std::move(done), {PostFailure::Kind::kBusy, "1,024 wait for it"});
  queue_.push_back({request_of(body), std::move(done)});
  if (!idle_.empty()) {
    idle_.back()->cancel();
    idle_.pop_back();
  } else if (lanes_ < rule_.concurrency) {
    ++lanes_;
    asio::co_spawn(
        loop_, [self = shared_from_this()]() { return self->carry(); }, asio::detached);
  }
}

// One lane: a connection that carries what waits, one after the other.
asio::awaitable<void> HttpPoster::State::carry() {
  const std::shared_ptr<State> self = shared_from_this();
  co_await asio::post(loop_, asio::use_awaitable);  // Out of post().
  Connection connection(loop_, rule_.url, tls_ ? &*tls_ : nullptr, *addresses_);
  bool is_wanted = true;
  while (is_wanted) {
    if (queue_.empty()) {
      is_wanted = co_await wait_for_work();
      continue;
    }
    Job job = std::move(queue_.front());
    queue_.pop_front();
    const WipedAtEnd wiped({&job.request});
    PostResult result = co_await exchange(connection, job.request);
    job.done(std::move(result));
  }
  --lanes_;
}

asio::awaitable<PostResult> HttpPoster::State::exchange(Connection& connection, const std::string& request) {
  const LoopWatch::Guard guard(*watch_);
  const Clock::duration absent = watch_->absent();
  PostResult result = co_await connection.exchange(request, Clock::now() + timeout());
  const bool is_late = watch_->absent() - absent > timeout() / kAbsenceShare;
  if (!result && result.error().kind != PostFailure::Kind::kBroken && is_late)
    result = PostFailure{PostFailure::Kind::kBusy, "the relay was too busy to look: " + result.error().why};
  co_return result;
}

asio::awaitable<bool> HttpPoster::State::wait_for_work() {
  if (is_retired_) co_return false;
  asio::steady_timer timer(loop_, kIdleMax);
  idle_.push_back(&timer);
  const auto [woken] = co_await timer.async_wait(kAwait);
  std::erase(idle_, &timer);
  co_return woken || !queue_.empty();
}

void HttpPoster::State::retire() {
  is_retired_ = true;
  for (asio::steady_timer* timer : std::exchange(idle_, {})) timer->cancel();
}

HttpPoster::HttpPoster(asio::io_context& loop, const WebhookRule& rule) : state_(std::make_shared<State>(loop, rule)) {}
HttpPoster::~HttpPoster() { state_->retire(); }
const std::string& HttpPoster::fault() const { return state_->fault(); }
void HttpPoster::post(std::string body, std::function<void(PostResult)> done) {
  state_->post(std::move(body), std::move(done));
}

}  // namespace fanlight::control
