// The relay's configuration: one TOML file, validated whole before anything starts, immutable afterwards.
// docs/configuration.md has the keys for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "config/destination_rule.h"
#include "config/feed_rule.h"
#include "config/issuer_rule.h"
#include "config/key_rule.h"
#include "config/policy_rule.h"
#include "config/rules.h"
#include "config/webhook_rule.h"
#include "contract/armour.h"

namespace fanlight::control {

enum class PortKind : std::uint8_t { kSockets, kEthernet };
enum class SeccompMode : std::uint8_t { kOn, kLog, kOff };
enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarning, kError };

struct RelayOptions {
  std::string api;  // Path of the control API's socket.
  PortKind port = PortKind::kSockets;
  std::uint32_t workers = 1;
  int core = -1;  // A single worker's; -1: not pinned.
  std::uint32_t sessions_max = 4096;
  std::uint32_t memory_mb = 0;  // 0: as much as the memory plan asks for.
  LogLevel log_level = LogLevel::kInfo;
  double capacity_mbps = 0;         // What all viewers together can be sent; 0: not known, everybody is let in.
  double admission_share = 0.8;     // Of it, as `fanlight capacity` advises: beyond, viewers are turned away.
  std::string default_stream_id{};  // What a caller without a stream ID asks for; empty: it is turned away.
  std::vector<int> cores{};         // One for each worker, or none: not pinned.
  std::string user{};               // Whom root becomes once all is up; empty: nobody else.
  std::string group{};              // Empty: the user's own.
  SeccompMode seccomp = SeccompMode::kOn;

  [[nodiscard]] int core_of(std::size_t worker) const { return cores.empty() ? core : cores[worker]; }
  [[nodiscard]] double egress_bits_max() const { return capacity_mbps * 1e6 * admission_share; }
  friend bool operator==(const RelayOptions&, const RelayOptions&) = default;
};

struct ListenOptions {
  Endpoint address;
  std::uint32_t receive_buffer_kb = 8192;
  std::string default_stream_id{};  // What a caller without a stream ID asks for; empty: what [relay] says.
  friend bool operator==(const ListenOptions&, const ListenOptions&) = default;
};

struct InterfaceAddress {
  IpAddress ip;
  std::uint8_t prefix_bits = 0;  // Of the family: up to 32 or 128.
  std::optional<IpAddress> gateway;
  [[nodiscard]] bool is_on_link(const IpAddress& other) const;
  friend bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
};

struct DeviceOptions {
  std::string eal;  // A --vdev argument, or a PCI address.
  std::optional<InterfaceAddress> ipv4;
  std::optional<InterfaceAddress> ipv6;
  bool trusts_rx_checksum = false;
  std::uint16_t mtu = 1500;
  friend bool operator==(const DeviceOptions&, const DeviceOptions&) = default;
};

struct EthernetOptions {
  std::vector<std::uint16_t> udp_ports{9000};
  bool backoff = false;
  std::vector<DeviceOptions> devices;
  friend bool operator==(const EthernetOptions&, const EthernetOptions&) = default;
};

struct Config {
  RelayOptions relay;
  std::vector<ListenOptions> listen;
  EthernetOptions ethernet;
  ArmourOptions armour;
  std::vector<StreamRule> streams;
  std::vector<CallRule> calls;
  std::vector<FeedRule> feeds{};
  std::vector<DestinationRule> destinations{};
  std::vector<KeyRule> keys{};
  std::vector<IssuerRule> issuers{};
  std::vector<PolicyRule> policies{};  // In their order: the first that matches decides.
  std::vector<WebhookRule> webhooks;
  EventsRule events;
};

// Every mistake of a file, each "file:line: key: found X, accepted Y", in the order of the lines.
struct ConfigErrors {
  std::vector<std::string> lines;
};

// Secrets that it names are read from their files, those with relative paths beside `file_name`.
[[nodiscard]] Result<Config, ConfigErrors> parse_config(std::string_view toml, std::string_view file_name);
[[nodiscard]] Result<Config, ConfigErrors> load_config(const std::string& path);

// Sections that differ in what only a restart can change. Streams, calls, destinations, policies, keys, the armour and
// the log level are taken over at once.
[[nodiscard]] std::vector<std::string> restart_only_changes(const Config& running, const Config& fresh);

}  // namespace fanlight::control
