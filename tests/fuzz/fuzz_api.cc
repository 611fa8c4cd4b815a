// Requests to the control API, on a real session desk without workers: whatever comes, the answer is a well-formed one.
//
// An input is some requests, each "METHOD TARGET\n" and a body, with the byte 0x1E between them.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.h"
#include "base/check.h"
#include "daemon/desk_relay.h"
#include "session/session_desk.h"

namespace {

using namespace fanlight;
using namespace fanlight::control;

constexpr std::size_t kRequestsMax = 8;

// Streams are tokens to the desk: nobody looks into them.
class Tokens final : public StreamFactory {
 public:
  std::vector<Stream*> make(const StreamOptions&) override { return {reinterpret_cast<Stream*>(++made_ * 64)}; }
  void take_back(Stream*) override {}

 private:
  std::uintptr_t made_ = 0;
};

class House {
 public:
  void ask(std::string_view text) {
    const std::size_t line = std::min(text.find('\n'), text.size());
    const std::string_view head = text.substr(0, line);
    const std::size_t blank = std::min(head.find(' '), head.size());
    const std::string_view target = head.substr(std::min(blank + 1, head.size()));
    const std::string_view body = text.substr(std::min(line + 1, text.size()));
    const Routes::Outcome outcome =
        routes_.start({std::string{head.substr(0, blank)}, std::string{target}, std::string{body}});
    if (const auto* response = std::get_if<Response>(&outcome)) check(*response);
    if (const auto* question = std::get_if<Routes::Question>(&outcome)) {
      answer_reports();
      const auto response = routes_.poll(*question);
      CHECK(response);
      check(*response);
    }
    if (const auto* wanted = std::get_if<Routes::Subscription>(&outcome))
      CHECK(!wanted->stream || is_stream_name(*wanted->stream) || is_stream_pattern(*wanted->stream));
  }

 private:
  static void check(const Response& response) {
    CHECK(response.status >= 200 && response.status < 600);
    CHECK((response.status == 405) == !response.allow.empty());
    if (response.content_type != "application/json") return;
    const auto json = nlohmann::json::parse(response.body, nullptr, false);
    CHECK(json.is_object());
    if (response.status < 300) return;
    CHECK(json.contains("error") && json["error"]["code"].is_string() && json["error"]["message"].is_string());
    CHECK(response.status != 500);
  }

  // The only worker takes what it is told, and reports nothing.
  void settle() {
    while (const Command* command = desk_.peek_command()) {
      if (const auto* asked = std::get_if<command::AskReport>(command)) tickets_.push_back(asked->ticket);
      desk_.pop_command();
    }
    while (desk_.poll_notice()) continue;
    while (desk_.poll_lookup()) continue;
    while (desk_.poll_session_event()) continue;
  }
  void answer_reports() {
    settle();
    for (const std::uint64_t ticket : tickets_) desk_.handle_event(Instant{1'000'000}, event::ReportEnd{ticket});
    tickets_.clear();
  }

  Tokens tokens_;
  WorkerCounters counters_;
  SessionDesk desk_{{}, tokens_};
  std::vector<std::uint64_t> tickets_;
  DeskRelay relay_{desk_,
                   [this] {
                     return RelayFacts{"0", "sockets", 1, {&counters_}};
                   },
                   [this] { settle(); }, [](const AccessQuestion&) { return Result<std::uint16_t>(std::uint16_t{0}); }};
  Routes routes_{relay_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  House house;
  for (std::size_t i = 0; i < kRequestsMax && !rest.empty(); ++i) {
    const std::size_t end = std::min(rest.find('\x1E'), rest.size());
    house.ask(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return 0;
}
