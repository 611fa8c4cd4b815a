#include "http/http_servers.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "http/server.h"

namespace fanlight::packager {

std::string head_of(std::size_t size) {
  return "HTTP/1.1 200 OK\r\ndate: Thu, 26 Nov 2026 22:23:06 GMT\r\ncontent-type: video/mp4\r\n"
         "cache-control: max-age=12\r\naccess-control-allow-origin: *\r\ncontent-length: " +
         std::to_string(size) + "\r\n\r\n";
}

namespace {

class SameAnswer final : public HttpHandler {
 public:
  SameAnswer(HttpReplies& replies, const SharedBytes& body) : replies_(replies), body_(body) {}
  void handle(HttpRequestId id, const HttpRequest&) override {
    HttpResponse response;
    response.fields.reserve(3);
    response.fields.emplace_back("content-type", "video/mp4");
    response.fields.emplace_back("cache-control", "max-age=12");
    response.fields.emplace_back("access-control-allow-origin", "*");
    response.body = {.pieces = {body_}, .offset = 0, .size = body_.size()};
    replies_.respond(id, std::move(response));
  }
  void handle_gone(HttpRequestId) override {}
  void handle_mail(Instant) override {}
  void handle_timeout(Instant) override {}
  void handle_stop(Instant) override {}
  [[nodiscard]] Instant next_deadline() const override { return Instant::never(); }

 private:
  HttpReplies& replies_;
  const SharedBytes& body_;
};

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

class BeastConnection : public std::enable_shared_from_this<BeastConnection> {
 public:
  BeastConnection(asio::ip::tcp::socket socket, const SharedBytes& body, std::uint64_t& count)
      : stream_(std::move(socket)), body_(body), count_(count) {}
  void read() {
    parser_.emplace();
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->write();
    });
  }

 private:
  void write() {
    response_.emplace(http::status::ok, 11);
    response_->set(http::field::date, "Thu, 26 Nov 2026 22:23:06 GMT");
    response_->set(http::field::content_type, "video/mp4");
    response_->set(http::field::cache_control, "max-age=12");
    response_->set(http::field::access_control_allow_origin, "*");
    response_->body() = {reinterpret_cast<const std::uint8_t*>(body_.span().data()), body_.size()};
    response_->prepare_payload();
    http::async_write(stream_, *response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return;
      ++self->count_;
      self->read();
    });
  }

  asio::ip::tcp::socket stream_;
  const SharedBytes& body_;
  std::uint64_t& count_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::span_body<const std::uint8_t>>> response_;
};

void accept_next(asio::ip::tcp::acceptor& acceptor, const SharedBytes& body, std::uint64_t& count) {
  acceptor.async_accept([&](beast::error_code error, asio::ip::tcp::socket socket) {
    if (error) return;
    socket.set_option(asio::ip::tcp::no_delay(true));
    std::make_shared<BeastConnection>(std::move(socket), body, count)->read();
    accept_next(acceptor, body, count);
  });
}

}  // namespace

std::uint64_t serve_bare(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop) {
  const std::string head = head_of(body.size());
  Result<Descriptor> listener = open_listener({IpAddress::v4(127, 0, 0, 1), 0});
  CHECK(listener);
  const Descriptor epoll(epoll_create1(0));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener->get();
  epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener->get(), &event);
  port = local_address(*listener).port;
  std::vector<Descriptor> open;
  std::uint64_t count = 0;
  std::array<char, 16'384> buffer;
  while (!stop) {
    std::array<epoll_event, 256> events;
    const int news = epoll_wait(epoll.get(), events.data(), 256, 50);
    for (int i = 0; i < news; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener->get()) {
        Accepted accepted = accept_one(*listener);
        event.data.fd = accepted.socket.get();
        epoll_ctl(epoll.get(), EPOLL_CTL_ADD, accepted.socket.get(), &event);
        open.push_back(std::move(accepted.socket));
        continue;
      }
      const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        epoll_ctl(epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
        continue;
      }
      CHECK(memmem(buffer.data(), static_cast<std::size_t>(got), "\r\n\r\n", 4) != nullptr);
      std::array<iovec, 2> pieces = {
          {{const_cast<char*>(head.data()), head.size()}, {const_cast<std::byte*>(body.span().data()), body.size()}}};
      msghdr message{};
      message.msg_iov = pieces.data();
      message.msg_iovlen = pieces.size();
      CHECK(sendmsg(fd, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(head.size() + body.size()));
      ++count;
    }
  }
  return count;
}

namespace {

std::uint64_t serve_by(Poller::Kind poller, const SharedBytes& body, std::atomic<std::uint16_t>& port,
                       const std::atomic<bool>& stop) {
  Server::Options options;
  options.poller = poller;
  options.listen = {"127.0.0.1:0"};
  options.stop_grace = {};
  Result<std::unique_ptr<Server>> server = Server::open(options);
  CHECK(server);
  SameAnswer handler(**server, body);
  std::thread ends([&] {
    while (!stop) usleep(1'000);
    (*server)->stop();
  });
  port = (*server)->addresses().front().port;
  CHECK((*server)->run(handler));
  ends.join();
  return (*server)->counts().requests.value();
}

}  // namespace

std::uint64_t serve_ours(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop) {
  return serve_by(Poller::Kind::kEpoll, body, port, stop);
}
std::uint64_t serve_ours_uring(const SharedBytes& body, std::atomic<std::uint16_t>& port,
                               const std::atomic<bool>& stop) {
  return serve_by(Poller::Kind::kUring, body, port, stop);
}

std::uint64_t serve_beast(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop) {
  asio::io_context context(1);
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  std::uint64_t count = 0;
  accept_next(acceptor, body, count);
  std::thread ends([&] {
    while (!stop) usleep(1'000);
    context.stop();
  });
  port = acceptor.local_endpoint().port();
  context.run();
  ends.join();
  return count;
}

}  // namespace fanlight::packager
