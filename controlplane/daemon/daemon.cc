#include "daemon/daemon.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <optional>

#include "access/issuer_doubts.h"
#include "access/policy_doubts.h"
#include "api/socket_file.h"
#include "config/armour_section.h"
#include "config/config.h"
#include "config/rtp_doubts.h"
#include "crypto/secret_memory.h"
#include "daemon/control_loop.h"
#include "daemon/dataplane.h"
#include "daemon/dataplane_plan.h"
#include "daemon/default_stream_id.h"
#include "daemon/log.h"
#include "daemon/privileges.h"
#include "daemon/readiness.h"
#include "daemon/residue.h"
#include "daemon/scheduling.h"
#include "daemon/system_calls.h"
#include "daemon/version.h"
#include "daemon/way_out.h"
#include "session/stream_policy.h"

namespace fanlight::control {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongConfig = 2;

// While it lives, signals wait for the control loop, but for the two that end us: reserving memory may take long, and
// until then there is nothing to end in order.
class SignalShield {
 public:
  SignalShield() {
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGTERM);
    sigdelset(&all, SIGINT);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalShield() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalShield(const SignalShield&) = delete;
  SignalShield& operator=(const SignalShield&) = delete;

 private:
  sigset_t before_;
};

int fail(const Error& error) {
  std::fprintf(stderr, "fanlightd: %s\n", error.what.c_str());
  return kFailed;
}

int refuse(const ConfigErrors& errors) {
  for (const std::string& line : errors.lines) std::fprintf(stderr, "%s\n", line.c_str());
  return kWrongConfig;
}

std::vector<std::string> access_doubts(const Config& config) {
  auto doubts = find_policy_doubts(config);
  std::ranges::move(find_issuer_doubts(config.issuers), std::back_inserter(doubts));
  return doubts;
}

int check(const DaemonOptions& options, const Config& config, const DataplanePlan& plan) {
  std::vector<std::string> doubts;
  for (const StreamRule& rule : config.streams)
    if (auto doubt = find_doubt(rule)) doubts.push_back(*std::move(doubt));
  std::ranges::move(access_doubts(config), std::back_inserter(doubts));
  std::ranges::move(find_rtp_doubts(config), std::back_inserter(doubts));
  for (const std::string& doubt : doubts)
    std::fprintf(stderr, "%s: warning: %s\n", options.config_path.c_str(), doubt.c_str());
  std::printf("%s is valid\n%s\n%s\n", options.config_path.c_str(), plan.text().c_str(),
              armour_text(config.armour).c_str());
  for (std::size_t i = 0; i < config.policies.size(); ++i)
    std::printf("%s\n", policy_text(config.policies[i], i).c_str());
  return 0;
}

// The control loop takes the signals over before the shield falls, so that none is lost in between.
Result<Done> run_control(Config config, const std::string& config_path, Dataplane& dataplane,
                         std::optional<SignalShield>& shield, BackgroundLog& log) {
  // A client of net_memif makes the shared memory when its server answers, which the list forbids: there it is logged.
  const auto makes_memory_later = [](const DeviceOptions& device) {
    return device.eal.starts_with("net_memif") && device.eal.find("role=server") == std::string::npos;
  };
  const bool is_lax = std::ranges::any_of(config.ethernet.devices, makes_memory_later);
  const SeccompMode asked = config.relay.seccomp;
  const SeccompMode seccomp = is_lax && asked == SeccompMode::kOn ? SeccompMode::kLog : asked;
  const PortKind port = config.relay.port;
  ControlLoop control(std::move(config), config_path, dataplane.mailboxes(), dataplane.streams(),
                      [&dataplane] { dataplane.rejoin_groups(); });
  Result<Done> opened = control.open();
  if (!opened) return opened;
  Result<Done> restricted = restrict_system_calls(seccomp, port);
  if (!restricted) return restricted;
  shield.reset();
  log.add("fanlightd: ready\n");
  notify_service_manager("READY=1");
  control.run();
  dataplane.stop();  // Workers may still use keys that are control's.
  return Done{};
}

void open_secret_heap(std::size_t bytes) {
  const crypto::SecretHeap heap = crypto::open_secret_heap(bytes);
  if (heap.is_locked) return;
  spdlog::warn(
      "the memory for keys and passphrases, {} MiB, is not locked whole: the limit is {} KiB (RLIMIT_MEMLOCK), and "
      "keys "
      "beyond may reach swap space; raise it: LimitMEMLOCK={}M in the unit, or ulimit -l",
      heap.bytes >> 20, heap.lock_limit_bytes >> 10, 2 * (heap.bytes >> 20));
}

// The file is read before there is a secret heap: how large that is follows from it. Keys that it has move in now.
void move_keys_into_secret_heap(Config& config) {
  const auto move_in = [](std::optional<crypto::SrtpMaster>& key) {
    if (key) key = crypto::SrtpMaster(*key);
  };
  for (FeedRule& feed : config.feeds) move_in(feed.srtp);
  for (DestinationRule& destination : config.destinations) move_in(destination.srtp);
}

// What needs root is up. The API's socket comes after, so that it is the user's.
Result<Done> leave_root(const Config& config, const std::string& config_path, const std::optional<Account>& account) {
  if (!account) {
    if (geteuid() == 0 && config.relay.port == PortKind::kSockets)
      spdlog::warn(
          "running as root, if with two capabilities only (CAP_NET_BIND_SERVICE, CAP_NET_ADMIN), and sockets need no "
          "root; set "
          "relay.user = \"fanlight\" (useradd --system fanlight)");
    return Done{};
  }
  if (geteuid() == 0) {
    Result<Done> prepared = prepare_place(config.relay.api, account->uid, account->gid);
    if (!prepared) return prepared;
  }
  Result<Done> became = become(*account);
  if (!became) return became;
  spdlog::info("running as {}", account->name);
  if (access(config_path.c_str(), R_OK) != 0)
    spdlog::warn("{} may not read {}: a reload will be refused; chown {} it", account->name, config_path,
                 account->name);
  return Done{};
}

int serve(Config config, const std::string& config_path, const DataplanePlan& plan,
          const std::optional<Account>& account) {
  forgo_new_privileges();
  if (!account && geteuid() == 0 && config.relay.port == PortKind::kSockets)
    if (const Result<Done> kept = keep_socket_capabilities(); !kept) return fail(kept.error());
  std::optional<SignalShield> shield(std::in_place);
  Result<std::unique_ptr<Dataplane>> dataplane = Dataplane::open(config, plan);
  if (!dataplane) return fail(dataplane.error());
  for (const std::string& note : (*dataplane)->notes()) spdlog::info("{}", note);
  const Result<Done> left = leave_root(config, config_path, account);
  if (!left) return fail(left.error());
  give_way_to_workers();
  std::optional<BackgroundLog> log(std::in_place);  // From here on its thread has no more rights than it needs.
  const Result<Done> served = run_control(std::move(config), config_path, **dataplane, shield, *log);
  (*dataplane)->stop();
  log.reset();
  return served ? 0 : fail(served.error());
}

}  // namespace

