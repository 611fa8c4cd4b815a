#include "service/serve.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "http/tls_context.h"
#include "live/compressor.h"
#include "page/assets.h"
#include "service/log.h"
#include "service/memory.h"
#include "service/open_files.h"
#include "service/own_certificate.h"
#include "service/packaging.h"
#include "service/reactors.h"
#include "service/signals.h"

namespace fanlight::packager {
namespace {

// Of the user who runs it, or what systemd gives it.
std::filesystem::path state_folder() {
  if (const char* given = std::getenv("STATE_DIRECTORY"); given != nullptr && *given != 0) return given;
  if (const char* given = std::getenv("XDG_STATE_HOME"); given != nullptr && *given != 0)
    return std::filesystem::path(given) / "fanlight";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home != 0 ? home : "/var/lib") / ".local" / "state" / "fanlight";
}

Result<std::shared_ptr<TlsContext>> open_tls(const HttpSettings& http) {
  return http.certificate.empty() ? open_own_certificate(state_folder()) : TlsContext::open(http.certificate, http.key);
}

void reload(TlsContext& tls) {
  if (auto done = tls.reload())
    spdlog::info("the certificate was read again");
  else
    spdlog::error("the certificate stays what it was: {}", done.error().what);
}

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

void tell_addresses(const Reactors& reactors, const Settings& settings) {
  std::size_t told = 0;
  for (const Endpoint& address : reactors.addresses()) {
    const bool is_any = address.ip.is_unspecified();
    const bool has_tls = told++ >= settings.http.listen.size();
    const std::string base =
        (has_tls ? "https://" : "http://") + (is_any ? "localhost:" + std::to_string(address.port) : address.text());
    spdlog::info("listening at {}: {}/", address.text(), base);
    for (const std::string& name : served_names(settings)) spdlog::info("  {}/play/{}", base, name);
  }
  for (const Endpoint& address : reactors.metrics_addresses())
    spdlog::info("metrics at {} alone: http://{}/metrics", address.text(), address.text());
}

// As many as are wanted, or as files may be open for.
std::size_t connections_for(const Settings& settings) {
  const std::uint64_t kept_free = settings.http.metrics_listen.empty() ? 0 : OperatorDoor::kConnectionsMax;
  const std::uint64_t files = raise_open_files();
  const std::size_t wanted = settings.http.connections_max;
  const std::size_t count = connections_within(files - std::min(files, kept_free), settings.streams.size(), wanted);
  if (count < wanted)
    spdlog::warn("connections_max: {} instead of {}, since {} files may be open; raise that (systemd: LimitNOFILE)",
                 count, wanted, files);
  return count;
}

void tell_memory(const Settings& settings, std::size_t connections_max) {
  const MemoryBound bound = memory_bound(settings, connections_max);
  spdlog::info("memory: no more than {}", described(bound, settings, connections_max));
  const std::optional<MemoryLimit> limit = memory_limit();
  const std::string too_much = limit ? what_is_too_much(settings, connections_max, *limit) : std::string{};
  if (!too_much.empty()) spdlog::warn("memory: {}", too_much);
}

// What the kernel allows of what was asked for.
Result<Poller::Kind> choose_poller(PollerChoice wanted) {
  if (wanted == PollerChoice::kEpoll) return Poller::Kind::kEpoll;
  const Result<std::unique_ptr<Poller>> tried = Poller::open(Poller::Kind::kUring);
  if (tried) {
    spdlog::info("answers over io_uring");
    return Poller::Kind::kUring;
  }
  if (wanted == PollerChoice::kUring)
    return Error{tried.error().code, "http.poller is \"io_uring\", which this kernel refuses (" + tried.error().what +
                                         "): see sysctl kernel.io_uring_disabled and a container's seccomp profile, or "
                                         "let it be \"auto\""};
  spdlog::info("answers over epoll, since {}", tried.error().what);
  return Poller::Kind::kEpoll;
}

}  // namespace

std::vector<std::string> faults_of(const Settings& settings) {
  std::vector<std::string> faults;
  const HttpSettings& http = settings.http;
  if (!http.certificate.empty())
    if (const auto tls = TlsContext::open(http.certificate, http.key); !tls) faults.push_back(tls.error().what);
  Compressor compressor;
  if (!http.page.empty())
    if (const auto page = Assets::load(http.page, compressor); !page) faults.push_back(page.error().what);
  return faults;
}

Result<Done> serve(const Settings& settings) {
  Signals signals;  // Before the threads that are not to take them.
  const BackgroundLog log;
  Result<Assets> page = load_page(settings);
  if (!page) return page.error();

  const std::size_t connections_max = connections_for(settings);
  tell_memory(settings, connections_max);
  Server::Options options{.admission = std::make_shared<Admission>(Admission::Limits{
                              .connections_max = connections_max,
                              .connections_per_address_max = settings.http.connections_of_address_max})};
  options.limits.requests_per_address_max = settings.http.requests_of_address_max;
  options.limits.allow_origin = settings.http.allow_origin;
  const Result<Poller::Kind> poller = choose_poller(settings.http.poller);
  if (!poller) return poller.error();
  options.poller = *poller;
  for (const Endpoint& address : settings.http.listen) options.listen.push_back(address.text());
  for (const Endpoint& address : settings.http.tls_listen) options.listen_tls.push_back(address.text());
  if (!options.listen_tls.empty()) {
    Result<std::shared_ptr<TlsContext>> tls = open_tls(settings.http);
    if (!tls) return tls.error();
    options.tls = *tls;
  }
  StreamBoard board;
  Published published;
  Reactors::Options wanted{
      .count = settings.http.threads, .server = options, .origin = {.allow_origin = settings.http.allow_origin}};
  for (const Endpoint& address : settings.http.metrics_listen) wanted.metrics_listen.push_back(address.text());
  Result<std::unique_ptr<Reactors>> reactors = Reactors::open(wanted, published, board, *page);
  if (!reactors) return reactors.error();
  Packaging packaging(settings, published, board);
  if (Result<Done> opened = packaging.open(); !opened) return opened;
  std::atomic<bool> is_reload_wanted = false;
  (*reactors)->on_mail([&] {
    if (is_reload_wanted.exchange(false) && options.tls) reload(*options.tls);
  });
  signals.hand_to([&](int number) {
    if (number != SIGHUP) return (*reactors)->stop();
    is_reload_wanted = true;
    (*reactors)->wake();
  });

  std::jthread packager([&](const std::stop_token& stop) { packaging.run(stop); });
  tell_addresses(**reactors, settings);
  Result<Done> done = (*reactors)->run();
  signals.close();
  packager.request_stop();
  spdlog::info("stopped");
  return done;
}

}  // namespace fanlight::packager
