#include "capacity/device_audience.h"

#include <sched.h>

#include <cstring>
#include <utility>

#include "base/check.h"
#include "capacity/avoid_cpu.h"
#include "io/clock.h"
#include "io/eal.h"
#include "wire/srt_ack.h"
#include "wire/srt_header.h"

namespace fanlight::control {
namespace {

constexpr std::size_t kPayloadBytes = 1316;
constexpr std::uint32_t kWindowPackets = 1u << 30;

WireTime time_now() { return {static_cast<std::uint32_t>(io::MonotonicClock::now().us)}; }

}  // namespace

DeviceAudience::DeviceAudience(const Options& options) : options_(options), published_(options.streams) {
  for (std::size_t i = 0; i < options.streams; ++i) publisher_envelopes_.push_back(envelope_from(publisher_path(i)));
  for (std::size_t i = 0; i < options.streams * options.viewers; ++i)
    viewer_envelopes_.push_back(envelope_from(viewer_path(i)));
  thread_ = std::thread([this] { run(); });
}

DeviceAudience::~DeviceAudience() {
  turn_.store(Turn::kOver, std::memory_order_release);
  thread_.join();
}

Envelope DeviceAudience::envelope_from(const Path& speaker) {
  Envelope envelope;
  options_.port->address({.remote = speaker.local, .local = speaker.remote}, envelope);
  return envelope;
}

void DeviceAudience::introduce(std::vector<SocketId> publishers, std::vector<SocketId> viewers) {
  CHECK(publishers.size() == options_.streams && viewers.size() == viewer_envelopes_.size());
  publishers_ = std::move(publishers);
  viewers_ = std::move(viewers);
}

void DeviceAudience::speak(std::size_t stream, std::size_t packets, bool acks) {
  stream_ = stream;
  packets_ = packets;
  acks_ = acks;
  turn_.store(Turn::kAudience, std::memory_order_release);
  while (turn_.load(std::memory_order_acquire) == Turn::kAudience) sched_yield();
}

void DeviceAudience::run() {
  avoid_cpu(options_.busy_cpu);
  CHECK(io::register_worker_thread());
  for (Turn turn = turn_.load(std::memory_order_acquire); turn != Turn::kOver;
       turn = turn_.load(std::memory_order_acquire)) {
    if (options_.port->receive(heard_) > 0) continue;
    if (turn == Turn::kRelay) {
      sched_yield();
      continue;
    }
    for (std::size_t i = 0; i < packets_; ++i) publish(stream_);
    if (acks_) acknowledge(stream_);
    flush();
    Turn expected = Turn::kAudience;
    turn_.compare_exchange_strong(expected, Turn::kRelay, std::memory_order_release);
  }
  for (io::Arrival& arrival : heard_) arrival.packet.reset();
  io::unregister_worker_thread();
}

void DeviceAudience::publish(std::size_t stream) {
  const std::uint32_t n = ++published_[stream];
  say(publisher_envelopes_[stream], [&](MutableByteSpan out) {
    wire::write_data_header(out.first<wire::kHeaderBytes>(), {.seq = {n & kSeqMask},
                                                              .message = n & wire::kMessageNumberMask,
                                                              .time = time_now(),
                                                              .destination = publishers_[stream]});
    std::memset(out.data() + wire::kHeaderBytes, static_cast<int>(n), kPayloadBytes);
    return wire::kHeaderBytes + kPayloadBytes;
  });
}

// Every viewer has everything that was published before.
void DeviceAudience::acknowledge(std::size_t stream) {
  ++ack_number_;
  for (std::size_t viewer = stream; viewer < viewers_.size(); viewer += options_.streams)
    say(viewer_envelopes_[viewer], [&](MutableByteSpan out) {
      const wire::Ack ack{{(first_seq_of(viewer).raw + published_[stream]) & kSeqMask},
                          wire::AckRtt{micros(400), micros(100), kWindowPackets},
                          wire::AckRates{}};
      return wire::write_ack(out, ack, ack_number_, time_now(), viewers_[viewer]);
    });
}

template <class Write>
void DeviceAudience::say(const Envelope& envelope, Write&& write) {
  PacketRef packet = options_.pool->take();
  if (!packet || !packet.resize(kDatagramBytesMax)) return;  // The round will not count.
  if (!packet.resize(write(packet.bytes()))) return;
  said_[count_] = {std::move(packet), &envelope};
  if (++count_ == said_.size()) flush();
}

// Rings that stay full lose what is left, and the round does not count.
void DeviceAudience::flush() {
  constexpr int kTriesMax = 10'000;
  std::size_t sent = 0;
  for (int tries = 0; sent < count_ && tries < kTriesMax; ++tries) {
    (void)options_.port->receive(heard_);
    sent += options_.port->transmit(std::span(said_).subspan(sent, count_ - sent));
  }
  for (io::Departure& departure : said_) departure.packet.reset();
  count_ = 0;
}

}  // namespace fanlight::control
