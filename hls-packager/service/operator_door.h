// What is for the operator alone, at addresses of its own: the metrics, and that it runs. A server apart, on a thread
// of its own and counted by nobody: whoever takes all connections that viewers may have keeps nobody from looking.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/server.h"
#include "service/stream_board.h"
#include "service/told_texts.h"

namespace fanlight::packager {

class OperatorDoor final : private HttpHandler {
 public:
  static constexpr std::size_t kConnectionsMax = 16;

  // Listens from now on, at `listen` alone; the rest is as `like` says. `texts` and `board` outlive it.
  static Result<std::unique_ptr<OperatorDoor>> open(const Server::Options& like, const std::vector<std::string>& listen,
                                                    ToldTexts& texts, const StreamBoard& board);
  // Until stop() and what follows from that.
  Result<Done> run() { return server_->run(*this); }
  // Of any thread.
  void stop() noexcept { server_->stop(); }
  [[nodiscard]] const std::vector<Endpoint>& addresses() const noexcept { return server_->addresses(); }

 private:
  OperatorDoor(std::unique_ptr<Server> server, ToldTexts& texts, const StreamBoard& board)
      : server_(std::move(server)), texts_(texts), board_(board) {}

  void handle(HttpRequestId id, const HttpRequest& request) override;
  void handle_gone(HttpRequestId) override {}
  void handle_mail(Instant) override {}
  void handle_timeout(Instant) override {}
  void handle_stop(Instant) override {}
  [[nodiscard]] Instant next_deadline() const override { return Instant::never(); }

  std::unique_ptr<Server> server_;
  ToldTexts& texts_;
  const StreamBoard& board_;
};

}  // namespace fanlight::packager
