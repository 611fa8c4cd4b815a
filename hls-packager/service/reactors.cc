#include "service/reactors.h"

#include <thread>

namespace fanlight::packager {

Result<std::unique_ptr<Reactors>> Reactors::open(const Options& options, Published& published, const StreamBoard& board,
                                                 const Assets& page) {
  auto all = std::make_unique<Reactors>(board);
  Server::Options of_server = options.server;
  OriginConfig of_origin = options.origin;
  of_origin.waiters_max = (of_origin.waiters_max + options.count - 1) / options.count;
  const Front::Shows shows{.metrics = options.metrics_listen.empty()};
  for (std::size_t i = 0; i < options.count; ++i) {
    Result<std::unique_ptr<Server>> server = Server::open(of_server);
    if (!server) return server.error();
    all->reactors_.push_back(
        std::make_unique<Reactor>(std::move(*server), of_origin, published, shows, all->texts_, board, page));
    const Reactor& one = *all->reactors_.back();
    all->tallies_.servers.push_back(&one.server->counts());
    all->tallies_.origins.push_back(&one.origin.counters());
    if (i > 0) continue;
    of_server.joins = true;  // Where the first one is, also where the kernel chose the port.
    const auto at = one.server->addresses().begin();
    for (std::size_t k = 0; k < of_server.listen.size(); ++k) of_server.listen[k] = at[std::ptrdiff_t(k)].text();
    for (std::size_t k = 0; k < of_server.listen_tls.size(); ++k)
      of_server.listen_tls[k] = at[std::ptrdiff_t(of_server.listen.size() + k)].text();
  }
  if (options.metrics_listen.empty()) return all;
  auto door = OperatorDoor::open(options.server, options.metrics_listen, all->texts_, board);
  if (!door) return door.error();
  all->door_ = std::move(*door);
  return all;
}

Result<Done> Reactors::run() {
  std::vector<Result<Done>> results(reactors_.size() + 1, Done{});
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < reactors_.size(); ++i)
      threads.emplace_back([this, i, &results] { results[i] = reactors_[i]->server->run(reactors_[i]->front); });
    if (door_ != nullptr) threads.emplace_back([this, &result = results.back()] { result = door_->run(); });
    results[0] = reactors_[0]->server->run(reactors_[0]->front);
  }
  for (const Result<Done>& one : results)
    if (!one) return one;
  return Done{};
}

void Reactors::stop() noexcept {
  for (const auto& one : reactors_) one->server->stop();
  if (door_ != nullptr) door_->stop();
}

}  // namespace fanlight::packager
