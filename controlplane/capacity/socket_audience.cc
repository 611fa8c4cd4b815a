#include "capacity/socket_audience.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "capacity/avoid_cpu.h"
#include "io/clock.h"
#include "io/socket_address.h"
#include "wire/srt_ack.h"
#include "wire/srt_header.h"

namespace fanlight::control {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kPayloadBytes = 1316;
constexpr std::uint32_t kWindowPackets = 1u << 30;
constexpr int kReceiveBufferBytes = 64 << 20;

WireTime time_now() { return {static_cast<std::uint32_t>(io::MonotonicClock::now().us)}; }

// 127.2.0.1 and on; the publisher is 127.0.0.2.
IpAddress address_behind(std::size_t viewer) {
  if (viewer == SocketAudience::kPublisher) return IpAddress::v4(127, 0, 0, 2);
  const std::size_t n = viewer + 1;
  return IpAddress::v4(127, 2, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n));
}

}  // namespace

// What is about to be said, and room to listen.
struct SocketAudience::Batch {
  struct Said {
    std::array<std::byte, wire::kHeaderBytes + kPayloadBytes> bytes;
    alignas(cmsghdr) std::array<std::byte, io::kSourceControlBytesMax> control;
    iovec part;
  };
  std::array<Said, kBatch> said;
  std::array<mmsghdr, kBatch> out{};
  std::size_t count = 0;
  io::SocketAddress relay;
  std::array<std::array<std::byte, 2048>, kBatch> heard;
  std::array<iovec, kBatch> heard_parts{};
  std::array<mmsghdr, kBatch> in{};
};

Result<std::unique_ptr<SocketAudience>> SocketAudience::open(const Endpoint& relay, int busy_cpu) {
  std::unique_ptr<SocketAudience> audience(new SocketAudience);
  audience->relay_ = relay;
  if (const Result<Done> opened = audience->open_socket(relay); !opened) return opened.error();
  audience->thread_ = std::thread([self = audience.get(), busy_cpu] { self->run(busy_cpu); });
  return audience;
}

SocketAudience::~SocketAudience() {
  turn_.store(Turn::kOver, std::memory_order_release);
  if (thread_.joinable()) thread_.join();
  if (fd_ >= 0) close(fd_);
}

Result<Done> SocketAudience::open_socket(const Endpoint& relay) {
  fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {INADDR_ANY}, .sin_zero = {}};
  socklen_t size = sizeof any;
  if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&any), size) != 0 ||
      getsockname(fd_, reinterpret_cast<sockaddr*>(&any), &size) != 0)
    return Error{ErrorCode::kFailed, std::string{"cannot open a socket for the trial's viewers: "} + strerror(errno)};
  port_ = ntohs(any.sin_port);
  const int bytes = kReceiveBufferBytes;
  if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  int granted = 0;
  size = sizeof granted;
  getsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &granted, &size);
  buffer_bytes_ = static_cast<std::size_t>(granted);
  batch_ = std::make_unique<Batch>();
  batch_->relay = io::SocketAddress::of(relay, false, 0);
  for (std::size_t i = 0; i < kBatch; ++i) {
    batch_->heard_parts[i] = {batch_->heard[i].data(), batch_->heard[i].size()};
    batch_->in[i].msg_hdr.msg_iov = &batch_->heard_parts[i];
    batch_->in[i].msg_hdr.msg_iovlen = 1;
  }
  return Done{};
}

Path SocketAudience::path_of(std::size_t speaker) const {
  return {.remote = {address_behind(speaker), port_}, .local = relay_};
}

void SocketAudience::introduce(std::vector<SocketId> publishers, std::vector<SocketId> viewers) {
  CHECK(publishers.size() == 1);
  publisher_ = publishers.front();
  viewers_ = std::move(viewers);
}

void SocketAudience::speak(std::size_t, std::size_t packets, bool acks) {
  packets_ = packets;
  acks_ = acks;
  turn_.store(Turn::kAudience, std::memory_order_release);
  // A single core must let the other thread have it.
  while (turn_.load(std::memory_order_acquire) == Turn::kAudience) sched_yield();
}

void SocketAudience::run(int busy_cpu) {
  avoid_cpu(busy_cpu);
  for (Turn turn = turn_.load(std::memory_order_acquire); turn != Turn::kOver;
       turn = turn_.load(std::memory_order_acquire)) {
    if (drain()) continue;
    if (turn == Turn::kRelay) {
      sched_yield();
      continue;
    }
    for (std::size_t i = 0; i < packets_; ++i) publish();
    if (acks_) acknowledge();
    flush();
    Turn expected = Turn::kAudience;
    turn_.compare_exchange_strong(expected, Turn::kRelay, std::memory_order_release);
  }
}

bool SocketAudience::drain() { return recvmmsg(fd_, batch_->in.data(), kBatch, MSG_DONTWAIT, nullptr) > 0; }

void SocketAudience::publish() {
  ++published_;
  Batch::Said& next = batch_->said[batch_->count];
  wire::write_data_header(std::span(next.bytes).first<wire::kHeaderBytes>(),
                          {.seq = {published_ & kSeqMask},
                           .message = published_ & wire::kMessageNumberMask,
                           .time = time_now(),
                           .destination = publisher_});
  std::memset(next.bytes.data() + wire::kHeaderBytes, static_cast<int>(published_), kPayloadBytes);
  say(kPublisher, next.bytes.size());
}

// Every viewer has everything that was published before.
void SocketAudience::acknowledge() {
  ++ack_number_;
  for (std::size_t viewer = 0; viewer < viewers_.size(); ++viewer) {
    const wire::Ack ack{{(first_seq_of(viewer).raw + published_) & kSeqMask},
                        wire::AckRtt{micros(400), micros(100), kWindowPackets},
                        wire::AckRates{}};
    say(viewer, wire::write_ack(batch_->said[batch_->count].bytes, ack, ack_number_, time_now(), viewers_[viewer]));
  }
}

void SocketAudience::say(std::size_t speaker, std::size_t bytes) {
  Batch::Said& next = batch_->said[batch_->count];
  next.part = {next.bytes.data(), bytes};
  msghdr& header = batch_->out[batch_->count].msg_hdr;
  header = {.msg_name = batch_->relay.raw(),
            .msg_namelen = batch_->relay.size,
            .msg_iov = &next.part,
            .msg_iovlen = 1,
            .msg_control = next.control.data(),
            .msg_controllen = io::write_source(address_behind(speaker), false, 0, next.control),
            .msg_flags = 0};
  if (++batch_->count == kBatch) flush();
}

// A relay's buffer that is full loses what comes, as in life; the trial finds out by its counters.
void SocketAudience::flush() {
  for (std::size_t sent = 0; sent < batch_->count;) {
    const int more = sendmmsg(fd_, batch_->out.data() + sent, static_cast<unsigned>(batch_->count - sent), 0);
    if (more <= 0 && errno != EINTR) break;
    sent += static_cast<std::size_t>(std::max(more, 0));
  }
  batch_->count = 0;
}

}  // namespace fanlight::control
