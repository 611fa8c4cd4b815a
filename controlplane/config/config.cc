#include "config/config.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "api/socket_path.h"
#include "config/armour_section.h"
#include "config/call_rule.h"
#include "config/destination_check.h"
#include "config/device_choice.h"
#include "config/ethernet_section.h"
#include "config/key_rule.h"
#include "config/open_file.h"
#include "config/policy_section.h"
#include "config/sections.h"
#include "config/stream_pattern.h"
#include "config/stream_rule.h"

namespace fanlight::control {
namespace {

constexpr std::size_t kWebhooksMax = 16;  // Each is a label of metrics.
constexpr std::size_t kUdpPortsMax = 16;  // net::Interface has so many places.

// Walks the sections of one file. Whatever is wrong lands in problems(); the Config is worth something without any.
class ConfigReader {
 public:
  ConfigReader(const std::vector<Section>& sections, SecretPlaces places)
      : sections_(sections), places_(std::move(places)) {}

  Config read() {
    check_sections();
    for (const Section& section : sections_)
      if (section.path == "relay") read_section(section);
    remember_user();  // The others' secrets have to be readable for it.
    for (const Section& section : sections_)
      if (section.path != "relay") read_section(section);
    check_port();
    check_calls();
    check_feeds();
    std::ranges::move(check_destinations(config_), std::back_inserter(problems_));
    check_armour();
    check_hooks();
    check_tokens();
    return std::move(config_);
  }
  std::vector<Problem>& problems() { return problems_; }

 private:
  struct Known {
    std::string_view path;
    bool is_repeated;
  };
  static constexpr Known kKnown[] = {
      {"relay", false},  {"listen", true},     {"ethernet", false}, {"ethernet.device", true},
      {"armour", false}, {"stream", true},     {"call", true},      {"policy", true},
      {"key", true},     {"webhook", true},    {"events", false},   {"issuer", true},
      {"feed", true},    {"destination", true}};

  static std::string heading(std::string_view path, bool is_repeated) {
    return (is_repeated ? "[[" : "[") + std::string{path} + (is_repeated ? "]]" : "]");
  }

  void check_sections() {
    for (const Section& section : sections_) {
      if (section.path.empty()) continue;
      const auto* known = std::ranges::find(kKnown, section.path, &Known::path);
      if (known == std::end(kKnown)) {
        complain_unknown(section);
      } else if (known->is_repeated != section.is_repeated) {
        problems_.push_back({section.line, section.path, heading(section.path, section.is_repeated),
                             heading(known->path, known->is_repeated)});
      }
    }
  }

  void complain_unknown(const Section& section) {
    std::vector<std::string> paths;
    for (const Known& known : kKnown) paths.emplace_back(known.path);
    std::string accepted;
    for (const Known& known : kKnown)
      accepted += (accepted.empty() ? "" : ", ") + heading(known.path, known.is_repeated);
    const std::string_view near = nearest(section.path, paths);
    if (!near.empty()) accepted += " (did you mean " + std::string{near} + "?)";
    problems_.push_back({section.line, section.path, "an unknown table", std::move(accepted)});
  }

  void read_section(const Section& section) {
    FieldReader reader(section.path, section.line, section.fields, problems_, places_);
    if (section.path.empty()) reader.finish();
    if (section.path == "relay") read_relay(reader);
    if (section.path == "listen") read_listen(reader);
    if (section.path == "ethernet") read_ethernet(reader);
    if (section.path == "ethernet.device") add_device(reader);
    if (section.path == "armour") config_.armour = read_armour(reader);
    if (section.path == "stream") add_stream(reader);
    if (section.path == "call") add_call(reader, section.line);
    if (section.path == "feed") config_.feeds.push_back(read_feed_rule(reader, section.line));
    if (section.path == "destination") config_.destinations.push_back(read_destination_rule(reader, section.line));
    if (section.path == "key") add_key(reader, section.line);
    if (section.path == "policy") config_.policies.push_back(read_policy_rule(reader, section.line));
    if (section.path == "issuer") add_issuer(reader, section.line);
    if (section.path == "webhook") add_webhook(reader);
    if (section.path == "events") config_.events = read_events_rule(reader);
  }

