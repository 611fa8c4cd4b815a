// A fresh run for a port without a faster way: each packet dressed and handed to transmit() by itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/port.h"

namespace fanlight::io {

// As Port::transmit_fresh(): at most `most` departures, fewer when `headers` runs dry or the port takes no more.
template <class P>
std::size_t transmit_dressed(P& port, PacketPool& headers, const FreshRun& run, std::size_t most = SIZE_MAX) noexcept {
  std::size_t left = 0;
  for (std::size_t i = run.packets_done; i < run.packets.size() * run.viewers.size() && left < most; ++i, ++left) {
    const Envelope& envelope = *run.viewers[i / run.packets.size()];
    Departure departure{dress_fresh(headers, envelope, run.packets[i % run.packets.size()]), &envelope};
    if (!departure.packet || port.transmit({&departure, 1}) == 0) break;
  }
  return left;
}

}  // namespace fanlight::io
