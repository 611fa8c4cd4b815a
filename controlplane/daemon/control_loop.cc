#include "daemon/control_loop.h"

#include <net/if.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <iterator>
#include <optional>
#include <set>

#include "access/issuer_doubts.h"
#include "access/key_watch.h"
#include "access/policy_doubts.h"
#include "api/json_answers.h"
#include "api/server.h"
#include "capacity/host.h"
#include "config/destination_check.h"
#include "config/rtp_doubts.h"
#include "daemon/default_stream_id.h"
#include "daemon/desk_relay.h"
#include "daemon/feed_doors.h"
#include "daemon/log.h"
#include "daemon/log_budget.h"
#include "daemon/readiness.h"
#include "daemon/residue.h"
#include "daemon/turn_chain.h"
#include "daemon/version.h"
#include "daemon/way_out.h"
#include "hooks/webhooks.h"
#include "io/clock.h"
#include "io/doorbell.h"

namespace fanlight::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::uint32_t kLogLinesPerSecond = 50;
constexpr std::array kLeftOut{"lines", "lines on sessions", "rejections"};  // By Notice::About.
// A CONCLUSION may cost a PBKDF2 run (3 ms): between turns the API and signals have theirs.
constexpr std::size_t kEventsPerTurn = 16;
constexpr Micros kRingRetry = millis(5);
constexpr std::chrono::seconds kStopTimeout{1};
constexpr std::chrono::seconds kHostLook{1};
constexpr std::chrono::milliseconds kUntoldLook{5};

// CLOCK_MONOTONIC on both sides: an Instant is a steady_clock moment.
std::chrono::steady_clock::time_point moment_of(Instant at) {
  return std::chrono::steady_clock::time_point(std::chrono::microseconds(at.us));
}

std::int64_t wall_milliseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

bool has_groups(const std::vector<FeedRule>& feeds) {
  return std::ranges::any_of(feeds, [](const FeedRule& feed) {
    return feed.terms.local.ip.is_multicast() || (feed.terms.second && feed.terms.second->local.ip.is_multicast());
  });
}

