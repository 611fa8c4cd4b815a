// POSTs bodies to one URL over kept connections, so many at a time; what comes beyond that waits its turn.
//
// From its turn on one deadline bounds all of a post: the name, the connection, TLS, the response to its last byte.
// What fails while the loop was kept from looking is not the other end's failure. A response has 16 KiB at most;
// redirects are responses like any other. On the caller's event loop, where nothing here blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "config/webhook_rule.h"

namespace boost::asio {
class io_context;
}

namespace fanlight::control {

struct HttpReply {
  unsigned status = 0;
  std::string body;  // Whoever takes it wipes it.
};

// Why there is no reply.
struct PostFailure {
  enum class Kind : std::uint8_t {
    kTimeout,
    kUnreachable,  // Name, connection or certificate.
    kBroken,       // What came was no HTTP response, or not whole.
    kBusy,         // Too many wait already, or the loop did not look for a while.
  };
  Kind kind = Kind::kTimeout;
  std::string why;
};

using PostResult = Result<HttpReply, PostFailure>;

class HttpPoster {
 public:
  static constexpr std::size_t kQueueMax = 1024;
  static constexpr std::size_t kHeadBytesMax = 8 * 1024;
  static constexpr std::size_t kBodyBytesMax = 16 * 1024;

  // `loop` must outlive it.
  HttpPoster(boost::asio::io_context& loop, const WebhookRule& rule);
  // What was posted is still carried out and told.
  ~HttpPoster();
  HttpPoster(const HttpPoster&) = delete;
  HttpPoster& operator=(const HttpPoster&) = delete;

  // Why nothing can be posted at all; empty when it can.
  [[nodiscard]] const std::string& fault() const;
  // `body` is wiped after use. `done` is called from the loop, never from here.
  void post(std::string body, std::function<void(PostResult)> done);

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace fanlight::control
