#include "daemon/default_stream_id.h"

#include "access/stream_id.h"

namespace fanlight::control {

std::string_view default_stream_id(const Config& config, const Path& path) {
  const bool has_own = config.relay.port == PortKind::kSockets && path.door < config.listen.size() &&
                       !config.listen[path.door].default_stream_id.empty();
  return has_own ? config.listen[path.door].default_stream_id : config.relay.default_stream_id;
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
