// A port whose network is two rings to the thread that plays it: the worker's side runs on the worker's thread, the
// other on the test's. Nothing but the rings and a bell is shared, so the thread sanitizer sees the workers as they
// are.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/spsc_ring.h"
#include "contract/limits.h"
#include "io/doorbell.h"
#include "io/dressed_run.h"
#include "io/port.h"

namespace fanlight::threads {

struct Letter {
  Endpoint remote;
  std::uint16_t size = 0;
  std::array<std::byte, kDatagramBytesMax> bytes{};
};

class ThreadPort {
 public:
  ThreadPort(PacketPool& received, PacketPool& headers, int bell)
      : received_(received), headers_(headers), bell_(bell) {}

  // --- the test's side
  void deliver(const Endpoint& from, ByteSpan datagram) {
    Letter letter{.remote = from, .size = static_cast<std::uint16_t>(datagram.size()), .bytes = {}};
    std::memcpy(letter.bytes.data(), datagram.data(), datagram.size());
    if (!inbox_.try_push(std::move(letter))) return;  // As a full socket buffer.
    io::ring_doorbell(bell_);
  }
  [[nodiscard]] bool collect(Letter& out) { return outbox_.try_pop(out); }

  // --- io::Port
  std::size_t receive(std::span<io::Arrival> arrivals) noexcept {
    std::size_t n = 0;
    for (; n < arrivals.size() && inbox_.try_pop(letter_); ++n) {
      PacketRef packet = received_.take();
      CHECK(packet && packet.resize(letter_.size));
      std::memcpy(packet.bytes().data(), letter_.bytes.data(), letter_.size);
      counters_.received_bytes += letter_.size;
      arrivals[n] = {std::move(packet), {.remote = letter_.remote, .local = kHere}};
    }
    counters_.received += n;
    return n;
  }
  std::size_t transmit(std::span<io::Departure> departures) noexcept {
    std::size_t n = 0;
    for (; n < departures.size() && outbox_.has_room(1); ++n) send(departures[n]);
    return n;
  }
  std::size_t transmit_fresh(const FreshRun& run) noexcept {
    return io::transmit_dressed(*this, headers_, received_, run);
  }
  void address(const Path& path, Envelope& envelope) noexcept {
    std::memcpy(envelope.head.data(), &path.remote, sizeof path.remote);
    envelope.head_bytes = sizeof path.remote;
  }
  void wait(Micros span) noexcept {
    pollfd bell{.fd = bell_, .events = POLLIN, .revents = 0};
    const timespec timeout{.tv_sec = span.count / 1'000'000, .tv_nsec = span.count % 1'000'000 * 1'000};
    eventfd_t rings = 0;
    if (ppoll(&bell, 1, &timeout, nullptr) > 0) eventfd_read(bell_, &rings);
  }
  const io::PortCounters& counters() noexcept { return counters_; }

 private:
  static constexpr Endpoint kHere{IpAddress::v4(192, 0, 2, 1), 9000};
  void send(io::Departure& departure) noexcept {
    Letter letter;
    std::memcpy(&letter.remote, departure.envelope->head.data(), sizeof letter.remote);
    std::size_t size = 0;
    departure.packet.for_each_segment([&](ByteSpan segment) {
      std::memcpy(letter.bytes.data() + size, segment.data(), segment.size());
      size += segment.size();
    });
    letter.size = static_cast<std::uint16_t>(size);
    departure.packet.reset();
    CHECK(outbox_.try_push(std::move(letter)));
    ++counters_.transmitted;
    counters_.transmitted_bytes += size;
  }

  PacketPool& received_;
  PacketPool& headers_;
  int bell_;
  SpscRing<Letter> inbox_{2048};
  SpscRing<Letter> outbox_{8192};
  Letter letter_;
  io::PortCounters counters_;
};
static_assert(io::Port<ThreadPort>);

}  // namespace fanlight::threads
