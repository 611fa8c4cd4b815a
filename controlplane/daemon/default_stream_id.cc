#include "daemon/default_stream_id.h"

#include <algorithm>

#include "access/stream_id.h"
#include "daemon/way_out.h"

namespace fanlight::control {
namespace {

std::string_view id_at(const Config& config, std::size_t door) {
  return default_stream_id(config, {.remote = {}, .local = {}, .door = static_cast<std::uint16_t>(door)});
}

// The address itself before a wildcard, one of its family before "[::]", as the kernel deals.
std::optional<std::uint16_t> door_of(const Config& config, const Endpoint& to) {
  const auto fit = [&to](const ListenOptions& one) {
    if (one.address.port != to.port) return 0;
    if (one.address.ip == to.ip) return 3;
    if (!one.address.ip.is_unspecified()) return 0;
    if (one.address.ip.is_v4() == to.ip.is_v4()) return 2;
    return to.ip.is_v4() ? 1 : 0;
  };
  const auto best = std::ranges::max_element(config.listen, {}, fit);
  if (best == config.listen.end() || fit(*best) == 0) return std::nullopt;
  return static_cast<std::uint16_t>(best - config.listen.begin());
}

}  // namespace

std::string_view default_stream_id(const Config& config, const Path& path) {
  const bool has_own = config.relay.port == PortKind::kSockets && path.door < config.listen.size() &&
                       !config.listen[path.door].default_stream_id.empty();
  return has_own ? config.listen[path.door].default_stream_id : config.relay.default_stream_id;
}

Result<std::uint16_t> way_in(const Config& config, const std::optional<Endpoint>& listen, bool without_id) {
  if (config.relay.port == PortKind::kEthernet) {
    if (!listen || is_own(config, *listen)) return std::uint16_t{0};
    return Error{ErrorCode::kInvalid,
                 "listen: found " + listen->text() + ", accepted an address and port of an [[ethernet.device]]"};
  }
  std::string all;
  bool is_same_everywhere = true;
  for (std::size_t door = 0; door < config.listen.size(); ++door) {
    all += (all.empty() ? "" : ", ") + config.listen[door].address.text();
    is_same_everywhere = is_same_everywhere && id_at(config, door) == id_at(config, 0);
  }
  if (listen) {
    if (const auto door = door_of(config, *listen)) return *door;
    return Error{ErrorCode::kInvalid, "listen: found " + listen->text() + ", accepted one of " + all};
  }
  if (is_same_everywhere || !without_id) return std::uint16_t{0};
  return Error{ErrorCode::kInvalid, "listen: found nothing, accepted one of " + all +
                                        ": callers without a stream ID do not ask for the same everywhere"};
}

std::optional<std::string> find_bad_default_stream_id(const Config& config) {
  const auto is_bad = [](const std::string& id) { return !id.empty() && !parse_stream_id(id); };
  const auto sentence = [](const char* table, const std::string& id) {
    return std::string{table} + " default_stream_id: found " + quoted(id) +
           ", accepted a stream ID, like \"publish:live/main\" or \"live/main\"";
  };
  if (is_bad(config.relay.default_stream_id)) return sentence("[relay]", config.relay.default_stream_id);
  for (const ListenOptions& one : config.listen)
    if (is_bad(one.default_stream_id)) return sentence("[[listen]]", one.default_stream_id);
  return std::nullopt;
}

}  // namespace fanlight::control
