// An HTTP exchange without HTTP: what a request asks and what it gets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/percent.h"

namespace fanlight::control {

struct Request {
  std::string method;  // "GET"
  std::string target;  // "/v1/sessions?stream=live%2Fmain", as it came.
  std::string body;
};

struct Response {
  unsigned status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  std::string allow = {};  // With status 405: the methods that the resource takes.
};

// {"error":{"code":"…","message":"…"}}
[[nodiscard]] Response error_response(unsigned status, std::string_view code, std::string_view message);

// The value of `key` in "a=1&b=2", decoded. Empty when absent or malformed.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view key);
// Whether a value in it has a malformed percent escape.
[[nodiscard]] bool is_query_malformed(std::string_view query);

}  // namespace fanlight::control
