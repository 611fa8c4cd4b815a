#include "service/serve.h"

#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>
#include <utility>

#include "http/server.h"
#include "live/compressor.h"
#include "origin/origin.h"
#include "page/assets.h"
#include "service/front.h"
#include "service/packaging.h"

namespace fanlight::packager {
namespace {

void open_log() {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("fanlight-packager"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
  spdlog::flush_on(spdlog::level::trace);
}

// The server that a signal stops.
std::atomic<Server*> stopped_by_signal = nullptr;

void stop_server(int) {
  if (Server* const server = stopped_by_signal.load()) server->stop();
}

// While it lives, SIGINT and SIGTERM stop the server.
class StopSignals {
 public:
  explicit StopSignals(Server& server) {
    stopped_by_signal = &server;
    struct sigaction action {};
    action.sa_handler = stop_server;
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  ~StopSignals() { stopped_by_signal = nullptr; }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
};

// Beside the binary's folder where it was built, or where it was installed.
std::filesystem::path page_folder() {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  for (const std::filesystem::path& place :
       {program.parent_path() / "page" / "dist", program.parent_path().parent_path() / "share" / "fanlight" / "page"})
    if (std::filesystem::exists(place / "index.html", failed)) return place;
  return {};
}

Result<Assets> load_page(const Settings& settings) {
  const bool is_named = !settings.http.page.empty();
  const std::filesystem::path folder = is_named ? std::filesystem::path(settings.http.page) : page_folder();
  if (folder.empty()) {
    spdlog::warn("the page is not built (scripts/page.sh): streams are served, / and /play are not");
    return Assets{};
  }
  Compressor compressor;
  return Assets::load(folder, compressor);
}

void tell_addresses(const Server& server, const Settings& settings) {
  for (const Endpoint& address : server.addresses()) {
    const bool is_any = address.ip.is_unspecified();
    const std::string base = "http://" + (is_any ? "localhost:" + std::to_string(address.port) : address.text());
    spdlog::info("listening at {}: {}/", address.text(), base);
    for (const StreamSettings& stream : settings.streams) spdlog::info("  {}/play/{}", base, stream.name);
  }
}

}  // namespace

Result<Done> serve(const Settings& settings) {
  open_log();
  Result<Assets> page = load_page(settings);
  if (!page) return page.error();

  Server::Options options{.connections_max = settings.http.connections_max,
                          .connections_per_address_max = settings.http.connections_of_address_max};
  for (const Endpoint& address : settings.http.listen) options.listen.push_back(address.text());
  Result<std::unique_ptr<Server>> server = Server::open(options);
  if (!server) return server.error();

  StreamBoard board;
  Published published;
  Packaging packaging(settings.streams, published, board);
  if (Result<Done> opened = packaging.open(); !opened) return opened;
  Origin origin(OriginConfig{}, published, **server);
  Front front(origin, (*server)->counts(), **server, board, *page);

  const StopSignals signals(**server);
  std::jthread packager([&](const std::stop_token& stop) { packaging.run(stop); });
  tell_addresses(**server, settings);
  Result<Done> done = (*server)->run(front);
  packager.request_stop();
  spdlog::info("stopped");
  return done;
}

}  // namespace fanlight::packager
