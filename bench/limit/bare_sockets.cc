// The limit on kernel sockets: a datagram to each of N addresses 475 times a second, an answer to each datagram that
// comes back; sendmmsg and recvmmsg in batches of 64 and nothing else. Prints one line of JSON.
//   sockets_crowd VIEWERS SECONDS & bare_sockets VIEWERS SECONDS        pin each to a CPU of its own
//   sockets_crowd VIEWERS SECONDS silent & bare_sockets VIEWERS SECONDS rtp
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

constexpr unsigned kBatch = 64, kPayload = 1316, kSrtHead = 16, kRtpHead = 12, kAckAck = 20;

static double now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

struct Batch {
  mmsghdr messages[kBatch]{};
  iovec parts[kBatch][2]{};
  sockaddr_in peers[kBatch]{};
  char heads[kBatch][1500]{};
  char payload[kPayload]{};
  void prepare(std::size_t head, std::size_t tail) {
    for (unsigned i = 0; i < kBatch; ++i) {
      parts[i][0] = {heads[i], head};
      parts[i][1] = {payload, tail};
      messages[i].msg_hdr = {&peers[i], sizeof peers[i], parts[i], tail == 0 ? 1u : 2u, nullptr, 0, 0};
    }
  }
  void send(int socket, unsigned count) {
    for (unsigned sent = 0; sent < count;)
      if (const int some = sendmmsg(socket, messages + sent, count - sent, 0); some > 0) sent += some;
  }
};

static unsigned answer_all(int socket, Batch& in) {
  unsigned taken = 0;
  for (int got = kBatch; got == kBatch; taken += got > 0 ? got : 0) {
    in.prepare(sizeof in.heads[0], 0);
    got = recvmmsg(socket, in.messages, kBatch, MSG_DONTWAIT, nullptr);
    for (int i = 0; i < got; ++i) in.parts[i][0].iov_len = kAckAck;
    if (got > 0) in.send(socket, got);
  }
  return taken;
}

int main(int argc, char** argv) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0), buffer = 8 << 20;
  const sockaddr_in own{AF_INET, htons(19'750), {inet_addr("127.0.0.1")}, {}};
  if (argc < 3 || bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) return 2;
  setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  const auto viewers = static_cast<unsigned>(std::atoi(argv[1]));
  static Batch in, out;
  out.prepare(argc > 3 ? kRtpHead : kSrtHead, kPayload);
  unsigned long packets = 0, acks = 0;
  const double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), end = start + std::atof(argv[2]);
  for (double due = start, t = start; t < end; t = now(CLOCK_MONOTONIC)) {
    for (; due <= t; due += 1 / 475.0)
      for (unsigned first = 0, count = 0; first < viewers; first += count, packets += count) {
        count = viewers - first < kBatch ? viewers - first : kBatch;
        for (unsigned i = 0; i < count; ++i) {
          out.peers[i] = {AF_INET, htons(19'751), {htonl(0x7F020000 + first + i)}, {}};
          std::memcpy(out.heads[i], &packets, sizeof packets);
        }
        out.send(socket, count);
      }
    pollfd wanted{socket, POLLIN, 0};
    const timespec rest{0, due > t ? static_cast<long>((due - t) * 1e9) : 0};
    if (ppoll(&wanted, 1, &rest, nullptr) > 0) acks += answer_all(socket, in);
  }
  const double us = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e6 / static_cast<double>(packets);
  std::printf("{\"packets\":%lu,\"acks\":%lu,\"cpu_us_per_packet\":%.4f}\n", packets, acks, us);
}