int run_daemon(const DaemonOptions& options) {
  Result<Config, ConfigErrors> config = load_config(options.config_path);
  wash_stack();
  if (!config) return refuse(config.error());
  if (const auto own = find_own_call(*config))
    return refuse({{options.config_path + ": [[call]] to " + own->text() + ": this is the relay itself"}});
  if (const auto fault = find_bad_default_stream_id(*config)) return refuse({{options.config_path + ": " + *fault}});
  const Result<std::optional<Account>> account = find_account(config->relay);
  if (!account) return refuse({{options.config_path + ": " + account.error().what}});
  const Result<DataplanePlan> plan = plan_dataplane(*config);
  if (!plan) return fail(plan.error());
  if (options.checks_only) return check(options, *config, *plan);
  if (options.capacity) return run_capacity(*config, *plan, *options.capacity);
  open_log(config->relay.log_level);
  std::signal(SIGPIPE, SIG_IGN);
  spdlog::info("fanlightd {}; {}", kVersion, plan->text());
  for (const std::string& doubt : access_doubts(*config)) spdlog::warn("{}", doubt);
  open_secret_heap(plan->secret_bytes);
  move_keys_into_secret_heap(*config);
  return serve(std::move(*config), options.config_path, *plan, *account);
}

}  // namespace fanlight::control
