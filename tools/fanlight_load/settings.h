// What the user asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "fanlight_load/crowd.h"
#include "link_proxy/link.h"

namespace fanlight::load {

struct Network {
  IpAddress base;
  std::uint8_t prefix = 128;  // Of the mapped form: IPv4 counts from 96.
  // "192.0.2.0/24", "2001:db8::/64".
  static std::optional<Network> parse(const std::string& text);
  [[nodiscard]] bool contains(const IpAddress& ip) const;
};

struct EthernetSettings {
  std::vector<std::string> devices;  // The first is used; more may be brought up for it (a bond's members).
  std::optional<IpAddress> ip;
  std::uint8_t prefix = 24;
  std::optional<IpAddress> gateway;
  std::uint16_t first_udp_port = 20'000;
  std::uint16_t udp_ports = 4'096;
  bool trusts_checksums = false;
  bool backoff = false;
};

struct Settings {
  Endpoint relay;
  bool is_ethernet = false;
  EthernetSettings ethernet;
  std::vector<Network> owned;  // Networks the user vouches for.
  int core = -1;
  std::uint16_t own_port = 0;  // On sockets; 0: whichever is free.

  bool uses_libsrt = false;  // Viewers are libsrt's.

  std::size_t publishers = 0;
  std::size_t viewers = 0;
  std::size_t streams = 1;         // So many values of {n}.
  std::string name = "live/main";  // May hold {n}.
  double bits_per_second = 5e6;    // Of each publisher's payload.
  Micros group = seconds(1);
  Micros latency = millis(120);
  double ramp_per_second = 1000;
  Micros duration = seconds(10);  // From the moment in which everybody is up.
  std::string publish_passphrase;
  std::string view_passphrase;
  std::size_t key_bytes = 16;
  std::size_t view_salts = 1;  // So many different ones among the viewers; each costs the relay a derivation.
  std::uint32_t hash_every = 64;

  std::array<double, kManners> shares{};  // Of misbehaving viewers.
  Micros misbehave_after = seconds(2);
  link_proxy::Impairment up;  // To the relay.
  link_proxy::Impairment down;
  std::uint64_t seed = 1;

  double excused_loss = 0;  // Share of the expected packets.
  bool shows_progress = false;
  std::string json_path;  // "-": standard output instead of the table.

  [[nodiscard]] bool is_impaired() const;
  // The stream ID of publisher or viewer `n`, counted from 0.
  [[nodiscard]] std::string stream_name(std::size_t n) const;
};

// Whether it does anything to what passes.
[[nodiscard]] bool is_bad(const link_proxy::Impairment& weather);

// Queue pairs that a virtual device was made with, as its arguments say; 1 when they do not.
[[nodiscard]] std::uint16_t queues_of(std::string_view device);

// Nobody is flooded by accident: the relay must be on this host, behind a device that leads to a program here, or in a
// network that the user has said is theirs.
[[nodiscard]] Result<Done> judge_destination(const Settings& settings);

}  // namespace fanlight::load
