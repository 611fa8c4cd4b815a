// A program at the other end of the network. It gets datagrams and wake-ups in world time, and lives by its own clock.
#pragma once

#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"

namespace fanlight::sim {

class Peer;

// Where peers send; the world implements it.
class Network {
 public:
  virtual ~Network() = default;
  virtual void send(Instant now, const Peer& from, ByteSpan datagram) = 0;
  // To that address of the relay's, and nothing that is new. Answers whether it arrives, which only a world can know.
  virtual bool send_to(Instant now, const Peer& from, const Endpoint& to, ByteSpan datagram) = 0;
  virtual void report(const Peer& from, const char* what) = 0;  // Something that must never happen, happened.
};

class Peer {
 public:
  explicit Peer(const Endpoint& address) : address_(address) {}
  virtual ~Peer() = default;
  virtual void receive(Instant now, ByteSpan datagram) = 0;
  virtual void wake(Instant now) = 0;
  // When it wants to be woken, in world time.
  [[nodiscard]] virtual Instant next_wake() const = 0;
  [[nodiscard]] virtual bool is_up() const = 0;
  // Its host is there, and nobody listens.
  [[nodiscard]] virtual bool is_closed() const { return false; }
  [[nodiscard]] const Endpoint& address() const { return address_; }

 private:
  Endpoint address_;
};

}  // namespace fanlight::sim
