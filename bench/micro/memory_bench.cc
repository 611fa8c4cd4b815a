// What a viewer and a stream hold of dataplane memory, counted by opening more of them. Prints one line of JSON.
#include <cstdio>
#include <memory>

#include "io/eal.h"
#include "micro/allocations.h"
#include "micro/house.h"

namespace fanlight::bench {
namespace {

// Growth per viewer between two relays of so many viewers each, open and fed: sessions, tables, and what is lent to
// them, whole. Without the list in which the house itself remembers its viewers.
double viewer_bytes(std::size_t few, std::size_t many) {
  const auto held = [](std::size_t viewers) {
    const std::size_t before = allocated_bytes();
    const House house(viewers, kFlowWindowPackets);
    return allocated_bytes() - before;
  };
  return static_cast<double>(held(many) - held(few)) / static_cast<double>(many - few) - sizeof(SocketId);
}

// Without packets: those are the receive pool's.
std::size_t stream_bytes(std::size_t slots, std::size_t viewers_max) {
  const std::size_t before = allocated_bytes();
  const auto stream = std::make_unique<Stream>(slots, viewers_max, StreamOptions{});
  return allocated_bytes() - before;
}

std::size_t cipher_bytes(std::string_view cipher) {
  constexpr std::size_t kViewers = 1000;
  std::vector<std::unique_ptr<crypto::SessionCiphers>> ciphers(kViewers);
  ciphers[0] = random_ciphers(cipher);  // The library's own tables.
  const std::size_t before = allocated_bytes();
  for (std::size_t i = 1; i < kViewers; ++i) ciphers[i] = random_ciphers(cipher);
  return (allocated_bytes() - before) / (kViewers - 1);
}

// False when a viewer holds more than we promise.
bool print() {
  const std::size_t stream_1000 = stream_bytes(1024, 1);
  const double viewer = viewer_bytes(5000, 25000);
  std::printf(
      "{\"viewer_bytes\":%.0f,\"session_size\":%zu,\"viewer_size\":%zu,\"sender_size\":%zu,\"envelope_size\":%zu,"
      "\"aes128_bytes\":%zu,\"aes256_bytes\":%zu,\"stream_bytes\":%zu,\"slot_bytes\":%.1f,\"packet_bytes\":%zu,"
      "\"relay_bytes\":%zu}\n",
      viewer, sizeof(Session), sizeof(Viewer), sizeof(srt::Sender), sizeof(Envelope), cipher_bytes("aes128"),
      cipher_bytes("aes256"), stream_1000, static_cast<double>(stream_bytes(2048, 1) - stream_1000) / 1024,
      sizeof(rte_mbuf) + PacketPool::kHeadroom + kCopyRoomBytes, sizeof(Relay));
  return viewer <= static_cast<double>(kSessionBytes);
}

}  // namespace
}  // namespace fanlight::bench

int main() {
  const fanlight::Result<fanlight::Done> eal =
      fanlight::io::start_eal({.memory_bytes = std::size_t{128} << 20, .devices = {}, .try_hugepages = true});
  if (!eal) return std::fprintf(stderr, "memory_bench: %s\n", eal.error().what.c_str()), 1;
  if (!fanlight::bench::print())
    return std::fprintf(stderr, "memory_bench: a viewer holds more than %zu bytes\n", fanlight::kSessionBytes), 1;
}
