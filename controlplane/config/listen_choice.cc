#include "config/listen_choice.h"

#include <algorithm>

namespace fanlight::control {
namespace {

bool reaches(const IpAddress& from, const IpAddress& to) {
  return from.is_unspecified() || from.is_loopback() == to.is_loopback();
}

// The first that is bound to it, or to all of its family.
std::optional<std::size_t> listen_at(const std::vector<ListenOptions>& listen, const IpAddress& source) {
  for (std::size_t place = 0; place < listen.size(); ++place) {
    const Endpoint& one = listen[place].address;
    if (one.ip == source || (one.ip.is_unspecified() && speaks(listen, one, source))) return place;
  }
  return std::nullopt;
}

}  // namespace

bool speaks(const std::vector<ListenOptions>& listen, const Endpoint& from, const IpAddress& to) {
  if (from.ip.is_v4() == to.is_v4()) return true;
  if (!to.is_v4() || !from.ip.is_unspecified()) return false;
  return std::ranges::none_of(
      listen, [&](const ListenOptions& other) { return other.address.port == from.port && other.address.ip.is_v4(); });
}

std::optional<std::size_t> choose_listen(const std::vector<ListenOptions>& listen, const IpAddress& to,
                                         const std::optional<IpAddress>& source) {
  if (source) return listen_at(listen, *source);
  std::optional<std::size_t> on_loopback;  // A group has members there, too: last choice.
  for (std::size_t place = 0; place < listen.size(); ++place) {
    const Endpoint& from = listen[place].address;
    if (!speaks(listen, from, to)) continue;
    if (reaches(from.ip, to)) return place;
    if (to.is_multicast() && !on_loopback) on_loopback = place;
  }
  return on_loopback;
}

std::optional<std::string> source_fault_of(const std::vector<ListenOptions>& listen,
                                           const std::optional<IpAddress>& source) {
  if (!source || listen_at(listen, *source)) return std::nullopt;
  return "the relay does not listen at its source " + source->text() +
         ", so neither its receivers' reports nor ICMP would be heard: add a [[listen]] with that address, or with " +
         (source->is_v4() ? "0.0.0.0" : "[::]");
}

}  // namespace fanlight::control
