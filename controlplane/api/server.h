// HTTP/1.1 over a Unix socket for Routes: Beast on the caller's event loop and thread. The only room with Beast in it.
//
// At most 64 connections, bodies up to 64 KiB, 5 s for a request to arrive and for its response to leave, 1 s for the
// worker to report.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "api/routes.h"
#include "base/result.h"

namespace boost::asio {
class io_context;
}

namespace fanlight::control {

class ApiServer {
 public:
  static constexpr std::size_t kConnectionsMax = 64;
  static constexpr std::size_t kBodyBytesMax = 64 * 1024;

  // `routes` and `loop` must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<ApiServer>> open(boost::asio::io_context& loop, const std::string& path,
                                                               Routes& routes);
  // Removes the socket file. Exchanges under way are cut when the loop is destroyed.
  ~ApiServer();

  // A report may have come: the open questions are polled again.
  void wake();

 private:
  struct State;
  ApiServer(std::shared_ptr<State> state, std::string path);
  std::shared_ptr<State> state_;
  std::string path_;
};

}  // namespace fanlight::control
