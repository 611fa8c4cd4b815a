// Somebody at an address that the relay sends RTP to without having been called. What leaves for it is looked at before
// any network touches it.
#pragma once

#include "books.h"
#include "peer.h"

namespace fanlight::sim {

class Recipient : public Peer {
 public:
  using Peer::Peer;
  virtual void note_sent(Books& books, Instant now, ByteSpan datagram) = 0;
};

}  // namespace fanlight::sim
