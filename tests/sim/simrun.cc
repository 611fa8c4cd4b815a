// simrun [--seeds N] [--first S] [--seed S] [--world NAME] [--kept FILE] [--list] [--show]
//
// First the seeds that once failed (FILE: "world seed" per line), then N seeds over the worlds in turn.
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "world.h"

namespace fanlight::sim {
namespace {

struct Order {
  std::uint64_t seeds = 200;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seed;
  std::string world;
  std::string kept;
  bool is_list = false;
  bool is_show = false;
};

// What runs right now, for a CHECK that fails in the middle of it.
char running[128];

void name_the_run(int) {
  (void)!write(STDERR_FILENO, running, std::strlen(running));
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

const WorldSpec* find_world(std::string_view name) {
  for (const auto& worlds : {worlds_in_turn(), worlds_apart()})
    for (const WorldSpec& spec : worlds)
      if (spec.name == name) return &spec;
  return nullptr;
}

// So often a world is run again, to see that it follows from its seed.
constexpr std::uint64_t kTwiceEach = 16;

bool try_run(const WorldSpec& spec, std::uint64_t seed, bool is_show = false) {
  std::snprintf(running, sizeof running, "simrun --seed=%llu --world=%.*s\n", static_cast<unsigned long long>(seed),
                static_cast<int>(spec.name.size()), spec.name.data());
  World world(spec, seed);
  Books books = world.run();
  if (is_show) world.show();
  if (seed % kTwiceEach == 0 && !spec.is_day) {
    World again(spec, seed);
    (void)again.run();
    books.expect_equal("what was sent in two runs", world.fingerprint(), again.fingerprint());
  }
  if (books.failed() == 0) return true;
  std::printf("FAILED: %s", running);
  for (const std::string& failure : books.failures()) std::printf("  %s\n", failure.c_str());
  if (books.failed() > books.failures().size())
    std::printf("  and %llu more\n", static_cast<unsigned long long>(books.failed() - books.failures().size()));
  return false;
}

bool try_kept(const std::string& path) {
  std::ifstream file(path);
  bool is_well = true;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t seed = 0;
    if (!(words >> name >> seed) || name.starts_with('#')) continue;
    const WorldSpec* spec = find_world(name);
    if (spec == nullptr) {
      std::printf("FAILED: %s names no world: %s\n", path.c_str(), name.c_str());
      return false;
    }
    is_well = try_run(*spec, seed) && is_well;
  }
  return is_well;
}

bool try_many(const Order& order) {
  bool is_well = true;
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t done = 0;
  for (std::uint64_t seed = order.first; seed < order.first + order.seeds; ++seed) {
    const WorldSpec* spec = find_world(order.world);
    if (spec == nullptr) spec = &worlds_in_turn()[seed % worlds_in_turn().size()];
    is_well = try_run(*spec, seed) && is_well;
    if (++done % 25 != 0) continue;
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
    std::printf("%llu of %llu seeds, %.1f s\n", static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(order.seeds), spent.count());
    std::fflush(stdout);
  }
  return is_well;
}

std::optional<Order> read_order(int argc, char** argv) {
  Order order;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--list") {
      order.is_list = true;
      continue;
    }
    if (word == "--show") {
      order.is_show = true;
      continue;
    }
    std::string value;
    if (const auto sign = word.find('='); sign != std::string::npos) {
      value = word.substr(sign + 1);
      word.resize(sign);
    } else if (++i < argc) {
      value = argv[i];
    } else {
      return std::nullopt;
    }
    const std::uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
    if (word == "--seeds")
      order.seeds = number;
    else if (word == "--first")
      order.first = number;
    else if (word == "--seed")
      order.seed = number;
    else if (word == "--world")
      order.world = value;
    else if (word == "--kept")
      order.kept = value;
    else
      return std::nullopt;
  }
  if (!order.world.empty() && find_world(order.world) == nullptr) return std::nullopt;
  return order;
}

int run(int argc, char** argv) {
  const std::optional<Order> order = read_order(argc, argv);
  if (!order) {
    std::printf("simrun [--seeds N] [--first S] [--seed S] [--world NAME] [--kept FILE] [--list] [--show]\n");
    return 2;
  }
  if (order->is_list) {
    for (const auto& worlds : {worlds_in_turn(), worlds_apart()})
      for (const WorldSpec& spec : worlds)
        std::printf("%-12s %s\n", std::string(spec.name).c_str(), std::string(spec.about).c_str());
    return 0;
  }
  std::signal(SIGABRT, name_the_run);
  if (order->seed) {
    const WorldSpec* spec = find_world(order->world.empty() ? "clean" : order->world);
    return try_run(*spec, *order->seed, order->is_show) ? 0 : 1;
  }
  const bool is_kept_well = order->kept.empty() || try_kept(order->kept);
  const bool is_well = try_many(*order) && is_kept_well;
  std::printf(is_well ? "all balanced\n" : "not balanced\n");
  return is_well ? 0 : 1;
}

}  // namespace
}  // namespace fanlight::sim

int main(int argc, char** argv) { return fanlight::sim::run(argc, argv); }
