#include "fanlight_load/command_line.h"

#include <CLI/CLI.hpp>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "fanlight_load/hls_command.h"
#include "fanlight_load/libsrt_crowd.h"
#include "link_proxy/duration_option.h"
#include "link_proxy/impairment_options.h"

namespace fanlight::load {

using link_proxy::add_duration;
using link_proxy::to_micros;

namespace {

constexpr int kWrongUsage = 2;
constexpr std::size_t kViewersMax = 20'000;
constexpr std::size_t kPublishersMax = 1'000;
// SRT's: shorter ones are refused by every peer.
constexpr std::size_t kPassphraseMin = 10;
constexpr std::size_t kPassphraseMax = 79;

// What CLI11 fills in; read() makes Settings of it.
struct Words {
  std::string relay;
  std::string port = "sockets";
  std::string client = "fanlight";
  std::vector<std::string> devices;
  std::string ip;
  std::string gateway;
  std::vector<std::string> owned;
  std::string publish_passphrase_file;
  std::string view_passphrase_file;
  double duration_us = 10e6;
  double latency_us = 120e3;
  double group_us = 1e6;
  double misbehave_after_us = 2e6;
  unsigned key_bits = 128;
  double stall = 0;
  double vanish = 0;
  double nak_flood = 0;
  double excused_loss = 0;
  link_proxy::ImpairmentFlags both, up, down;
  double bogus = 90;
  Settings settings;
  FloodSettings flood;
  std::string feed;
  std::string feed_rtcp = "next_port";
  bool is_bare = false;
  RtpSettings rtp;
};

CLI::AsNumberWithUnit rate_unit() {
  return CLI::AsNumberWithUnit(std::map<std::string, double>{{"k", 1e3}, {"M", 1e6}, {"G", 1e9}},
                               CLI::AsNumberWithUnit::UNIT_OPTIONAL, "BITS/S");
}

void add_common(CLI::App& app, Words& words) {
  Settings& settings = words.settings;
  app.add_option("--name", settings.name, "stream name; {n} counts from 1 (default live/main)");
  add_duration(app, "--duration", words.duration_us, "how long, once everybody is up (default 10s)");
  app.add_option("--core", settings.core, "pin to this CPU (default: not pinned)")->check(CLI::Range(-1, 1023));
  app.add_option("--json", settings.json_path, "write the report to this file; - for standard output")
      ->type_name("FILE");
  app.add_flag("--progress", settings.shows_progress, "a line each second on standard error, terminal or not");
  app.add_option("--i-own-this-network", words.owned, "a network off this host that may be loaded")
      ->type_name("ADDRESS/BITS");
}

void add_session(CLI::App& app, Words& words) {
  app.add_option("--relay", words.relay, "the relay's address, such as 127.0.0.1:9000 or [::1]:9000")->required();
  add_duration(app, "--latency", words.latency_us, "SRT latency to ask for (default 120ms)");
  app.add_option("--key-bits", words.key_bits, "AES key length")->check(CLI::IsMember({128, 192, 256}));
}

void add_ethernet(CLI::App& app, Words& words) {
  EthernetSettings& ethernet = words.settings.ethernet;
  const char* group = "Port";
  app.add_option("--port", words.port, "sockets (default) or ethernet")
      ->check(CLI::IsMember({"sockets", "ethernet"}))
      ->group(group);
  app.add_option("--device", words.devices, "DPDK device: net_vhost0,iface=/tmp/x.sock, or a PCI address")
      ->group(group);
  app.add_option("--ip", words.ip, "our own address on it, with its prefix: 10.77.0.2/24")->group(group);
  app.add_option("--gateway", words.gateway, "the way off the link")->group(group);
  app.add_option("--first-udp-port", ethernet.first_udp_port, "sessions call from this UDP port on (default 20000)")
      ->check(CLI::Range(1, 65535))
      ->group(group);
  app.add_option("--udp-ports", ethernet.udp_ports, "and from so many in turn (default 4096)")
      ->check(CLI::Range(1, 40000))
      ->group(group);
  app.add_flag("--trust-checksums", ethernet.trusts_checksums,
               "take UDP checksums as they are; implied by net_vhost and net_virtio_user, which leave them undone")
      ->group(group);
  app.add_flag("--backoff", ethernet.backoff, "sleep 50 us when idle instead of polling")->group(group);
}

void add_publishing(CLI::App& app, Words& words) {
  Settings& settings = words.settings;
  const char* group = "Publishers";
  app.add_option("--publishers", settings.publishers, "how many (default 1)")
      ->check(CLI::Range(std::size_t{1}, kPublishersMax))
      ->group(group);
  app.add_option("--bitrate", settings.bits_per_second, "payload of each, such as 5M (default)")
      ->transform(rate_unit())
      ->group(group);
  add_duration(app, "--gop", words.group_us, "from one access point to the next (default 1s)")->group(group);
  app.add_option("--publish-passphrase-file", words.publish_passphrase_file, "first line: the publishers' passphrase")
      ->type_name("FILE")
      ->group(group);
}

void add_viewing(CLI::App& app, Words& words) {
  Settings& settings = words.settings;
  const char* group = "Viewers";
  app.add_option("--viewers", settings.viewers, "how many")
      ->check(CLI::Range(std::size_t{1}, kViewersMax))
      ->group(group)
      ->required();
  app.add_option("--ramp", settings.ramp_per_second, "viewers started per second (default 1000)")
      ->check(CLI::Range(0.1, 1e6))
      ->group(group);
  app.add_option("--view-passphrase-file", words.view_passphrase_file, "first line: the viewers' passphrase")
      ->type_name("FILE")
      ->group(group);
  app.add_option("--salts", settings.view_salts,
                 "so many salts among the viewers' keys (default 1); a relay derives a key for each")
      ->check(CLI::Range(1, 4096))
      ->group(group);
  app.add_option("--hash-every", settings.hash_every,
                 "hash one packet of so many, a power of two (default 64); stamps are read on each")
      ->check(CLI::Range(1u, 64u))
      ->group(group);
  app.add_option("--excuse-loss", words.excused_loss,
                 "percent of packets that may be lost or late, 0 to 100 (default 0); --loss has shares")
      ->check(CLI::Range(0.0, 100.0))
      ->group(group);
  const char* bad = "Viewers that misbehave (in percent, 0 to 100; their figures stand apart)";
  for (auto [name, value, help] :
       {std::tuple{"--stall", &words.stall, "percent that stop reading and acknowledging, but stay"},
        std::tuple{"--vanish", &words.vanish, "percent that fall silent without SHUTDOWN"},
        std::tuple{"--nak-flood", &words.nak_flood, "percent that report 16 packets as lost that are not, each 10 ms"}})
    app.add_option(name, *value, help)->check(CLI::Range(0.0, 100.0))->group(bad);
  add_duration(app, "--misbehave-after", words.misbehave_after_us, "so long after they have caught up (default 2s)")
      ->group(bad);
}

void add_weather(CLI::App& app, Words& words) {
  link_proxy::add_impairment(app, "--", "Bad network, both directions", words.both);
  link_proxy::add_impairment(app, "--up-", "Bad network, to the relay", words.up);
  link_proxy::add_impairment(app, "--down-", "Bad network, from the relay", words.down);
  app.add_option("--seed", words.settings.seed, "the same seed loses the same packets of the same viewer (default 1)");
}

void add_flood(CLI::App& app, Words& words) {
  FloodSettings& flood = words.flood;
  app.footer(
      "Examples:\n"
      "  fanlight-load flood --relay 127.0.0.1:9000 --rate 5000 --bogus 90 --duration 10s\n"
      "  fanlight-load flood --relay 127.0.0.1:9000 --addresses 1 --bogus 0 --name live/idle --sealed live/secret\n\n"
      "Whole handshakes ask for --missing, --sealed and --name in turn. Only on this host, or where you say so.\n"
      "Exit codes: 0 no bad cookie was answered and no answer was longer than its request, 1 otherwise, 2 wrong "
      "usage.");
  app.add_option("--relay", words.relay, "the relay's address, such as 127.0.0.1:9000 or [::1]:9000")->required();
  app.add_option("--rate", flood.per_second, "handshakes a second (default 5000)")->check(CLI::Range(1.0, 200'000.0));
  app.add_option("--bogus", words.bogus, "percent of them that are INDUCTIONs nobody uses, or bad cookies (default 90)")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--addresses", flood.addresses,
                 "so many sources in turn, on 127.0.0.0/8 each in a /24 of its own (default 256)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{4096}));
  app.add_option("--hosts", flood.hosts, "so many addresses in each of these /24s, on 127.0.0.0/8 (default 1)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{200}));
  add_duration(app, "--duration", words.duration_us, "how long (default 10s)");
  app.add_option("--name", flood.name, "a stream that is asked for rightly and left (default live/main)");
  app.add_option("--sealed", flood.sealed,
                 "a stream that is asked for with a wrong passphrase (default that of --name)");
  app.add_option("--missing", flood.missing, "a stream that is not there (default flood/x)");
  app.add_option("--seed", flood.seed, "the same seed says the same (default 1)");
  app.add_option("--core", flood.core, "pin to this CPU (default: not pinned)")->check(CLI::Range(-1, 1023));
  app.add_option("--json", flood.json_path, "write the report to this file; - for standard output")->type_name("FILE");
  app.add_option("--i-own-this-network", words.owned, "a network off this host that may be flooded")
      ->type_name("ADDRESS/BITS");
}

void add_rtp(CLI::App& app, Words& words) {
  RtpSettings& rtp = words.rtp;
  Settings& settings = words.settings;
  const char* senders = "Senders";
  app.add_option("--feed", words.feed, "send to this address of the relay's, such as 127.0.0.1:5004")->group(senders);
  app.add_option("--senders", settings.publishers,
                 "how many (default 1); the n-th sends to the n-th even port from there")
      ->check(CLI::Range(std::size_t{1}, kPublishersMax))
      ->group(senders);
  app.add_option("--bitrate", settings.bits_per_second, "payload of each, such as 5M (default)")
      ->transform(rate_unit())
      ->group(senders);
  app.add_option("--ssrc", rtp.first_ssrc, "of the first sender; the others count on (default random)")->group(senders);
  app.add_option("--feed-rtcp", words.feed_rtcp, "where reports go: next_port (default), same_port or off")
      ->check(CLI::IsMember({"next_port", "same_port", "off"}))
      ->group(senders);
  const char* destinations = "Destinations";
  app.add_option("--destinations", settings.viewers, "how many; the relay is told of each, and of their end")
      ->check(CLI::Range(std::size_t{1}, kViewersMax))
      ->group(destinations);
  app.add_option("--api", rtp.api, "the relay's control socket (default /run/fanlight/api.sock)")
      ->type_name("SOCKET")
      ->group(destinations);
  app.add_option("--own-port", settings.own_port, "on sockets, they receive here (default: a free one)")
      ->group(destinations);
  app.add_flag("--print-destinations", rtp.prints_destinations, "print [[destination]] tables and end; with --own-port")
      ->group(destinations);
  app.add_flag("--configured", rtp.are_configured,
               "the relay's file has those tables: tell it of none; with --own-port")
      ->group(destinations);
  app.add_option("--streams", settings.streams, "values of {n} in the name (default 1)")
      ->check(CLI::Range(std::size_t{1}, kPublishersMax))
      ->group(destinations);
  app.add_option("--hash-every", settings.hash_every, "hash one packet of so many, a power of two (default 64)")
      ->check(CLI::Range(1u, 64u))
      ->group(destinations);
  app.add_option("--excuse-loss", words.excused_loss, "percent of packets that may be lost, 0 to 100 (default 0)")
      ->check(CLI::Range(0.0, 100.0))
      ->group(destinations);
  app.add_option("--pt", rtp.payload_type, "payload type, both ways (default 33)")->check(CLI::Range(0, 127));
  app.add_flag("--bare", words.is_bare, "transport streams in bare UDP instead of RTP, both ways");
}

struct CommandLine {
  CommandLine();
  CLI::App* command(const char* name, const char* what, const char* examples);

  CLI::App app{"fanlight-load publishes to a relay and views from it, by the thousand, and checks every packet."};
  Words words;
  HlsCommand hls;
};

CLI::App* CommandLine::command(const char* name, const char* what, const char* examples) {
  CLI::App* added = app.add_subcommand(name, what);
  added->footer(examples);
  add_common(*added, words);
  add_ethernet(*added, words);
  if (std::string_view{name} != "rtp") add_session(*added, words);
  return added;
}

CommandLine::CommandLine() {
  app.set_version_flag("--version", std::string{"fanlight-load "} + FANLIGHT_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  fanlight-load both --relay 127.0.0.1:9000 --viewers 200\n"
      "  fanlight-load both --help\n\n"
      "Exit codes: 0 everything arrived in time, 1 something did not or was refused, 2 wrong usage.");
  CLI::App* both =
      command("both", "publish and view in one process, which measures the latency between the two",
              "Examples:\n"
              "  fanlight-load both --relay 127.0.0.1:9000 --viewers 200 --bitrate 5M --duration 10s\n"
              "  fanlight-load both --relay 127.0.0.1:9000 --viewers 50 --loss 0.01 --delay 10ms --latency "
              "500ms\n"
              "  fanlight-load both --relay 10.77.0.1:9000 --port ethernet --ip 10.77.0.2/24 \\\n"
              "    --device net_vhost0,iface=/tmp/fanlight.sock,client=1 --viewers 5000");
  add_publishing(*both, words);
  add_viewing(*both, words);
  add_weather(*both, words);
  CLI::App* publish = command("publish", "publish only",
                              "Example:\n  fanlight-load publish --relay 127.0.0.1:9000 --publishers 4 --name "
                              "'live/{n}' --bitrate 2M --duration 1min");
  add_publishing(*publish, words);
  add_weather(*publish, words);
  CLI::App* view = command("view", "view what another fanlight-load on this host publishes",
                           "Example:\n  fanlight-load view --relay 127.0.0.1:9000 --viewers 200 --streams 4 --name "
                           "'live/{n}' --duration 30s");
  add_viewing(*view, words);
  view->add_option("--streams", words.settings.streams, "values of {n} in the name (default 1)")
      ->check(CLI::Range(std::size_t{1}, kPublishersMax))
      ->group("Viewers");
  view->add_option("--client", words.client,
                   "fanlight (default), or libsrt: real sockets of that library, some hundred viewers")
      ->check(CLI::IsMember({"fanlight", "libsrt"}))
      ->group("Viewers");
  add_weather(*view, words);
  CLI::App* rtp =
      command("rtp", "RTP into feeds, and out of the relay to destinations of this process",
              "Examples:\n"
              "  fanlight-load rtp --feed 127.0.0.1:5004 --destinations 200 --api /run/fanlight/api.sock\n"
              "  fanlight-load rtp --feed 127.0.0.1:5004 --bitrate 5M --loss 0.01 --reorder 0.01  # one sender, no "
              "destination\n"
              "  fanlight-load rtp --destinations 1000 --name live/main --duration 30s  # what an SRT publisher sends\n"
              "  fanlight-load rtp --destinations 3 --own-port 6000 --print-destinations  # for a configuration\n\n"
              "Every payload is checked: its position against its number, its send time against its timestamp.");
  add_rtp(*rtp, words);
  add_weather(*rtp, words);
  add_flood(*app.add_subcommand("flood", "strangers' handshakes, most of them bogus"), words);
  hls.add_to(*app.add_subcommand("hls", "viewers of low-latency HLS, as of the packager"));
}

Result<std::string> read_passphrase(const std::string& path) {
  if (path.empty()) return std::string{};
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return Error{ErrorCode::kNotFound, "cannot read a passphrase from " + path};
  if (line.size() < kPassphraseMin || line.size() > kPassphraseMax)
    return Error{ErrorCode::kInvalid, "the passphrase in " + path + " must have 10 to 79 bytes"};
  return line;
}

Result<Done> read_ethernet(const Words& words, Settings& settings) {
  settings.is_ethernet = words.port == "ethernet";
  EthernetSettings& ethernet = settings.ethernet;
  ethernet.devices = words.devices;
  if (!settings.is_ethernet) {
    if (words.devices.empty() && words.ip.empty()) return Done{};
    return Error{ErrorCode::kInvalid, "--device and --ip are for --port ethernet"};
  }
  const auto own = Network::parse(words.ip);
  if (ethernet.devices.empty() || !own || words.ip.find('/') == std::string::npos)
    return Error{ErrorCode::kInvalid, "--port ethernet wants --device and --ip ADDRESS/BITS, such as 10.77.0.2/24"};
  ethernet.ip = own->base;
  ethernet.prefix = static_cast<std::uint8_t>(own->base.is_v4() ? own->prefix - 96 : own->prefix);
  if (own->base.is_v4() != settings.relay.ip.is_v4())
    return Error{ErrorCode::kInvalid, "--ip and --relay must be of one family"};
  if (!words.gateway.empty()) ethernet.gateway = IpAddress::parse(words.gateway);
  if (!words.gateway.empty() && !ethernet.gateway)
    return Error{ErrorCode::kInvalid, "--gateway is no address: " + words.gateway};
  if (ethernet.first_udp_port + ethernet.udp_ports - 1 > 65'535)
    return Error{ErrorCode::kInvalid, "--first-udp-port and --udp-ports go beyond port 65535"};
  if (ethernet.devices.size() > 1)
    return Error{ErrorCode::kInvalid, "--device is given twice: the load comes from one device"};
  const std::string& device = ethernet.devices.front();
  if (device.starts_with("net_vhost") || device.starts_with("net_virtio_user")) ethernet.trusts_checksums = true;
  return Done{};
}

Result<Done> read_amounts(const Words& words, Settings& settings) {
  settings.duration = to_micros(words.duration_us);
  settings.latency = to_micros(words.latency_us);
  settings.group = to_micros(words.group_us);
  settings.misbehave_after = to_micros(words.misbehave_after_us);
  settings.key_bytes = words.key_bits / 8;
  settings.excused_loss = words.excused_loss / 100;
  settings.shares = {0, words.stall / 100, words.vanish / 100, words.nak_flood / 100};
  settings.up = link_proxy::combined(words.both, words.up);
  settings.down = link_proxy::combined(words.both, words.down);
  if (settings.latency > seconds(60)) return Error{ErrorCode::kInvalid, "--latency has 60s at most"};
  if (words.stall + words.vanish + words.nak_flood > 100)
    return Error{ErrorCode::kInvalid, "--stall, --vanish and --nak-flood make more than 100 percent"};
  if (!std::has_single_bit(settings.hash_every))
    return Error{ErrorCode::kInvalid, "--hash-every wants 1, 2, 4, 8, 16, 32 or 64"};
  if (settings.bits_per_second < 1e3 || settings.bits_per_second > 10e9)
    return Error{ErrorCode::kInvalid, "--bitrate wants 1k to 10G"};
  return Done{};
}

Result<Done> read_client(const Words& words, Settings& settings) {
  settings.uses_libsrt = words.client == "libsrt";
  if (!settings.uses_libsrt) return Done{};
  const double misbehaving = words.stall + words.vanish + words.nak_flood;
  if (settings.is_ethernet || settings.is_impaired() || misbehaving > 0)
    return Error{ErrorCode::kInvalid, "--client libsrt is for kernel sockets, good weather and good manners"};
  if (settings.viewers > kLibsrtViewersMax)
    return Error{ErrorCode::kInvalid, "--client libsrt takes a thread per viewer: 1000 viewers at most"};
  return Done{};
}

Result<Settings> read(const Words& words, bool publishes, bool views) {
  Settings settings = words.settings;
  const auto relay = Endpoint::parse(words.relay);
  if (!relay || relay->port == 0)
    return Error{ErrorCode::kInvalid, "--relay wants ADDRESS:PORT, such as 127.0.0.1:9000, not " + words.relay};
  settings.relay = *relay;
  if (publishes && settings.publishers == 0) settings.publishers = 1;
  if (publishes && views) settings.streams = settings.publishers;
  for (const std::string& text : words.owned) {
    const auto network = Network::parse(text);
    if (!network) return Error{ErrorCode::kInvalid, "--i-own-this-network wants ADDRESS/BITS, not " + text};
    settings.owned.push_back(*network);
  }
  if (const Result<Done> done = read_ethernet(words, settings); !done) return done.error();
  if (const Result<Done> done = read_amounts(words, settings); !done) return done.error();
  if (const Result<Done> done = read_client(words, settings); !done) return done.error();
  Result<std::string> publish = read_passphrase(words.publish_passphrase_file);
  if (!publish) return publish.error();
  Result<std::string> view = read_passphrase(words.view_passphrase_file);
  if (!view) return view.error();
  settings.publish_passphrase = *publish;
  settings.view_passphrase = *view;
  if (settings.streams > 1 && settings.name.find("{n}") == std::string::npos)
    return Error{ErrorCode::kInvalid, "several streams want a --name with {n} in it, such as 'live/{n}'"};
  return settings;
}

// Ports and addresses for all of them.
Result<Done> judge_places(const RtpSettings& rtp) {
  const Settings& common = rtp.common;
  const bool has_control = rtp.kind == FeedKind::kRtp && rtp.feed_rtcp == RtcpWay::kNextPort;
  const std::size_t last =
      common.relay.port + 2 * std::max<std::size_t>(common.publishers, 1) - 2 + (has_control ? 1 : 0);
  if (common.publishers > 0 && last > 65'535)
    return Error{ErrorCode::kInvalid, "--senders go to every second port from --feed on, and the last one's would be " +
                                          std::to_string(last) + ": fewer of them, or a lower port"};
  if (common.viewers == 0) return Done{};
  const std::size_t all = common.publishers + common.viewers;
  if (common.is_ethernet && all > common.ethernet.udp_ports)
    return Error{ErrorCode::kInvalid,
                 "each sender and destination wants a port of --ip: --udp-ports " + std::to_string(all) + " or more"};
  if (!common.is_ethernet && !(common.relay.ip.is_v4() && common.relay.ip.bytes[12] == 127))
    return Error{ErrorCode::kInvalid,
                 "on sockets destinations receive on 127.0.0.0/8: --feed must be there as well, or runs by itself; for "
                 "those of another host, --port ethernet"};
  return Done{};
}

// Without a feed, whatever leads to this host: the relay is told where to send.
Result<RtpSettings> read_rtp(Words words) {
  const bool has_feed = !words.feed.empty();
  if (!has_feed && words.settings.publishers > 0) return Error{ErrorCode::kInvalid, "--senders wants a --feed"};
  if (!has_feed && words.settings.viewers == 0)
    return Error{ErrorCode::kInvalid, "rtp wants --feed ADDRESS:PORT to send to, --destinations N to receive, or both"};
  const bool are_written = words.rtp.prints_destinations || words.rtp.are_configured;
  if (are_written && words.settings.own_port == 0 && words.port != "ethernet")
    return Error{ErrorCode::kInvalid, "--print-destinations and --configured want --own-port, the same for both"};
  const std::size_t streams = words.settings.streams;
  words.relay = has_feed ? words.feed : words.ip.find(':') == std::string::npos ? "127.0.0.1:9" : "[::1]:9";
  Result<Settings> common = read(words, has_feed, false);
  if (!common) return common.error();
  RtpSettings rtp = words.rtp;
  rtp.common = *std::move(common);
  rtp.common.streams = streams;
  rtp.kind = words.is_bare ? FeedKind::kTransportStream : FeedKind::kRtp;
  rtp.feed_rtcp = words.feed_rtcp == "off"         ? RtcpWay::kNone
                  : words.feed_rtcp == "same_port" ? RtcpWay::kSamePort
                                                   : RtcpWay::kNextPort;
  if (const Result<Done> done = judge_places(rtp); !done) return done.error();
  return rtp;
}

Result<FloodSettings> read_flood(const Words& words) {
  FloodSettings flood = words.flood;
  const auto relay = Endpoint::parse(words.relay);
  if (!relay || relay->port == 0)
    return Error{ErrorCode::kInvalid, "--relay wants ADDRESS:PORT, such as 127.0.0.1:9000, not " + words.relay};
  flood.relay = *relay;
  flood.bogus = words.bogus / 100;
  flood.duration = to_micros(words.duration_us);
  Settings where;
  where.relay = *relay;
  for (const std::string& text : words.owned) {
    const auto network = Network::parse(text);
    if (!network) return Error{ErrorCode::kInvalid, "--i-own-this-network wants ADDRESS/BITS, not " + text};
    where.owned.push_back(*network);
  }
  if (const Result<Done> allowed = judge_destination(where); !allowed) return allowed.error();
  return flood;
}

int refuse(const Error& error) {
  std::fprintf(stderr, "fanlight-load: %s\n", error.what.c_str());
  return error.code == ErrorCode::kNoRights ? 1 : kWrongUsage;
}

}  // namespace

std::variant<Settings, FloodSettings, RtpSettings, HlsSettings, int> parse_command_line(int argc, char** argv) {
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  if (line.app.got_subcommand("flood")) {
    Result<FloodSettings> flood = read_flood(line.words);
    if (flood) return *std::move(flood);
    return refuse(flood.error());
  }
  if (line.app.got_subcommand("hls")) {
    Result<HlsSettings> hls = line.hls.read();
    if (hls) return *std::move(hls);
    return refuse(hls.error());
  }
  if (line.app.got_subcommand("rtp")) {
    Result<RtpSettings> rtp = read_rtp(line.words);
    if (rtp) return *std::move(rtp);
    return refuse(rtp.error());
  }
  const bool is_both = line.app.got_subcommand("both");
  Result<Settings> settings =
      read(line.words, is_both || line.app.got_subcommand("publish"), is_both || line.app.got_subcommand("view"));
  if (settings) return *std::move(settings);
  return refuse(settings.error());
}

}  // namespace fanlight::load
