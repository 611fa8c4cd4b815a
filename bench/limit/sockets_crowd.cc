// The other end of bare_sockets: every address of 127.2.0.0/16 at once. Takes all datagrams, and acknowledges as N
// viewers of libsrt do: 95 times a second each, or, silent, nothing. Ends after SECONDS with one line of JSON.
//   sockets_crowd VIEWERS SECONDS [silent]
#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

constexpr unsigned kBatch = 64, kAck = 44;

static double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

int main(int argc, char** argv) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0), buffer = 64 << 20;
  const sockaddr_in own{AF_INET, htons(19'751), {INADDR_ANY}, {}};
  const bool is_silent = argc > 3;
  if (argc < 3 || bind(socket, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) return 2;
  setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  const double viewers = std::atof(argv[1]), end = now() + std::atof(argv[2]);
  static char bytes[kBatch][2048], ack[kAck];
  static mmsghdr in[kBatch], out[kBatch];
  static iovec in_parts[kBatch], out_part{ack, kAck};
  static sockaddr_in relay{AF_INET, htons(19'750), {inet_addr("127.0.0.1")}, {}};
  for (unsigned i = 0; i < kBatch; ++i) {
    in_parts[i] = {bytes[i], sizeof bytes[i]};
    in[i].msg_hdr = {nullptr, 0, &in_parts[i], 1, nullptr, 0, 0};
    out[i].msg_hdr = {&relay, sizeof relay, &out_part, 1, nullptr, 0, 0};
  }
  unsigned long received = 0;
  double due = now();
  for (double t = due; t < end; t = now()) {
    for (; !is_silent && due < t; due += 8 / (95.0 * viewers)) sendmmsg(socket, out, 8, 0);
    const int got = recvmmsg(socket, in, kBatch, MSG_DONTWAIT, nullptr);
    if (got > 0) received += got;
  }
  std::printf("{\"received\":%lu}\n", received);
}
