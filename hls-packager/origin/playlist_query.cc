#include "origin/playlist_query.h"

#include <algorithm>

#include "origin/decimal.h"

namespace fanlight::packager {
namespace {

struct Directives {
  std::optional<std::string_view> msn{}, part{}, skip{};

  // Said twice, a directive says nothing.
  [[nodiscard]] bool take(std::string_view key, std::string_view value) {
    std::optional<std::string_view>* const slot = key == "_HLS_msn"    ? &msn
                                                  : key == "_HLS_part" ? &part
                                                  : key == "_HLS_skip" ? &skip
                                                                       : nullptr;
    if (slot == nullptr) return true;
    if (slot->has_value()) return false;
    *slot = value;
    return true;
  }
};

std::optional<Directives> directives_in(std::string_view query) {
  Directives directives;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    if (!directives.take(one.substr(0, equals), one.substr(std::min(equals + 1, one.size())))) return std::nullopt;
  }
  return directives;
}

}  // namespace

std::optional<PlaylistQuery> parse_playlist_query(std::string_view query) {
  const std::optional<Directives> directives = directives_in(query);
  if (!directives || (directives->part && !directives->msn)) return std::nullopt;
  PlaylistQuery out;
  if (directives->msn && !(out.msn = parse_decimal(*directives->msn))) return std::nullopt;
  if (directives->part && !(out.part = parse_decimal(*directives->part))) return std::nullopt;
  // v2: may also leave out date ranges; ours say them all. What is not known asks for nothing.
  out.wants_delta = directives->skip == "YES" || directives->skip == "v2";
  return out;
}

}  // namespace fanlight::packager
