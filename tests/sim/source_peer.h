// Whoever feeds the stream: a publisher that calls, or one whose datagrams come to an address of the relay's.
#pragma once

#include "peer.h"

namespace fanlight::sim {

class SourcePeer : public Peer {
 public:
  using Peer::Peer;
  virtual void start(Instant now) = 0;
  virtual void leave(Instant now) = 0;   // With a word.
  virtual void vanish(Instant now) = 0;  // Without.
  virtual void pause(bool is_paused) = 0;
  // Its next packet's number is `packets` further on.
  virtual void jump(std::int64_t packets) = 0;
  // What may change between two publications.
  virtual void change() = 0;
  // Announces a fresh key and uses it once it is confirmed.
  virtual void renew_key(Instant) {}
  // A key of its waits to be confirmed.
  [[nodiscard]] virtual bool is_announcing() const { return false; }
};

}  // namespace fanlight::sim
