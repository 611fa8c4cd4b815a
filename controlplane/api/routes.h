// The control API's resources: a request in, a response out, no socket in sight.
//
// Some answers need figures that only the worker has. Those requests get a Question; poll() has the response once the
// worker's report came, and unanswered() is for when it does not. A Subscription has no end: its answer is one line
// after the other.
#pragma once

#include <functional>
#include <optional>
#include <variant>

#include "api/message.h"
#include "api/relay.h"

namespace fanlight::control {

class Routes {
 public:
  struct Question {
    std::uint64_t ticket = 0;
    std::function<Response(const Report&)> answer;
  };
  struct Subscription {
    std::optional<std::string> stream;  // A name or a pattern.
  };
  using Outcome = std::variant<Response, Question, Subscription>;

  explicit Routes(Relay& relay) : relay_(relay) {}

  [[nodiscard]] Outcome start(const Request& request);
  [[nodiscard]] std::optional<Response> poll(const Question& question);
  [[nodiscard]] static Response unanswered();
  [[nodiscard]] static Response too_many_listeners();

 private:
  Outcome status();
  Outcome streams();
  Outcome feeds();
  Outcome sessions(std::optional<std::string> stream);
  Outcome session(SocketId socket);
  static Outcome events(std::optional<std::string> stream);
  Response add_stream(const std::string& body);
  Response remove_stream(const std::string& name);
  Response kick(SocketId socket);
  Response bans(const Request& request);
  Response ban(const std::string& body);
  Response unban(std::string_view name);
  Response rotate_keys(const std::string& body);
  Response calls(const std::optional<std::string>& role, const std::optional<std::string>& with_keys);
  Response sdp(std::string_view id);
  Response add_call(const std::string& body);
  Response add_destination(FieldReader& reader, std::vector<Problem>& problems);
  Response remove_call(std::string_view id, std::optional<std::string> role);
  Outcome session_resource(const Request& request, std::string_view id);

  Relay& relay_;
};

}  // namespace fanlight::control
