#include "http/request_fields.h"

#include "http/field_text.h"

namespace fanlight::packager {
namespace {

// "gzip;q=0", "gzip; q=0.000": not this one.
bool has_no_quality(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    parameters.remove_prefix(1);
    const std::size_t end = parameters.find(';');
    const std::string_view one = trimmed(parameters.substr(0, end));
    if (starts_with_nocase(one, "q="))
      return one.size() > 2 && one.find_first_not_of("0.", 2) == std::string_view::npos;
    parameters.remove_prefix(end == std::string_view::npos ? parameters.size() : end);
  }
  return false;
}

}  // namespace

std::optional<HttpMethod> method_of(std::string_view name) noexcept {
  if (name == "GET") return HttpMethod::kGet;
  if (name == "HEAD") return HttpMethod::kHead;
  if (name == "OPTIONS") return HttpMethod::kOptions;
  return std::nullopt;
}

bool split_target(std::string_view target, HttpRequest& request) noexcept {
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  return target.starts_with('/') || (target == "*" && request.method == HttpMethod::kOptions);
}

void take_request_field(std::string_view name, std::string_view value, HttpRequest& request) noexcept {
  switch (name.size()) {
    case 5:
      if (equals_nocase(name, "range") && request.range.empty()) request.range = value;
      break;
    case 8:
      if (equals_nocase(name, "if-range")) request.range = kNoRange;
      break;
    case 13:
      if (equals_nocase(name, "if-none-match") && request.if_none_match.empty()) request.if_none_match = value;
      break;
    case 15:
      if (equals_nocase(name, "accept-encoding")) request.accepts_gzip |= accepts_gzip(value);
      break;
    default:
      break;
  }
}

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  bool by_name = false, by_star = false, is_named = false;
  for_each_in_list(accept_encoding, [&](std::string_view element) {
    const std::size_t mark = element.find(';');
    const std::string_view coding = trimmed(element.substr(0, mark));
    const bool is_wanted = mark == std::string_view::npos || !has_no_quality(element.substr(mark));
    if (equals_nocase(coding, "gzip") || equals_nocase(coding, "x-gzip")) {
      is_named = true;
      by_name = is_wanted;
    } else if (coding == "*") {
      by_star = is_wanted;
    }
  });
  return is_named ? by_name : by_star;
}

}  // namespace fanlight::packager
