#include "hooks/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace fanlight::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Kind = PostFailure::Kind;
using Parser = http::response_parser<http::string_body>;

// Errors as values in coroutines.
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr int kInformationalMax = 4;  // 1xx responses in front of the one that counts.

// What was read may be a passphrase.
struct WipedBuffer {
  beast::flat_buffer bytes;
  WipedBuffer() { bytes.reserve(HttpPoster::kHeadBytesMax + HttpPoster::kBodyBytesMax); }
  ~WipedBuffer() {
    bytes.clear();
    const auto room = bytes.prepare(bytes.capacity());
    explicit_bzero(room.data(), room.size());
  }
  WipedBuffer(const WipedBuffer&) = delete;
  WipedBuffer& operator=(const WipedBuffer&) = delete;
};

PostFailure failure_of(const error_code& error, Kind otherwise, const char* doing) {
  if (error == beast::error::timeout) return {Kind::kTimeout, std::string{"no answer in time, while "} + doing};
  return {otherwise, std::string{doing} + ": " + error.message()};
}

PostFailure broken(const error_code& error) {
  if (error == http::error::body_limit) return {Kind::kBroken, "its answer is longer than 16 KiB"};
  if (error == http::error::end_of_stream || error == http::error::partial_message ||
      error == asio::ssl::error::stream_truncated)
    return {Kind::kBroken, "it closed the connection before its answer was whole"};
  return failure_of(error, Kind::kBroken, "reading its answer");
}

}  // namespace

asio::awaitable<PostResult> Connection::exchange(const std::string& request, AddressBook::Clock::time_point deadline) {
  Try first = co_await try_exchange(request, deadline);
  if (!first.may_repeat) co_return std::move(first.result);
  Try second = co_await try_exchange(request, deadline);
  co_return std::move(second.result);
}

asio::awaitable<Connection::Try> Connection::try_exchange(const std::string& request,
                                                          AddressBook::Clock::time_point deadline) {
  const bool was_kept = is_open();
  if (!was_kept) {
    std::optional<PostFailure> failure = co_await open(deadline);
    if (failure) {
      close();
      co_return Try{.result = PostResult(std::move(*failure))};
    }
  }
  socket().expires_at(deadline);
  std::optional<Try> tried;
  if (tls_ != nullptr) {
    tried = co_await talk(*secure_, request);
  } else {
    tried = co_await talk(*plain_, request);
  }
  tried->may_repeat = tried->may_repeat && was_kept;
  co_return std::move(*tried);
}

asio::awaitable<std::optional<PostFailure>> Connection::open(AddressBook::Clock::time_point deadline) {
  const AddressBook::Endpoints endpoints = co_await addresses_.addresses(deadline);
  if (endpoints.empty()) co_return PostFailure{Kind::kUnreachable, addresses_.fault()};
  if (tls_ != nullptr) {
    secure_ = std::make_unique<Tls>(Plain(loop_), *tls_);
  } else {
    plain_ = std::make_unique<Plain>(loop_);
  }
  socket().expires_at(deadline);
  const auto [error, where] = co_await socket().async_connect(endpoints, kAwait);
  if (error) co_return failure_of(error, Kind::kUnreachable, "connecting");
  error_code ignored;
  socket().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls_ == nullptr) co_return std::nullopt;
  std::optional<PostFailure> failure = co_await shake_hands();
  co_return failure;
}

asio::awaitable<std::optional<PostFailure>> Connection::shake_hands() {
  error_code error;
  asio::ip::make_address(url_.host, error);
  const bool is_name = static_cast<bool>(error);
  if (is_name && SSL_set_tlsext_host_name(secure_->native_handle(), url_.host.c_str()) != 1)
    co_return PostFailure{Kind::kUnreachable, "TLS does not take its name"};
  secure_->set_verify_callback(asio::ssl::host_name_verification(url_.host), error);
  const auto [shaken] = co_await secure_->async_handshake(Tls::client, kAwait);
  if (!shaken) co_return std::nullopt;
  const long verdict = SSL_get_verify_result(secure_->native_handle());
  if (shaken != beast::error::timeout && verdict != X509_V_OK)
    co_return PostFailure{Kind::kUnreachable,
                          std::string{"its certificate is not accepted: "} + X509_verify_cert_error_string(verdict)};
  co_return failure_of(shaken, Kind::kUnreachable, "TLS");
}

// Closes the connection unless the next exchange may use it.
template <class Stream>
asio::awaitable<Connection::Try> Connection::talk(Stream& stream, const std::string& request) {
  const auto [write_error, written] = co_await asio::async_write(stream, asio::buffer(request), kAwait);
  if (write_error) {
    close();
    co_return Try{.result = PostResult(failure_of(write_error, Kind::kBroken, "sending the question")),
                  .may_repeat = write_error != beast::error::timeout};
  }
  WipedBuffer buffer;
  for (int response = 0; response <= kInformationalMax; ++response) {
    Parser parser;
    parser.header_limit(HttpPoster::kHeadBytesMax);
    parser.body_limit(HttpPoster::kBodyBytesMax);
    parser.get().body().reserve(HttpPoster::kBodyBytesMax);  // It does not move, so that it can be wiped.
    const auto [error, bytes] = co_await http::async_read(stream, buffer.bytes, parser, kAwait);
    if (error) {
      const bool is_silent = !parser.got_some() && buffer.bytes.size() == 0 && response == 0;
      close();
      wipe(parser.get().body());
      co_return Try{.result = PostResult(broken(error)), .may_repeat = is_silent && error != beast::error::timeout};
    }
    const unsigned status = parser.get().result_int();
    if (status / 100 == 1) continue;
    if (!parser.keep_alive() || buffer.bytes.size() > 0) close();
    // 408: what some servers say to a connection that was idle for too long.
    co_return Try{.result = PostResult(HttpReply{status, std::move(parser.get().body())}),
                  .may_repeat = status == 408 && !is_open()};
  }
  close();
  co_return Try{.result = PostResult(PostFailure{Kind::kBroken, "its answer does not begin"})};
}

void Connection::close() {
  plain_.reset();
  secure_.reset();
}

}  // namespace fanlight::control
