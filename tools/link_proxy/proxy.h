// The link between clients and a relay: datagrams from each client go up through a socket of their own, the relay's
// answers come down the same way, and each direction is impaired by its own Link. One thread, one queue in order of
// time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "base/result.h"
#include "delay_meter.h"
#include "link.h"
#include "udp_socket.h"

namespace fanlight::link_proxy {

struct ProxySettings {
  Endpoint listen;
  Endpoint relay;
  Impairment up;    // Client to relay.
  Impairment down;  // Relay to client.
  std::uint64_t seed = 1;
  std::optional<std::int64_t> measure_skip_ns;  // Set: the relay's own delay is measured.
};

enum class Direction : std::uint8_t { kUp, kDown };

class Proxy {
 public:
  static Result<std::unique_ptr<Proxy>> open(const ProxySettings& settings);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // Receives what waits, sends what is due, sleeps until there is more to do, at most until `limit`.
  void turn(Instant limit);

  struct Traffic {
    LinkCounters link;
    std::uint64_t sent = 0;
    std::uint64_t refused = 0;  // By the kernel.
    std::uint64_t queued = 0;   // Still under way.
  };
  [[nodiscard]] Traffic traffic(Direction direction) const;
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }
  [[nodiscard]] const DelayMeter* meter() const { return meter_ ? &*meter_ : nullptr; }

 private:
  struct Client {
    Endpoint address;
    UdpSocket upstream;
  };
  struct Queued {
    Instant due;
    std::uint64_t order;  // Equal moments leave in the order they came.
    Direction direction;
    int client;
    std::vector<std::byte> bytes;
    friend bool operator<(const Queued& a, const Queued& b) {
      return a.due != b.due ? a.due > b.due : a.order > b.order;
    }
  };

  Proxy(const ProxySettings& settings, UdpSocket listening, int epoll);
  void receive_from_clients();
  void receive_from_relay(int client);
  std::optional<int> client_of(const Endpoint& address);
  void offer(Direction direction, int client, ByteSpan bytes);
  void send_due();
  void send(const Queued& queued);
  void wait(Instant limit);
  [[nodiscard]] Link& link(Direction direction) { return direction == Direction::kUp ? up_ : down_; }

  ProxySettings settings_;
  UdpSocket listening_;
  int epoll_;
  std::vector<Client> clients_;
  std::map<Endpoint, int> by_address_;
  Link up_;
  Link down_;
  Traffic sent_up_;
  Traffic sent_down_;
  std::priority_queue<Queued> queue_;
  std::uint64_t order_ = 0;
  std::optional<DelayMeter> meter_;
};

// Microseconds of CLOCK_MONOTONIC.
[[nodiscard]] Instant monotonic_now();

}  // namespace fanlight::link_proxy
