// The API's resources about who may come in: policies and keys.
#pragma once

#include "api/message.h"
#include "api/relay.h"

namespace fanlight::control {

class AccessRoutes {
 public:
  explicit AccessRoutes(Relay& relay) : relay_(relay) {}

  // Empty: the path is none of these.
  [[nodiscard]] std::optional<Response> start(const Request& request, std::string_view path);

 private:
  Response policies();
  Response check(const std::string& body);
  Response keys();
  Response set_key(const std::string& body);
  Response expire_keys(const std::string& body);
  Response kick_earlier(const std::string& body);

  Relay& relay_;
};

}  // namespace fanlight::control
