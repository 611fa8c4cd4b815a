// One connection to a webhook, plain or TLS, that carries one exchange after the other.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <optional>
#include <string>

#include "config/webhook_rule.h"
#include "hooks/address_book.h"
#include "hooks/http_poster.h"

namespace fanlight::control {

class Connection {
 public:
  // `tls` null: in the clear.
  Connection(boost::asio::io_context& loop, const HttpUrl& url, boost::asio::ssl::context* tls, AddressBook& addresses)
      : loop_(loop), url_(url), tls_(tls), addresses_(addresses) {}

  // `request` is a whole HTTP request. On a kept connection that the other end has closed meanwhile it is said again on
  // a fresh one.
  [[nodiscard]] boost::asio::awaitable<PostResult> exchange(const std::string& request,
                                                            AddressBook::Clock::time_point deadline);

 private:
  using Plain = boost::beast::tcp_stream;
  using Tls = boost::asio::ssl::stream<boost::beast::tcp_stream>;
  struct Try {
    PostResult result;
    bool may_repeat = false;  // Nothing of a response was heard, and the connection was not new.
  };

  [[nodiscard]] boost::asio::awaitable<std::optional<PostFailure>> open(AddressBook::Clock::time_point deadline);
  [[nodiscard]] boost::asio::awaitable<std::optional<PostFailure>> shake_hands();
  [[nodiscard]] boost::asio::awaitable<Try> try_exchange(const std::string& request,
                                                         AddressBook::Clock::time_point deadline);
  template <class Stream>
  [[nodiscard]] boost::asio::awaitable<Try> talk(Stream& stream, const std::string& request);
  [[nodiscard]] Plain& socket() { return tls_ != nullptr ? secure_->next_layer() : *plain_; }
  [[nodiscard]] bool is_open() const { return plain_ != nullptr || secure_ != nullptr; }
  void close();

  boost::asio::io_context& loop_;
  const HttpUrl& url_;
  boost::asio::ssl::context* tls_;
  AddressBook& addresses_;
  std::unique_ptr<Plain> plain_;
  std::unique_ptr<Tls> secure_;
};

}  // namespace fanlight::control
