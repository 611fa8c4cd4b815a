// Whom the relay asks, or tells, over HTTP: one [[webhook]] of the configuration, and [events].
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "config/fields.h"
#include "config/secret.h"

namespace fanlight::control {

struct HttpUrl {
  bool is_tls = false;
  std::string host{};  // A name or an address, an IPv6 address without its brackets.
  std::uint16_t port = 0;
  std::string target = "/";  // Path and query.
  // Where nobody else listens: http may go there.
  [[nodiscard]] bool is_loopback() const;
  // As it stands in a Host field: with the port when it is not the scheme's.
  [[nodiscard]] std::string authority() const;
  friend bool operator==(const HttpUrl&, const HttpUrl&) = default;
};

// "https://HOST[:PORT][/PATH][?QUERY]" or http. The error never repeats it: a query may hold a secret.
[[nodiscard]] Result<HttpUrl, std::string> parse_http_url(std::string_view text);

struct WebhookRule {
  std::string name;
  HttpUrl url;
  std::string ca_file{};  // Empty: the system's authorities.
  Micros timeout = millis(1000);
  std::uint32_t concurrency = 16;
  Micros negative_cache = seconds(5);
  Secret token{};        // Authorization: Bearer.
  Secret signing_key{};  // HMAC-SHA256 of the body.
  friend bool operator==(const WebhookRule&, const WebhookRule&) = default;
};

struct EventsRule {
  std::string webhook{};  // Empty: events go to nobody but those who follow over the API.
  friend bool operator==(const EventsRule&, const EventsRule&) = default;
};

[[nodiscard]] WebhookRule read_webhook_rule(FieldReader& reader);
[[nodiscard]] EventsRule read_events_rule(FieldReader& reader);

}  // namespace fanlight::control
