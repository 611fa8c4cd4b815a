#include "api/message.h"

#include <nlohmann/json.hpp>

#include "api/json_answers.h"

namespace fanlight::control {

Response error_response(unsigned status, std::string_view code, std::string_view message) {
  return {status, json_text({{"error", {{"code", code}, {"message", message}}}})};
}

std::optional<std::string> query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == key)
      return percent_decoded(pair.substr(equals + 1));
  }
  return std::nullopt;
}

bool is_query_malformed(std::string_view query) { return !percent_decoded(query); }

}  // namespace fanlight::control
