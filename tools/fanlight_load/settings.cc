#include "fanlight_load/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace fanlight::load {
namespace {

constexpr std::uint8_t kMappedPrefix = 96;

bool is_loopback(const IpAddress& ip) {
  if (ip.is_v4()) return ip.bytes[12] == 127;
  return ip == IpAddress{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
}

// Drivers whose other end is a program on this host, or nothing at all.
bool leads_to_a_program(const std::string& device) {
  const auto says = [&](std::string_view key) { return device.find(key) != std::string::npos; };
  // Files are no network; interfaces are, as is a virtio device whose other end is the kernel's.
  if (device.starts_with("net_pcap")) return !says("iface=") && (says(",rx_pcap=") || says(",tx_pcap="));
  if (device.starts_with("net_virtio_user")) return says(",path=/") && !says("/dev/");
  constexpr std::array<std::string_view, 4> kDrivers = {"net_vhost", "net_memif", "net_null", "net_ring"};
  return std::ranges::any_of(kDrivers, [&](std::string_view driver) { return device.starts_with(driver); });
}

}  // namespace

std::optional<Network> Network::parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto ip = IpAddress::parse(std::string_view(text).substr(0, slash));
  if (!ip) return std::nullopt;
  const unsigned most = ip->is_v4() ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + slash + 1, end, bits);
    if (error != std::errc{} || at != end || bits > most) return std::nullopt;
  }
  return Network{*ip, static_cast<std::uint8_t>(ip->is_v4() ? bits + kMappedPrefix : bits)};
}

bool Network::contains(const IpAddress& ip) const {
  for (std::size_t bit = 0; bit < prefix; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if ((base.bytes[bit / 8] & mask) != (ip.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

bool is_bad(const link_proxy::Impairment& weather) {
  return weather.loss > 0 || weather.burst_loss > 0 || weather.delay > Micros{0} || weather.jitter > Micros{0} ||
         weather.reorder > 0 || weather.duplicate > 0;
}

bool Settings::is_impaired() const { return is_bad(up) || is_bad(down); }

std::string Settings::stream_name(std::size_t n) const {
  std::string text = name;
  constexpr std::string_view kPlace = "{n}";
  for (std::size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace))
    text.replace(at, kPlace.size(), std::to_string(n + 1));
  return text;
}

std::uint16_t queues_of(std::string_view device) {
  constexpr std::array<std::string_view, 3> kKeys = {",queues=", ",qpairs=", ",queue_count="};
  for (const std::string_view key : kKeys) {
    const std::size_t at = device.find(key);
    if (at == std::string_view::npos) continue;
    std::uint16_t queues = 1;
    const std::string_view number = device.substr(at + key.size());
    std::from_chars(number.data(), number.data() + number.size(), queues);
    return std::max<std::uint16_t>(queues, 1);  // DPDK says what is wrong with a number.
  }
  return 1;
}

Result<Done> judge_destination(const Settings& settings) {
  const IpAddress& ip = settings.relay.ip;
  const auto& devices = settings.ethernet.devices;
  const bool is_here = settings.is_ethernet ? std::ranges::all_of(devices, leads_to_a_program) : is_loopback(ip);
  const auto is_owned = [&](const Network& network) { return network.contains(ip); };
  if (is_here || std::ranges::any_of(settings.owned, is_owned)) return Done{};
  return Error{ErrorCode::kNoRights, settings.relay.text() +
                                         " is not on this host, and a load generator may take a network down: when it "
                                         "is yours, say so with --i-own-this-network " +
                                         ip.text() + (ip.is_v4() ? "/32" : "/128")};
}

}  // namespace fanlight::load
