// HTTP/1.1 over a Unix socket for Routes: Beast on the caller's event loop and thread. The only room with Beast in it.
//
// At most 64 connections, bodies up to 64 KiB, 5 s for a request to arrive and for its response to leave, 1 s for the
// worker to report. 16 of the connections may listen to events: an empty line every 10 s, cut when they do not read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

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
  static constexpr std::chrono::seconds kSignOfLife{10};

  // `routes` and `loop` must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<ApiServer>> open(boost::asio::io_context& loop, const std::string& path,
                                                               Routes& routes,
                                                               std::chrono::milliseconds sign_of_life = kSignOfLife);
  // Removes the socket file. Exchanges under way are cut when the loop is destroyed.
  ~ApiServer();

  // A report may have come: the open questions are polled again.
  void wake();
  // A line of JSON about `stream` (empty: about none) to all who listen to events.
  void publish(std::string_view stream, std::string_view line);
  [[nodiscard]] bool has_listeners() const;
  [[nodiscard]] bool has_unsent_events() const;
  [[nodiscard]] std::uint64_t listeners_cut() const;

 private:
  struct State;
  ApiServer(std::shared_ptr<State> state, std::string path);
  std::shared_ptr<State> state_;
  std::string path_;
};

}  // namespace fanlight::control