  // One that is not there is told by whoever becomes it.
  void remember_user() {
    const passwd* const user = geteuid() == 0 ? getpwnam(config_.relay.user.c_str()) : nullptr;
    if (user == nullptr) return;
    places_.later = LaterReader{.user = user->pw_uid, .group = user->pw_gid, .name = config_.relay.user};
    const group* const given = getgrnam(config_.relay.group.c_str());
    if (given != nullptr) places_.later->group = given->gr_gid;
  }

  void read_relay(FieldReader& reader) {
    RelayOptions& relay = config_.relay;
    relay.api = reader.text("api");
    if (reader.has("api") && (relay.api.empty() || relay.api.size() > kSocketPathBytesMax))
      reader.complain("api", quoted(relay.api), "a path of 1 to " + std::to_string(kSocketPathBytesMax) + " bytes");
    relay.port = reader.choice("port", {"sockets", "ethernet"}, 0) == 1 ? PortKind::kEthernet : PortKind::kSockets;
    relay.workers = static_cast<std::uint32_t>(reader.integer("workers", {1, 64}, 1));
    read_cores(reader, relay);
    relay.sessions_max = static_cast<std::uint32_t>(reader.integer("sessions_max", {1, 65'535}, 4096));
    relay.memory_mb = static_cast<std::uint32_t>(reader.integer("memory_mb", {0, 1'048'576}, 0));
    relay.capacity_mbps = reader.number("capacity_mbps", {0, 10'000'000}, 0);
    relay.admission_share = reader.number("admission_share", {0, 1}, relay.admission_share);
    if (relay.admission_share <= 0)
      reader.complain("admission_share", "0", "above 0 to 1; without capacity_mbps everybody is let in");
    relay.default_stream_id = reader.text("default_stream_id");
    relay.user = reader.text("user");
    relay.group = reader.text("group");
    if (!relay.group.empty() && relay.user.empty())
      reader.complain("group", quoted(relay.group), "a group beside relay.user alone");
    relay.seccomp = static_cast<SeccompMode>(reader.choice("seccomp", {"on", "log", "off"}, 0));
    relay.log_level =
        static_cast<LogLevel>(reader.choice("log_level", {"trace", "debug", "info", "warning", "error"}, 2));
    reader.finish();
  }

  static void read_cores(FieldReader& reader, RelayOptions& relay) {
    relay.core = static_cast<int>(reader.integer("core", {-1, 1023}, -1));
    if (relay.core >= 0 && (relay.workers > 1 || reader.has("cores")))
      reader.complain("core", std::to_string(relay.core), "cores = [0, 1, …], one for each worker, instead");
    for (const std::int64_t core : reader.integers("cores", {0, 1023}, {}))
      relay.cores.push_back(static_cast<int>(core));
    if (!relay.cores.empty() && relay.cores.size() != relay.workers)
      reader.complain("cores", std::to_string(relay.cores.size()) + " cores",
                      std::to_string(relay.workers) + ", one for each worker");
  }

  // A wildcard takes the whole port of its family; "[::]" takes IPv4's as well, unless "0.0.0.0" is listed itself.
  static bool is_covered_by(const Endpoint& narrow, const Endpoint& wide) {
    if (narrow.port != wide.port) return false;
    if (narrow.ip == wide.ip) return true;
    if (!wide.ip.is_unspecified()) return false;
    return wide.ip.is_v4() == narrow.ip.is_v4() || (narrow.ip.is_v4() && !narrow.ip.is_unspecified());
  }
  static bool is_overlapping(const Endpoint& a, const Endpoint& b) {
    return is_covered_by(a, b) || is_covered_by(b, a);
  }

  void read_listen(FieldReader& reader) {
    const std::string text = reader.text("address");
    const auto kilobytes = static_cast<std::uint32_t>(reader.integer("receive_buffer_kb", {64, 1'048'576}, 8192));
    std::string stream_id = reader.text("default_stream_id");
    reader.finish();
    const std::optional<Endpoint> address = Endpoint::parse(text);
    if (!address || address->port == 0) {
      reader.complain("address", reader.has("address") ? quoted(text) : "nothing",
                      "an address with port, like \"0.0.0.0:9000\" or \"[::]:9000\"");
      return;
    }
    if (address->ip.is_multicast() || address->ip.is_reserved())
      reader.complain("address", quoted(text), "an address of this host; what comes to a group is a [[feed]]'s");
    for (const ListenOptions& other : config_.listen)
      if (is_overlapping(other.address, *address))
        reader.complain("address", quoted(text), "an address that " + other.address.text() + " does not cover");
    config_.listen.push_back({*address, kilobytes, std::move(stream_id)});
  }

  void read_ethernet(FieldReader& reader) {
    config_.ethernet.udp_ports.clear();
    for (const std::int64_t port : reader.integers("udp_ports", {1, 65'535}, {9000}))
      config_.ethernet.udp_ports.push_back(static_cast<std::uint16_t>(port));
    if (config_.ethernet.udp_ports.size() > kUdpPortsMax)
      reader.complain("udp_ports", std::to_string(config_.ethernet.udp_ports.size()) + " ports", "16 at most");
    config_.ethernet.backoff = reader.flag("backoff", false);
    reader.finish();
  }

  void add_device(FieldReader& reader) {
    DeviceOptions device = read_device(reader);
    for (const DeviceOptions& other : config_.ethernet.devices) {
      if (other.eal == device.eal) reader.complain("eal", quoted(device.eal), "a device that is not listed twice");
      if (device.ipv4 && other.ipv4 && device.ipv4->ip == other.ipv4->ip)
        reader.complain("ipv4", quoted(device.ipv4->ip.text()), "an address that no other device has");
      if (device.ipv6 && other.ipv6 && device.ipv6->ip == other.ipv6->ip)
        reader.complain("ipv6", quoted(device.ipv6->ip.text()), "an address that no other device has");
    }
    config_.ethernet.devices.push_back(std::move(device));
  }

  void add_stream(FieldReader& reader) {
    StreamRule rule = read_stream_rule(reader);
    if (!rule.name.empty() && std::ranges::find(config_.streams, rule.name, &StreamRule::name) != config_.streams.end())
      reader.complain("name", quoted(rule.name) + " twice", "a name of its own for each [[stream]]");
    config_.streams.push_back(std::move(rule));
  }

  void add_call(FieldReader& reader, int line) {
    config_.calls.push_back(read_call_rule(reader));
    call_lines_.push_back(line);
  }

  // So that silent callers leave half of the room to those who come and speak.
  void check_armour() {
    if (config_.armour.half_open_max == 0) config_.armour.half_open_max = std::max(config_.relay.sessions_max / 2, 1u);
  }

  void add_key(FieldReader& reader, int line) {
    KeyRule rule = read_key_rule(reader, line);
    const auto same = std::ranges::find_if(config_.keys, [&](const KeyRule& one) { return one.place == rule.place; });
    if (same != config_.keys.end() && !rule.place.stream.empty())
      reader.complain("stream",
                      "a key for " + place_text(rule.place) + " again, after line " + std::to_string(same->line),
                      "one key for each stream, direction, user and group");
    config_.keys.push_back(std::move(rule));
  }

  void add_webhook(FieldReader& reader) {
    WebhookRule rule = read_webhook_rule(reader);
    if (has_webhook(rule.name))
      reader.complain("name", quoted(rule.name) + " twice", "a name of its own for each [[webhook]]");
    if (config_.webhooks.size() == kWebhooksMax) reader.complain("", "one more", "16 at most");
    config_.webhooks.push_back(std::move(rule));
  }

  [[nodiscard]] bool has_webhook(std::string_view name) const {
    return std::ranges::find(config_.webhooks, name, &WebhookRule::name) != config_.webhooks.end();
  }

  void check_hooks() {
    for (const PolicyRule& policy : config_.policies)
      if (policy.then == PolicyRule::Then::kAsk && !policy.webhook.empty() && !has_webhook(policy.webhook))
        problems_.push_back({policy.line, "policy.webhook", quoted(policy.webhook), "the name of a [[webhook]]"});
    const auto events = std::ranges::find(sections_, "events", &Section::path);
    if (!config_.events.webhook.empty() && !has_webhook(config_.events.webhook))
      problems_.push_back(
          {events->line, "events.webhook", quoted(config_.events.webhook), "the name of a [[webhook]]"});
  }

  // Streams may stand behind the calls that name them. One that the API adds later can only be called for by the API.
  void check_calls() {
    for (std::size_t i = 0; i < config_.calls.size(); ++i) {
      const auto first = std::ranges::find(config_.calls, config_.calls[i]) - config_.calls.begin();
      if (static_cast<std::size_t>(first) < i && !config_.calls[i].url.host.empty())
        problems_.push_back(
            {call_lines_[i], "call.url",
             "the call of line " + std::to_string(call_lines_[static_cast<std::size_t>(first)]) + " again",
             "each call once"});
      const std::string& name = config_.calls[i].stream;
      const StreamFormats formats = formats_of(config_.feeds);
      if (const auto found = formats.find(name); found != formats.end())
        problems_.push_back(
            {call_lines_[i], "call.stream", rtp_alone_words(name, found->second), "a stream that goes over SRT"});
      if (config_.calls[i].role == Role::kPublisher && !name.empty())
        for (const FeedRule& feed : config_.feeds)
          if (feed.stream == name)
            problems_.push_back({call_lines_[i], "call.stream",
                                 quoted(name) + ", which the [[feed]] of line " + std::to_string(feed.line) + " is",
                                 "a stream that nobody feeds: a feed is the only publisher of its stream"});
      const bool is_known =
          std::ranges::any_of(config_.streams, [&](const StreamRule& rule) { return covers(rule.name, name); });
      if (!is_known && !name.empty())
        problems_.push_back(
            {call_lines_[i], "call.stream", quoted(name), "a stream that a [[stream]] of this file covers"});
    }
  }

  void complain_of(const FeedRule& feed, std::string_view key, std::string found, std::string accepted) {
    problems_.push_back({feed.line, "feed." + std::string{key}, std::move(found), std::move(accepted)});
  }

  void check_feeds() {
    if (config_.feeds.size() > kFeedsMax)
      complain_of(config_.feeds[kFeedsMax], "url", "one more", std::to_string(kFeedsMax) + " at most");
    for (std::size_t i = 0; i < config_.feeds.size(); ++i) {
      const FeedRule& feed = config_.feeds[i];
      if (feed.stream.empty() || feed.terms.local.port == 0) continue;  // Told already.
      if (std::ranges::none_of(config_.streams, [&](const StreamRule& rule) { return covers(rule.name, feed.stream); }))
        complain_of(feed, "stream", quoted(feed.stream), "a stream that a [[stream]] of this file covers");
      check_place(feed);
      for (const FeedRule& other : std::span(config_.feeds).first(i)) check_beside(feed, other);
    }
  }

  void check_place(const FeedRule& feed) {
    const std::vector<Endpoint> doors = doors_of(feed.terms);
    for (std::size_t i = 0; i + 1 < doors.size(); ++i)
      if (feed.terms.second && is_overlapping(doors[i], doors.back()))
        complain_of(feed, "second", doors.back().text(), "an address and port that url and its RTCP do not cover");
    if (config_.relay.port == PortKind::kEthernet) return check_place_on_devices(feed);
    for (const ListenOptions& listen : config_.listen)
      for (const Endpoint& door : doors_of(feed.terms))
        if (is_overlapping(listen.address, door))
          complain_of(feed, "url", door.text(), "a port that no [[listen]] covers");
  }

  void check_place_on_devices(const FeedRule& feed) {
    check_leg_on_devices(feed, {feed.terms.local, feed.terms.source}, feed.interface, "");
    if (feed.terms.second) check_leg_on_devices(feed, *feed.terms.second, feed.second_interface, "second");
    for (const Endpoint& door : doors_of(feed.terms))
      if (std::ranges::find(config_.ethernet.udp_ports, door.port) == config_.ethernet.udp_ports.end())
        complain_of(feed, "url", "port " + std::to_string(door.port), "one that ethernet.udp_ports lists");
      else if (door.port == config_.ethernet.udp_ports.front() && !door.ip.is_multicast())
        complain_of(feed, "url", door.text(), "another port than the first of ethernet.udp_ports, which is SRT's");
  }

  // `which`: "" or "second", as its keys are called.
  void check_leg_on_devices(const FeedRule& feed, const FeedLeg& leg, const std::string& interface,
                            const std::string& which) {
    const IpAddress& ip = leg.local.ip;
    const std::string url = which.empty() ? "url" : which;
    const std::string interface_key = which.empty() ? "interface" : which + "_interface";
    const bool is_ours =
        ip.is_multicast() || std::ranges::any_of(config_.ethernet.devices, [&](const DeviceOptions& device) {
          return (device.ipv4 && device.ipv4->ip == ip) || (device.ipv6 && device.ipv6->ip == ip);
        });
    if (!is_ours) complain_of(feed, url, leg.local.text(), "an address of an [[ethernet.device]], or a group");
    if (ip.is_multicast() && !config_.ethernet.devices.empty())
      if (const auto device = choose_device(config_.ethernet, {.peer = ip, .interface = interface}); !device)
        complain_of(feed, interface.empty() ? url : interface_key, device.error(), "a group that one device joins");
  }

  void check_beside(const FeedRule& feed, const FeedRule& other) {
    if (feed.stream == other.stream)
      complain_of(feed, "stream", quoted(feed.stream) + " again, after line " + std::to_string(other.line),
                  "one feed for each stream");
    if (is_ambiguous(feed.terms, other.terms))
      complain_of(feed, "url", feed.terms.local.text() + " again, after line " + std::to_string(other.line),
                  "another address, or an ssrc or source in each that tells them apart (rtx_ssrc is one as well; with "
                  "fec, a source)");
    if (feed.srtp && other.srtp && feed.srtp->key_and_salt == other.srtp->key_and_salt)
      complain_of(feed, "srtp", "the key of line " + std::to_string(other.line),
                  "a key of its own: what is authentic for one would be for the other");
    if (feed.terms.local == other.terms.local) return;
    for (const Endpoint& ours : doors_of(feed.terms))
      for (const Endpoint& theirs : doors_of(other.terms))
        if (is_overlapping(ours, theirs))
          complain_of(
              feed, "url", ours.text() + ", which line " + std::to_string(other.line) + " has",
              "ports of its own; RTCP takes the port behind RTP's unless rtcp says otherwise, and FEC the second "
              "and the fourth behind it");
  }

  void add_issuer(FieldReader& reader, int line) {
    IssuerRule issuer = read_issuer_rule(reader, line);
    for (const IssuerRule& other : config_.issuers) {
      if (!issuer.name.empty() && other.name == issuer.name)
        reader.complain("name", quoted(issuer.name) + " twice", "a name of its own for each [[issuer]]");
      if (!issuer.iss.empty() && other.iss == issuer.iss)
        reader.complain("iss", quoted(issuer.iss) + " twice", "one issuer's; several keys stand in one JWK set");
    }
    config_.issuers.push_back(std::move(issuer));
  }

  // Issuers may stand behind the policies that name them.
  void check_tokens() {
    for (const PolicyRule& policy : config_.policies)
      if (!policy.token.empty() &&
          std::ranges::find(config_.issuers, policy.token, &IssuerRule::name) == config_.issuers.end())
        problems_.push_back({policy.line, "policy.token", quoted(policy.token), "the name of an [[issuer]]"});
  }

  [[nodiscard]] bool has_section(std::string_view path) const {
    return std::ranges::find(sections_, path, &Section::path) != sections_.end();
  }

  void check_port() {
    if (config_.relay.api.empty()) config_.relay.api = default_api_path();
    const auto relay = std::ranges::find(sections_, "relay", &Section::path);
    const int line = relay == sections_.end() ? 1 : relay->line;
    if (config_.relay.port == PortKind::kSockets && !has_section("listen"))
      problems_.push_back({line, "listen", "nothing", "at least one [[listen]] with port = \"sockets\""});
    if (config_.relay.port == PortKind::kEthernet && !has_section("ethernet.device"))
      problems_.push_back(
          {line, "ethernet.device", "nothing", "at least one [[ethernet.device]] with port = \"ethernet\""});
  }

  const std::vector<Section>& sections_;
  SecretPlaces places_;
  std::vector<Problem> problems_;
  Config config_;
  std::vector<int> call_lines_;
};

std::string line_for(std::string_view file, const Problem& problem) {
  return std::string{file} + ":" + std::to_string(problem.line) + ": " + problem.text();
}

Result<Config, ConfigErrors> parse(std::string_view toml, std::string_view file_name, std::optional<mode_t> mode) {
  const Result<std::vector<Section>, Problem> sections = parse_sections(toml);
  if (!sections) return ConfigErrors{{line_for(file_name, sections.error())}};
  SecretPlaces places{.directory = std::string{file_name.substr(0, file_name.rfind('/') + 1)},
                      .file = std::string{file_name}};
  if (mode && (*mode & kLooseBits) != 0) places.loose_mode = *mode;
  ConfigReader reader(*sections, std::move(places));
  Config config = reader.read();
  if (reader.problems().empty()) return config;
  std::ranges::stable_sort(reader.problems(), {}, &Problem::line);
  ConfigErrors errors;
  for (const Problem& problem : reader.problems()) errors.lines.push_back(line_for(file_name, problem));
  return errors;
}

}  // namespace

Result<Config, ConfigErrors> parse_config(std::string_view toml, std::string_view file_name) {
  return parse(toml, file_name, std::nullopt);
}

Result<Config, ConfigErrors> load_config(const std::string& path) {
  const OpenFile opened(path);
  struct stat about {};
  if (opened.fd() < 0 || fstat(opened.fd(), &about) != 0)
    return ConfigErrors{{path + ": cannot be read: " + std::strerror(errno)}};
  if (!S_ISREG(about.st_mode)) return ConfigErrors{{path + ": is no regular file, and a reload must not wait for one"}};
  std::string text;
  if (!read_whole(opened.fd(), text)) return ConfigErrors{{path + ": cannot be read: " + std::strerror(errno)}};
  return parse(text, path, about.st_mode);
}

namespace {

// Wherever it stands in the file.
bool is_same_feed(const FeedRule& a, const FeedRule& b) {
  return a.stream == b.stream && a.terms == b.terms && a.interface == b.interface &&
         a.second_interface == b.second_interface && a.format == b.format && a.srtp == b.srtp;
}

}  // namespace

std::vector<std::string> restart_only_changes(const Config& running, const Config& fresh) {
  std::vector<std::string> changed;
  RelayOptions relay = fresh.relay;
  relay.log_level = running.relay.log_level;
  relay.capacity_mbps = running.relay.capacity_mbps;
  relay.admission_share = running.relay.admission_share;
  if (relay != running.relay) changed.emplace_back("relay");
  if (fresh.listen != running.listen) changed.emplace_back("listen");
  if (fresh.ethernet != running.ethernet) changed.emplace_back("ethernet");
  if (!std::ranges::equal(fresh.feeds, running.feeds, is_same_feed)) changed.emplace_back("feed");
  return changed;
}

}  // namespace fanlight::control
