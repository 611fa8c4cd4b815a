#include "config/destination_check.h"

#include <algorithm>
#include <map>
#include <set>

#include "config/device_choice.h"
#include "config/listen_choice.h"
#include "config/stream_pattern.h"
#include "contract/limits.h"

namespace fanlight::control {
namespace {

class Check {
 public:
  explicit Check(const Config& config) : config_(config) {}

  std::vector<Problem> run() {
    check_room();
    for (const DestinationRule& written : config_.destinations) {
      DestinationRule rule = written;
      if (rule.stream.empty() || rule.terms.remote.port == 0) continue;  // Told already.
      if (std::ranges::none_of(config_.streams, [&](const StreamRule& one) { return covers(one.name, rule.stream); }))
        complain_of(rule, "stream", quoted(rule.stream), "a stream that a [[stream]] of this file covers");
      const MediaFormat& format = format_of(formats_, rule.stream);
      take_type(rule, format);
      if (auto fault = judge_payload(rule, format))
        complain_of(rule, "url", quoted(url_of(rule)) + ": " + *fault, "what its stream carries");
      check_way(rule);
      for (const Endpoint& address : addresses_of(rule))
        if (is_own(address))
          complain_of(rule, "url", address.text() + ", which is the relay's own", "somebody else's address");
      check_beside(rule);
      check_key(written, format);
      if (rule.second) {
        check_way(rule.second_alone());
        check_beside(rule.second_alone());
      }
    }
    return std::move(problems_);
  }

 private:
  // Each leg and each of FEC's ways is a session, and has a place.
  void check_room() {
    std::size_t sessions = 0;
    const DestinationRule* over = nullptr;
    for (const DestinationRule& rule : config_.destinations) {
      sessions += sessions_of(rule);
      if (sessions > kDestinationsMax && over == nullptr) over = &rule;
    }
    if (over != nullptr)
      complain_of(*over, "url", sessions_text(sessions),
                  std::to_string(kDestinationsMax) + " at most; the rest is another relay's");
  }

  // As far as the file alone can tell: which addresses the host has is seen when it is added.
  [[nodiscard]] bool is_own(const Endpoint& to) const {
    const auto is_ours = [&](const IpAddress& ip) { return ip.is_loopback(); };
    for (const ListenOptions& one : config_.listen)
      if (one.address == to || (one.address.port == to.port && one.address.ip.is_unspecified() && is_ours(to.ip) &&
                                (one.address.ip.is_v4() == to.ip.is_v4() || to.ip.is_v4())))
        return true;
    return std::ranges::any_of(config_.feeds,
                               [&](const FeedRule& feed) { return is_own_door(feed.terms, to, is_ours); });
  }

  void complain_of(const DestinationRule& rule, std::string_view key, std::string found, std::string accepted) {
    problems_.push_back({rule.line, "destination." + std::string{key}, std::move(found), std::move(accepted)});
  }

  void check_way(const DestinationRule& rule) {
    if (config_.relay.port == PortKind::kEthernet) return check_on_devices(rule);
    if (config_.listen.empty()) return;  // Told already.
    if (auto fault = source_fault_of(config_.listen, rule.source))
      complain_of(rule, "url", quoted(url_of(rule)) + ": " + *fault, "a source that the relay listens at");
  }

  void check_on_devices(const DestinationRule& rule) {
    if (config_.ethernet.devices.empty()) return;  // Told already.
    const DeviceWish wish{.peer = rule.terms.remote.ip, .source = rule.source, .interface = rule.interface};
    if (const auto device = choose_device(config_.ethernet, wish); !device)
      complain_of(rule, "url", quoted(url_of(rule)) + ": " + device.error(), "what a device can send to");
  }

  // As session/srtp_key_table.h counts them.
  void check_key(const DestinationRule& rule, const MediaFormat& format) {
    if (!rule.srtp) return;
    // What leaves under it would be authentic where it came back.
    for (const FeedRule& feed : config_.feeds)
      if (feed.srtp && feed.srtp->key_and_salt == rule.srtp->key_and_salt)
        return complain_of(rule, "srtp", "the key of the feed in line " + std::to_string(feed.line),
                           "a key of its own");
    const std::uint8_t type =
        rule.says_type || format.is_transport_stream() ? rule.terms.payload_type : format.payload_type;
    const auto is_alike = [&](const KeyUse& use) {
      return use.rule->stream == rule.stream && use.rule->srtp == rule.srtp && use.payload_type == type;
    };
    if (std::ranges::any_of(keys_, is_alike)) return;
    const auto of_stream =
        std::ranges::count_if(keys_, [&](const KeyUse& use) { return use.rule->stream == rule.stream; });
    if (static_cast<std::size_t>(of_stream) >= kSrtpKeysPerStreamMax)
      complain_of(rule, "srtp", "one more key of stream " + quoted(rule.stream),
                  std::to_string(kSrtpKeysPerStreamMax) + " at most: its packets are encrypted once for each");
    if (keys_.size() >= kSrtpKeysMax)
      complain_of(rule, "srtp", "one more key", std::to_string(kSrtpKeysMax) + " at most, counted on each stream");
    keys_.push_back({&rule, type});
  }

  void check_beside(const DestinationRule& rule) {
    const Endpoint& remote = rule.terms.remote;
    const auto other = data_.find(remote);
    const auto rtcp_of = control_.find(remote);
    const auto over = data_.find({remote.ip, rule.terms.rtcp_port()});
    if (other != data_.end())
      complain_of(rule, "url", remote.text() + " again, after line " + std::to_string(other->second),
                  "one stream for each address and port");
    if (rtcp_of != control_.end() && other == data_.end())
      complain_of(rule, "url", remote.text() + ", which line " + std::to_string(rtcp_of->second) + " has for RTCP",
                  "ports of its own");
    if (rule.terms.rtcp == RtcpWay::kNextPort && over != data_.end())
      complain_of(rule, "url",
                  "RTCP to " + over->first.text() + ", which line " + std::to_string(over->second) + " has",
                  "ports of its own");
    data_.emplace(remote, rule.line);
    for (const DestinationRule& leg : legs_of(rule))
      if (!data_.emplace(leg.terms.remote, rule.line).second || control_.contains(leg.terms.remote))
        complain_of(rule, "url", "FEC to " + leg.terms.remote.text() + ", which another line has", "ports of its own");
    if (rule.terms.rtcp_port() != 0) control_.emplace(Endpoint{remote.ip, rule.terms.rtcp_port()}, rule.line);
  }

  const Config& config_;
  const StreamFormats formats_ = formats_of(config_.feeds);
  std::vector<Problem> problems_;
  struct KeyUse {
    const DestinationRule* rule;
    std::uint8_t payload_type;
  };
  std::vector<KeyUse> keys_;         // Each the first with its key and type on its stream.
  std::map<Endpoint, int> data_;     // Where packets go, and whose line says so ...
  std::map<Endpoint, int> control_;  // ... and where reports do.
};

}  // namespace

std::size_t fec_streams_planned(const Config& config) {
  std::set<std::string_view> named;
  for (const DestinationRule& one : config.destinations)
    if (one.terms.fec) named.insert(one.stream);
  return named.size() + kSpareFecStreams;
}

std::vector<Problem> check_destinations(const Config& config) { return Check(config).run(); }

}  // namespace fanlight::control
