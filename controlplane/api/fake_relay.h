// A relay on values: what routes ask of it is kept, what it answers is set. For the tests beside the code.
#pragma once

#include "api/relay.h"

namespace fanlight::control {

class FakeRelay final : public Relay {
 public:
  RelayFacts facts() const override {
    return {"0.1.0", "sockets", 42, {&counters, &other_counters}, admission, {}, webhooks,
            4,       3,         5,  {.posted = 6, .dropped = 7},  feeds()};
  }
  Result<Done> add_stream(const StreamRule& rule) override {
    added = rule;
    return answer;
  }
  Result<Done> remove_stream(std::string_view name) override {
    removed = name;
    return answer;
  }
  Result<Done> kick(SocketId socket) override {
    kicked = socket;
    return answer;
  }
  Result<std::size_t> rotate_keys(std::string_view stream, SocketId socket) override {
    rotated = stream;
    rotated_session = socket;
    if (!answer) return answer.error();
    return 312u;
  }
  std::vector<PolicyRule> policies() const override { return {}; }
  Result<AccessForecast> forecast(AccessQuestion) override { return AccessForecast{}; }
  Result<Done> set_key(const KeyRule&) override { return Done{}; }
  std::vector<KeyView> keys() const override { return {}; }
  Result<std::size_t> kick_earlier(const KeyPlace&) override { return 0u; }
  Result<ExpiredKeys> expire_keys(const KeyPlace&, std::int64_t, bool) override { return ExpiredKeys{}; }
  Result<std::uint32_t> add_call(const CallRule& rule) override {
    called = rule;
    if (!answer) return answer.error();
    return 17u;
  }
  Result<std::uint32_t> add_destination(const DestinationRule& rule) override {
    destination = rule;
    if (!answer) return answer.error();
    return 9u;
  }
  Result<Done> remove_call(std::uint32_t id, std::optional<Role> role) override {
    removed_call = id;
    removed_role = role;
    return answer;
  }
  [[nodiscard]] std::vector<FeedView> feeds() const override {
    return {{.id = 1,
             .stream = "live/main",
             .url = "rtp://239.0.0.1:5004",
             .payload = "H264/90000",
             .srtp = "AEAD_AES_128_GCM",
             .state = "live",
             .age = seconds(2),
             .sender = "192.0.2.7:40000",
             .socket = SocketId{7},
             .reception = reception}};
  }
  std::vector<CallView> calls(bool with_keys) const override {
    shows_keys = with_keys;
    return call_views;
  }
  Result<std::size_t> ban(const BanOrder& order) override {
    banned = order;
    if (!answer) return answer.error();
    return std::size_t{3};
  }
  Result<Done> unban(const IpPrefix& prefix) override {
    unbanned = prefix;
    return answer;
  }
  std::vector<BanView> bans() const override { return ban_views; }
  std::uint64_t ask_report(SocketId socket) override {
    asked = socket;
    return 7;
  }
  std::optional<Report> take_report(std::uint64_t ticket) override { return ticket == 7 ? report : std::nullopt; }

  AdmissionView admission;
  std::vector<WebhookView> webhooks;
  std::optional<FeedReception> reception;
  WorkerCounters counters;
  WorkerCounters other_counters;
  Result<Done> answer = Done{};
  std::optional<Report> report;
  std::optional<StreamRule> added;
  std::string removed;
  std::optional<CallRule> called;
  std::uint32_t removed_call = 0;
  std::optional<Role> removed_role;
  DestinationRule destination;
  mutable bool shows_keys = false;
  std::vector<CallView> call_views;
  std::optional<BanOrder> banned;
  std::optional<IpPrefix> unbanned;
  std::vector<BanView> ban_views;
  SocketId kicked;
  std::string rotated;
  SocketId rotated_session;
  SocketId asked;
};

}  // namespace fanlight::control
