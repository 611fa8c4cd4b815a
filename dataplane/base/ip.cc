#include "base/ip.h"

#include <arpa/inet.h>

#include <charconv>

namespace fanlight {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string z(text);
  std::uint8_t four[4];
  if (inet_pton(AF_INET, z.c_str(), four) == 1) return v4(four[0], four[1], four[2], four[3]);
  IpAddress six;
  if (inet_pton(AF_INET6, z.c_str(), six.bytes.data()) == 1) return six;
  return std::nullopt;
}

std::string IpAddress::text() const {
  char out[INET6_ADDRSTRLEN] = {};
  if (is_v4()) {
    inet_ntop(AF_INET, bytes.data() + 12, out, sizeof out);
  } else {
    inet_ntop(AF_INET6, bytes.data(), out, sizeof out);
  }
  return out;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // A bare IPv6 address with a port is ambiguous.
  }
  Endpoint endpoint;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  const std::optional<IpAddress> ip = IpAddress::parse(host);
  if (!ip) return std::nullopt;
  endpoint.ip = *ip;
  return endpoint;
}

std::string Endpoint::text() const {
  std::string out = ip.is_v4() ? "" : "[";
  out += ip.text();
  out += ip.is_v4() ? ":" : "]:";
  return out += std::to_string(port);
}

}  // namespace fanlight
