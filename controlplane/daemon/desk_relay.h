// The session desk as the API sees it. What the desk says in return must leave at once: `settle` does that.
#pragma once

#include <functional>
#include <utility>

#include "api/relay.h"
#include "io/clock.h"
#include "session/session_desk.h"

namespace fanlight::control {

class DeskRelay final : public Relay {
 public:
  // Which door a question of access is about.
  using WayIn = std::function<Result<std::uint16_t>(const AccessQuestion&)>;
  DeskRelay(SessionDesk& desk, std::function<RelayFacts()> facts, std::function<void()> settle, WayIn way_in)
      : desk_(desk), facts_(std::move(facts)), settle_(std::move(settle)), way_in_(std::move(way_in)) {}

  [[nodiscard]] RelayFacts facts() const override { return facts_(); }
  [[nodiscard]] Result<Done> add_stream(const StreamRule& rule) override { return settled(desk_.add_stream(rule)); }
  [[nodiscard]] Result<Done> remove_stream(std::string_view name) override {
    return settled(desk_.remove_stream(name));
  }
  [[nodiscard]] Result<Done> kick(SocketId socket) override { return settled(desk_.kick(socket)); }
  [[nodiscard]] Result<std::size_t> rotate_keys(std::string_view stream, SocketId socket) override {
    return settled(desk_.rotate_keys(io::MonotonicClock::now(), stream, socket));
  }
  [[nodiscard]] std::vector<PolicyRule> policies() const override { return desk_.policies(); }
  [[nodiscard]] Result<AccessForecast> forecast(AccessQuestion question) override {
    const Result<std::uint16_t> door = way_in_(question);
    if (!door) return door.error();
    question.door = *door;
    return desk_.forecast(io::MonotonicClock::now(), question);
  }
  [[nodiscard]] Result<Done> set_key(const KeyRule& rule) override { return settled(desk_.set_key(rule)); }
  [[nodiscard]] std::vector<KeyView> keys() const override { return desk_.keys(); }
  [[nodiscard]] Result<ExpiredKeys> expire_keys(const KeyPlace& place, std::int64_t in_seconds, bool kicks) override {
    return settled(desk_.expire_keys(io::MonotonicClock::now(), place, in_seconds, kicks));
  }
  [[nodiscard]] Result<std::size_t> kick_earlier(const KeyPlace& place) override {
    return settled(desk_.kick_earlier(place));
  }
  [[nodiscard]] Result<std::uint32_t> add_call(const CallRule& rule) override {
    return settled(desk_.add_call(io::MonotonicClock::now(), rule));
  }
  [[nodiscard]] Result<std::uint32_t> add_destination(const DestinationRule& rule) override {
    return settled(desk_.add_destination(io::MonotonicClock::now(), rule));
  }
  [[nodiscard]] Result<Done> remove_call(std::uint32_t id, std::optional<Role> role) override {
    return settled(desk_.remove_call(id, role));
  }
  [[nodiscard]] std::vector<CallView> calls(bool with_keys) const override {
    return desk_.calls(io::MonotonicClock::now(), with_keys);
  }
  [[nodiscard]] std::vector<FeedView> feeds() const override { return desk_.feeds(io::MonotonicClock::now()); }
  [[nodiscard]] Result<std::size_t> ban(const BanOrder& order) override {
    return settled(desk_.ban(io::MonotonicClock::now(), order));
  }
  [[nodiscard]] Result<Done> unban(const IpPrefix& prefix) override { return settled(desk_.unban(prefix)); }
  [[nodiscard]] std::vector<BanView> bans() const override { return desk_.bans(io::MonotonicClock::now()); }
  [[nodiscard]] std::uint64_t ask_report(SocketId socket) override { return settled(desk_.ask_report(socket)); }
  [[nodiscard]] std::optional<Report> take_report(std::uint64_t ticket) override { return desk_.take_report(ticket); }

 private:
  template <class T>
  T settled(T answer) {
    settle_();
    return answer;
  }

  SessionDesk& desk_;
  std::function<RelayFacts()> facts_;
  std::function<void()> settle_;
  WayIn way_in_;
};

}  // namespace fanlight::control