WallTime wall_time() { return WallTime{wall_milliseconds() / 1'000}; }

void log_notice(const Notice& notice) {
  spdlog::log(notice.level == Notice::Level::kWarning ? spdlog::level::warn : spdlog::level::info, "{}", notice.text);
}

}  // namespace

class ControlLoop::State {
 public:
  State(Config config, std::string config_path, std::vector<Mailbox*> mailboxes, StreamFactory& streams,
        std::function<void()> rejoin_groups)
      : config_(std::move(config)),
        config_path_(std::move(config_path)),
        mailboxes_(std::move(mailboxes)),
        rejoin_groups_(std::move(rejoin_groups)),
        desk_(
            config_.streams, streams, mailboxes_.size(), [this](const Endpoint& to) { return way_out(config_, to); },
            [this](const Endpoint& to) { return is_own(config_, to) || comes_to_feed(config_, to); },
            formats_of(config_.feeds)),
        relay_(
            desk_, [this] { return facts(); }, [this] { settle(); },
            [this](const AccessQuestion& asked) { return way_in(config_, asked.listen, asked.stream_id.empty()); }),
        bell_(loop_, dup(mailboxes_.front()->control_bell)) {
    wipe_passphrases(config_.streams);
    desk_.set_wall_clock(wall_time);
    desk_.limit_egress(config_.relay.egress_bits_max(), config_.relay.capacity_mbps * 1e6);
    desk_.set_policies(PolicyTable(config_.policies));
    desk_.reload_keys(std::exchange(config_.keys, {}));
    desk_.set_default_stream_ids([this](const Path& path) { return default_stream_id(config_, path); });
    reload_hooks(config_.webhooks, config_.events);
    watch_keys(std::exchange(config_.issuers, {}));
    desk_.reload_calls(io::MonotonicClock::now(), std::exchange(config_.calls, {}));
    desk_.set_destination_ways([this](const DestinationRule& rule) { return way_to(config_, rule); });
    desk_.set_destination_doubts([port = config_.relay.port](const DestinationRule& rule, const MediaFormat& format) {
      return doubt_of(rule, format, port);
    });
    desk_.set_fec_streams_max(fec_streams_planned(config_));
    desk_.reload_destinations(io::MonotonicClock::now(), std::exchange(config_.destinations, {}));
    desk_.set_feed_faults([this](const FeedRule& rule) { return fault_of(config_, rule); });
    desk_.set_feeds(io::MonotonicClock::now(), plan_feed_doors(config_).feeds);
    bell_.non_blocking(true);
    await_bell();
    await_signal();
    if (config_.relay.port == PortKind::kSockets && !config_.feeds.empty()) await_host_look();
    settle();
  }

  Result<Done> open() {
    Result<std::unique_ptr<ApiServer>> api = ApiServer::open(loop_, config_.relay.api, routes_);
    if (!api) return api.error();
    api_ = std::move(*api);
    spdlog::info("control API on {}", config_.relay.api);
    return Done{};
  }

  void run() {
    while (loop_.run_one() > 0) wash_stack();
  }

 private:
  [[nodiscard]] RelayFacts facts() {
    const Micros uptime = io::MonotonicClock::now() - started_;
    RelayFacts facts{kVersion,
                     config_.relay.port == PortKind::kSockets ? "sockets" : "ethernet",
                     static_cast<std::uint64_t>(uptime.count / 1'000'000),
                     {}};
    facts.admission = desk_.admission();
    facts.armour = desk_.armour();
    facts.webhooks = hooks_.views();
    facts.feeds = desk_.feeds(io::MonotonicClock::now());
    facts.left_unasked = desk_.left_unasked();
    facts.tokens_unread = desk_.tokens_unread();
    facts.refusals_remembered = desk_.refusals_remembered();
    facts.events = hooks_.events_view();
    facts.events.dropped += desk_.session_events_dropped();
    facts.events.listeners_cut = api_ ? api_->listeners_cut() : 0;
    for (const Mailbox* mailbox : mailboxes_) facts.counters.push_back(&mailbox->counters);
    return facts;
  }

  // --- the workers
  void await_bell() {
    bell_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
      if (error) return;
      std::uint64_t rings = 0;
      error_code ignored;
      bell_.read_some(asio::buffer(&rings, sizeof rings), ignored);
      await_bell();
      events_.start();
    });
  }

  // One turn. Answers whether there may be more.
  bool handle_events() {
    Event event;
    std::size_t handled = 0;
    std::size_t quiet = 0;  // Mailboxes in a row that had nothing.
    for (; handled < kEventsPerTurn && quiet < mailboxes_.size();
         next_mailbox_ = (next_mailbox_ + 1) % desk_.workers()) {
      const bool has_event = mailboxes_[next_mailbox_]->events.try_pop(event);
      quiet = has_event ? 0 : quiet + 1;
      if (!has_event) continue;
      desk_.handle_event(io::MonotonicClock::now(), std::move(event), next_mailbox_);
      ++handled;
    }
    settle();
    if (handled > 0 && api_) api_->wake();
    return handled == kEventsPerTurn;
  }

  // After whatever moved the desk: its commands and notices leave, its next deadline is ours.
  void settle() {
    const bool is_ring_full = !push_commands();
    resolve_names();
    log_notices(io::MonotonicClock::now());
    ask_webhooks();
    tell_events();
    const Instant retry = is_ring_full ? io::MonotonicClock::now() + kRingRetry : Instant::never();
    arm(std::min({desk_.next_deadline(), retry, next_left_out()}));
    if (desk_.is_stopped()) end_when_told();
  }

  // Callers that are turned away come back every 10 ms; the log need not follow them, nor lose other lines to them.
  void log_notices(Instant now) {
    for (std::size_t about = 0; about < log_budgets_.size(); ++about)
      if (const std::optional<std::uint64_t> lines = log_budgets_[about].take_left_out(now))
        spdlog::warn("{} {} like these were left out", *lines, kLeftOut[about]);
    while (const std::optional<Notice> notice = desk_.poll_notice())
      if (log_budgets_[static_cast<std::size_t>(notice->about)].take(now)) log_notice(*notice);
  }

  [[nodiscard]] Instant next_left_out() const {
    const auto by_report = [](const LogBudget& a, const LogBudget& b) { return a.next_report() < b.next_report(); };
    return std::ranges::min_element(log_budgets_, by_report)->next_report();
  }

  void reload_hooks(const std::vector<WebhookRule>& rules, const EventsRule& events) {
    HookHands hands;
    for (const WebhookRule& rule : rules) hands.emplace(rule.name, rule.concurrency);
    desk_.set_hook_hands(std::move(hands));
    hooks_.reload(rules, events);
  }

  void ask_webhooks() {
    while (const std::optional<Inquiry> inquiry = desk_.poll_inquiry())
      hooks_.ask(*inquiry, [this, id = inquiry->id](InquiryAnswer answer) {
        desk_.handle_answer(io::MonotonicClock::now(), id, std::move(answer));
        settle();
      });
  }

  void tell_events() {
    while (const std::optional<SessionEvent> event = desk_.poll_session_event()) {
      const bool is_followed = api_ && api_->has_listeners();
      if (!is_followed && !hooks_.wants_events()) continue;
      const std::string line = event_line(*event, wall_milliseconds());
      if (is_followed) api_->publish(event->stream, line);
      hooks_.tell(line, rank_of(*event));
    }
  }

  // The last events are worth a moment, up to what a stop may take in all.
  void end_when_told() {
    if (!hooks_.has_unsent_events() && !(api_ && api_->has_unsent_events())) return loop_.stop();
    ending_.expires_after(kUntoldLook);
    ending_.async_wait([this](const error_code& error) {
      if (!error) end_when_told();
    });
  }

  // Twice round: some wait until all workers have been told of a stream. False when something stays with the desk.
  bool push_commands() {
    bool all = true;
    for (std::size_t worker = 0; worker < mailboxes_.size(); ++worker) push_commands(worker);
    for (std::size_t worker = 0; worker < mailboxes_.size(); ++worker) all &= push_commands(worker);
    return all;
  }

  // False when the ring is full, or the next waits for other workers' commands.
  bool push_commands(std::size_t worker) {
    Mailbox& mailbox = *mailboxes_[worker];
    std::size_t pushed = 0;
    Command* command = desk_.peek_command(worker);
    while (command && mailbox.commands.try_push(std::move(*command))) {
      desk_.pop_command(worker);
      command = desk_.peek_command(worker);
      ++pushed;
    }
    if (pushed > 0) io::ring_doorbell(mailbox.worker_bell);
    return !desk_.has_commands(worker);
  }

  // The resolver asks the system on a thread of its own, one name after the other.
  void resolve_names() {
    while (const std::optional<SessionDesk::Lookup> lookup = desk_.poll_lookup())
      resolver_.async_resolve(lookup->host, "",
                              [this, call = lookup->call](const error_code& error, const auto& found) {
                                if (error == asio::error::operation_aborted) return;
                                std::vector<IpAddress> addresses;
                                for (const auto& one : found)
                                  if (const auto ip = IpAddress::parse(one.endpoint().address().to_string()))
                                    addresses.push_back(*ip);
                                desk_.handle_lookup(io::MonotonicClock::now(), call, std::move(addresses),
                                                    error ? error.message() : "no address");
                                settle();
                              });
  }

  void arm(Instant at) {
    if (at == armed_) return;
    armed_ = at;
    if (at == Instant::never()) {
      timer_.cancel();
      return;
    }
    timer_.expires_at(moment_of(at));
    timer_.async_wait([this](const error_code& error) {
      if (error) return;
      armed_ = Instant::never();
      desk_.handle_timeout(io::MonotonicClock::now());
      settle();
    });
  }

  // --- what the host has, for feeds: interfaces of their groups, addresses that destinations led to elsewhere
  void await_host_look() {
    host_timer_.expires_after(kHostLook);
    host_timer_.async_wait([this](const error_code& error) {
      if (error || is_stopping_) return;
      if (rejoin_groups_ && has_groups(config_.feeds)) rejoin_groups_();
      look_at_addresses();
      await_host_look();
    });
  }

  void look_at_addresses() {
    const std::set<IpAddress> before = std::exchange(addresses_, addresses_of_host());
    std::set<IpAddress> come;
    std::ranges::set_difference(addresses_, before, std::inserter(come, come.end()));
    if (come.empty()) return;
    desk_.note_own_addresses(io::MonotonicClock::now(), come);
    settle();
  }

  // --- signals
  void await_signal() {
    signals_.async_wait([this](const error_code& error, int signal) {
      if (error) return;
      signal == SIGHUP ? reload() : stop();
      await_signal();
    });
  }

  void reload() {
    Result<Config, ConfigErrors> fresh = load_config(config_path_);
    if (!fresh) {
      for (const std::string& line : fresh.error().lines) spdlog::error("{}", line);
      spdlog::error("reload refused; the configuration in use stays");
      return;
    }
    const std::vector<std::string> policy_doubts = find_policy_doubts(*fresh);  // Of tables that others take below.
    for (const std::string& section : restart_only_changes(config_, *fresh))
      spdlog::warn("[{}] changed in {}; that needs a restart", section, config_path_);
    set_log_level(fresh->relay.log_level);
    config_.relay.log_level = fresh->relay.log_level;
    if (config_.armour != fresh->armour) desk_.set_armour(fresh->armour);
    config_.armour = fresh->armour;
    config_.relay.capacity_mbps = fresh->relay.capacity_mbps;
    config_.relay.admission_share = fresh->relay.admission_share;
    desk_.limit_egress(config_.relay.egress_bits_max(), config_.relay.capacity_mbps * 1e6);
    desk_.handle_timeout(io::MonotonicClock::now());  // Its clock stands still between events.
    desk_.reload(std::move(fresh->streams));
    desk_.reload_calls(io::MonotonicClock::now(), std::move(fresh->calls));
    desk_.reload_destinations(io::MonotonicClock::now(), std::move(fresh->destinations));
    for (const std::string& doubt : policy_doubts) spdlog::warn("{}", doubt);
    for (const std::string& doubt : find_issuer_doubts(fresh->issuers)) spdlog::warn("{}", doubt);
    desk_.set_policies(PolicyTable(std::move(fresh->policies)));
    desk_.reload_keys(std::move(fresh->keys));
    reload_hooks(fresh->webhooks, fresh->events);
    watch_keys(std::move(fresh->issuers));
    spdlog::info("{} reloaded", config_path_);
    settle();
  }

  // --- the keys of tokens' issuers
  void watch_keys(std::vector<IssuerRule> issuers) {
    key_watch_ = KeyWatch(std::move(issuers));
    desk_.set_issuers(IssuerTable(key_watch_.issuers()));
    await_key_look();
  }

  void await_key_look() {
    key_timer_.cancel();
    if (!key_watch_.is_needed() || is_stopping_) return;
    key_timer_.expires_after(std::chrono::microseconds(KeyWatch::kPeriod.count));
    key_timer_.async_wait([this](const error_code& error) {
      if (error) return;
      look_at_keys();
      await_key_look();
    });
  }

  void look_at_keys() {
    for (const KeyWatch::News& news : key_watch_.look()) {
      spdlog::log(news.is_bad ? spdlog::level::warn : spdlog::level::info, "{}", news.text);
      if (news.is_taken) desk_.set_issuers(IssuerTable(key_watch_.issuers()));
    }
  }

  void stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    key_timer_.cancel();
    host_timer_.cancel();
    spdlog::info("stopping");
    notify_service_manager("STOPPING=1");
    patience_.expires_after(kStopTimeout);
    patience_.async_wait([this](const error_code& error) {
      if (error) return;
      spdlog::warn(desk_.is_stopped() ? "the last session events were not taken within 1 s"
                                      : "the worker did not end its sessions within 1 s");
      loop_.stop();
    });
    desk_.stop();
    settle();
  }

  asio::io_context loop_{1};  // One thread: no locks inside.
  Config config_;             // Its streams' passphrases are wiped: the desk has them.
  const std::string config_path_;
  const Instant started_ = io::MonotonicClock::now();
  const std::vector<Mailbox*> mailboxes_;  // By worker.
  const std::function<void()> rejoin_groups_;
  std::set<IpAddress> addresses_ = addresses_of_host();  // As they were looked at last.
  std::size_t next_mailbox_ = 0;  // The worker whose event is next: nobody is kept waiting by the others.
  SessionDesk desk_;
  Webhooks hooks_{loop_, [](const std::string& text) { spdlog::warn("{}", text); }};
  // By what a notice is about.
  std::array<LogBudget, kLeftOut.size()> log_budgets_{LogBudget{kLogLinesPerSecond}, LogBudget{kLogLinesPerSecond},
                                                      LogBudget{kLogLinesPerSecond}};
  DeskRelay relay_;
  Routes routes_{relay_};
  std::unique_ptr<ApiServer> api_;
  asio::posix::stream_descriptor bell_;
  TurnChain events_{loop_, [this] { return handle_events(); }};
  asio::signal_set signals_{loop_, SIGTERM, SIGINT, SIGHUP};
  asio::ip::udp::resolver resolver_{loop_};
  asio::steady_timer timer_{loop_};
  asio::steady_timer patience_{loop_};
  asio::steady_timer ending_{loop_};
  KeyWatch key_watch_;
  asio::steady_timer key_timer_{loop_};
  asio::steady_timer host_timer_{loop_};
  Instant armed_ = Instant::never();
  bool is_stopping_ = false;
};

ControlLoop::ControlLoop(Config config, std::string config_path, std::vector<Mailbox*> mailboxes,
                         StreamFactory& streams, std::function<void()> rejoin_groups)
    : state_(std::make_unique<State>(std::move(config), std::move(config_path), std::move(mailboxes), streams,
                                     std::move(rejoin_groups))) {}
ControlLoop::~ControlLoop() = default;
Result<Done> ControlLoop::open() { return state_->open(); }
void ControlLoop::run() { state_->run(); }

}  // namespace fanlight::control
