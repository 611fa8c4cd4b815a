#include "fanlight/http_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>

namespace fanlight::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;
using boost::system::error_code;
using HttpRequest = http::request<http::string_body>;
using Parser = http::response_parser<http::string_body>;

// The relay answers or says why not within 1 s; a list of all sessions takes a little to transfer.
constexpr std::chrono::seconds kTimeout{10};
constexpr std::uint64_t kBodyBytesMax = 256 << 20;

HttpRequest http_request(std::string_view method, std::string_view target, std::string_view body) {
  HttpRequest request;
  request.version(11);
  request.method_string({method.data(), method.size()});
  request.target({target.data(), target.size()});
  request.set(http::field::host, "fanlight");
  request.keep_alive(false);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  return request;
}

Error trouble(const std::string& path, const error_code& error) {
  if (error == asio::error::access_denied)
    return {ErrorCode::kNoRights, "no rights to talk to the relay at " + path + "; run as its user, or with sudo"};
  const bool is_absent = error == boost::system::errc::no_such_file_or_directory ||
                         error == asio::error::connection_refused || error == boost::system::errc::not_a_socket;
  if (is_absent) return {ErrorCode::kUnavailable, "no relay answers at " + path + " (is fanlightd running?)"};
  return {ErrorCode::kFailed, "the relay at " + path + " did not answer: " + error.message()};
}

// Write, then read: each step starts the next, the first error ends it.
class Exchange {
 public:
  Exchange(Protocol::socket socket, HttpRequest request) : stream_(std::move(socket)), request_(std::move(request)) {
    parser_.body_limit(kBodyBytesMax);
  }
  error_code run(asio::io_context& loop) {
    stream_.expires_after(kTimeout);
    http::async_write(stream_, request_, [this](const error_code& error, std::size_t) {
      error_ = error;
      if (!error) read();
    });
    loop.run();
    return error_;
  }
  [[nodiscard]] Answer answer() const { return {parser_.get().result_int(), parser_.get().body()}; }

 private:
  void read() {
    http::async_read(stream_, buffer_, parser_, [this](const error_code& error, std::size_t) { error_ = error; });
  }

  beast::basic_stream<Protocol> stream_;
  HttpRequest request_;
  beast::flat_buffer buffer_;
  Parser parser_;
  error_code error_;
};

// Plain blocking reads: whoever follows waits for nothing else.
error_code read_lines(Protocol::socket& socket, http::response_parser<http::buffer_body>& parser,
                      beast::flat_buffer& buffer, const std::function<void(std::string_view)>& tell) {
  std::array<char, 16 * 1024> room;
  std::string text;
  error_code error;
  while (!error && !parser.is_done()) {
    parser.get().body().data = room.data();
    parser.get().body().size = room.size();
    http::read_some(socket, buffer, parser, error);
    if (error == http::error::need_buffer) error = {};
    text.append(room.data(), room.size() - parser.get().body().size);
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      if (end > begin) tell(std::string_view{text}.substr(begin, end - begin));
    text.erase(0, begin);
  }
  if (!text.empty()) tell(text);
  return error;
}

// Anybody may have made a directory there first, and would be told passphrases. The relay refuses such a one as well.
bool is_strangers(Protocol::socket& socket, const std::string& path) {
  if (!path.starts_with("/tmp/")) return false;
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool is_known = getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  return !is_known || (peer.uid != 0 && peer.uid != geteuid());
}

Result<Done> connect(Protocol::socket& socket, const std::string& path) {
  error_code error;
  if (path.size() > 107) return trouble(path, make_error_code(boost::system::errc::no_such_file_or_directory));
  socket.connect(Protocol::endpoint(path), error);
  if (error) return trouble(path, error);
  if (geteuid() != 0 && is_strangers(socket, path))
    return Error{ErrorCode::kNoRights, "what answers at " + path +
                                           " is another user's program, and was told nothing; run as that user, or "
                                           "name the relay's own socket with --api"};
  return Done{};
}

}  // namespace

Result<Answer> exchange(const std::string& socket_path, std::string_view method, std::string_view target,
                        std::string_view body) {
  asio::io_context loop;
  Protocol::socket socket(loop);
  if (const Result<Done> connected = connect(socket, socket_path); !connected) return connected.error();
  Exchange exchange(std::move(socket), http_request(method, target, body));
  const error_code error = exchange.run(loop);
  if (error) return trouble(socket_path, error);
  return exchange.answer();
}

Result<Answer> follow(const std::string& socket_path, std::string_view target,
                      const std::function<void(std::string_view line)>& tell) {
  asio::io_context loop;
  Protocol::socket socket(loop);
  if (const Result<Done> connected = connect(socket, socket_path); !connected) return connected.error();
  error_code error;
  http::write(socket, http_request("GET", target, ""), error);
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  beast::flat_buffer buffer;
  if (!error) http::read_header(socket, buffer, parser, error);
  Answer answer{error ? 0 : parser.get().result_int(), ""};
  const auto keep = [&](std::string_view line) { answer.body.append(line); };
  if (!error && answer.status >= 300) error = read_lines(socket, parser, buffer, keep);
  if (!error && answer.status < 300) error = read_lines(socket, parser, buffer, tell);
  const bool has_begun = answer.status != 0 && answer.status < 300;
  if (error && !has_begun && error != http::error::end_of_stream) return trouble(socket_path, error);
  return answer;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= 'a' && byte <= 'z') || kPlain.find(c) != std::string_view::npos;
    if (is_plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace fanlight::cli
