// Frames and operations in any order against the judge, the answers and the neighbour table.
// The input is a list of operations: one byte says which, two bytes say how long a frame follows (little-endian).
// An input that is a frame by itself starts with one of our MAC addresses, and is judged as it stands first.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "net/answers.h"
#include "net/ip_header.h"
#include "net/neighbours.h"
#include "net/test_frames.h"

namespace fanlight::net {
namespace {

// Exactly as long as what it holds, so that the sanitizer sees every overrun.
using Exact = std::vector<std::byte>;

struct World {
  Interface us = test::our_interface();
  Neighbours neighbours{us};
  Instant now{1'000'000'000};
  std::vector<std::uint16_t> pins;
};

void check_view(const Exact& frame, const FrameView& view) {
  CHECK((view.verdict == Verdict::kAccepted) == (view.kind == FrameKind::kUdp));
  if (view.kind == FrameKind::kOther) return;
  CHECK(view.payload_offset <= frame.size() && view.payload_size <= frame.size() - view.payload_offset);
  if (view.kind == FrameKind::kUdp) CHECK(view.remote.port != 0 && view.local.port != 0);
}

// An answer leaves from us, not to everybody on IPv4, and is not answered when it comes back.
void check_answer(const World& world, const Exact& answer) {
  const auto head = parse_ethernet(answer);
  CHECK(head && head->source == world.us.mac && head->destination != kMacBroadcast);
  Exact none(kFrameBytesMax);
  CHECK(write_answer(world.us, answer, judge_frame(world.us, answer), none) == 0);
}

void hear(World& world, const Exact& frame) {
  const FrameView view = judge_frame(world.us, frame);
  check_view(frame, view);
  world.neighbours.handle_frame(world.now, frame, view);
  Exact answer(kFrameBytesMax);
  answer.resize(write_answer(world.us, frame, view, answer));
  if (!answer.empty()) check_answer(world, answer);
  if (view.kind == FrameKind::kUdp) CHECK(world.neighbours.resolve(world.now, view.remote.ip));
}

void poll(World& world) {
  Exact out(kFrameBytesMax);
  for (std::uint32_t asked = 0; world.neighbours.poll_request(world.now, out) != 0; ++asked)
    CHECK(asked < Neighbours::kAsksPerInterval);
  CHECK(world.neighbours.next_request_at() > world.now);
}

void pin(World& world, std::uint8_t host) {
  const auto index = world.neighbours.resolve(world.now, IpAddress::v4(192, 0, 2, host));
  if (!index) return;
  world.neighbours.pin(world.now, *index);
  world.pins.push_back(*index);
}

void unpin(World& world) {
  if (world.pins.empty()) return;
  CHECK(world.neighbours.address(world.pins.back()) != IpAddress{});
  world.neighbours.unpin(world.now, world.pins.back());
  world.pins.pop_back();
}

void operate(World& world, std::uint8_t operation, const Exact& bytes) {
  const auto first = bytes.empty() ? std::uint8_t{20} : static_cast<std::uint8_t>(bytes[0]);
  switch (operation % 6) {
    case 0:
      return hear(world, bytes);
    case 1:
      return poll(world);
    case 2:
      return pin(world, first);
    case 3:
      return unpin(world);
    case 4:
      world.now = world.now + first * millis(200);
      return;
    default:
      (void)world.neighbours.resolve(world.now, bytes.size() < 16 ? test::kPeerV6 : load_ipv6(bytes.data()));
      return;
  }
}

}  // namespace
}  // namespace fanlight::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanlight;
  const ByteSpan input = std::as_bytes(std::span{data, size});
  net::World world;
  net::hear(world, net::Exact(input.begin(), input.end()));
  for (std::size_t at = 0; at + 3 <= size;) {
    const std::size_t length = std::min<std::size_t>(data[at + 1] | data[at + 2] << 8, size - at - 3);
    const ByteSpan bytes = input.subspan(at + 3, length);
    net::operate(world, data[at], net::Exact(bytes.begin(), bytes.end()));
    at += 3 + length;
  }
  return 0;
}
