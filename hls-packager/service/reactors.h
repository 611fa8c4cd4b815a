// The threads that answer requests, each with a server, an origin and a front of its own: they listen at the same
// addresses, and the kernel spreads connections over them. What they share is who is let in and what is published. One
// more answers the operator, where that has addresses of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "http/server.h"
#include "origin/origin.h"
#include "service/front.h"
#include "service/operator_door.h"

namespace fanlight::packager {

class Reactors {
 public:
  struct Options {
    std::size_t count = 1;
    Server::Options server{};
    OriginConfig origin{};                      // Waiters are divided among the threads.
    std::vector<std::string> metrics_listen{};  // The metrics are shown there, and not by these.
  };
  // Listens from now on. `published`, `board` and `page` outlive it.
  static Result<std::unique_ptr<Reactors>> open(const Options& options, Published& published, const StreamBoard& board,
                                                const Assets& page);

  // For open().
  explicit Reactors(const StreamBoard& board) : texts_(board, tallies_) {}

  // What else a wake() is for; on the caller's thread of run().
  void on_mail(std::function<void()> then) { reactors_.front()->front.on_mail(std::move(then)); }
  // Until stop() and what follows from that: on this thread, and on as many more as were asked for.
  Result<Done> run();
  // Of any thread.
  void stop() noexcept;
  void wake() { reactors_.front()->server->wake(); }

  [[nodiscard]] const std::vector<Endpoint>& addresses() const noexcept {
    return reactors_.front()->server->addresses();
  }
  // Of Options::metrics_listen.
  [[nodiscard]] std::vector<Endpoint> metrics_addresses() const {
    return door_ != nullptr ? door_->addresses() : std::vector<Endpoint>{};
  }
  [[nodiscard]] const HttpTallies& tallies() const noexcept { return tallies_; }

 private:
  struct Reactor {
    Reactor(std::unique_ptr<Server> its_server, const OriginConfig& config, Published& published, Front::Shows shows,
            ToldTexts& texts, const StreamBoard& board, const Assets& page)
        : server(std::move(its_server)),
          origin(config, published, *server),
          front(origin, shows, texts, *server, board, page) {}
    std::unique_ptr<Server> server;
    Origin origin;
    Front front;
  };

  HttpTallies tallies_;
  ToldTexts texts_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::unique_ptr<OperatorDoor> door_;  // Null: there is none.
};

}  // namespace fanlight::packager
