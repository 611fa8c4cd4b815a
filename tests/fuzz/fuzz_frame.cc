// Frames and operations in any order against the judge, the answers, the neighbour table and the groups we are in.
// The input is a list of operations: one byte says which, two bytes say how long a frame follows (little-endian).
// An input that is a frame by itself starts with one of our MAC addresses, and is judged as it stands first.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "net/answers.h"
#include "net/checksum.h"
#include "net/ip_header.h"
#include "net/memberships.h"
#include "net/neighbours.h"
#include "net/test_frames.h"
#include "net/unreachable.h"

namespace fanlight::net {
namespace {

// Exactly as long as what it holds, so that the sanitizer sees every overrun.
using Exact = std::vector<std::byte>;

constexpr IpAddress kGroupV4 = IpAddress::v4(239, 1, 2, 3);
constexpr IpAddress kOtherV4 = IpAddress::v4(239, 1, 2, 4);
constexpr IpAddress kGroupV6 = {{0xFF, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 2}};

Interface in_groups() {
  Interface interface = test::our_interface();
  for (const IpAddress& group : {kGroupV4, kOtherV4, kGroupV6}) CHECK(interface.join(group));
  return interface;
}

struct World {
  World() {
    CHECK(groups.join(kGroupV4, std::nullopt) && groups.join(kOtherV4, test::kPeerV4) &&
          groups.join(kGroupV6, test::kPeerV6));
  }
  Interface us = in_groups();
  Neighbours neighbours{us};
  Memberships groups{us, 7};
  Instant now{1'000'000'000};
  std::vector<std::uint16_t> pins;
};

void check_view(const Interface& us, const Exact& frame, const FrameView& view) {
  CHECK((view.verdict == Verdict::kAccepted) == (view.kind == FrameKind::kUdp));
  CHECK((view.verdict == Verdict::kUnreachable) == (view.kind == FrameKind::kUnreachable));
  if (view.kind == FrameKind::kOther) return;
  CHECK(view.payload_offset <= frame.size() && view.payload_size <= frame.size() - view.payload_offset);
  if (view.kind == FrameKind::kUdp) CHECK(view.remote.port != 0 && view.local.port != 0);
  if (view.kind != FrameKind::kUnreachable) return;
  CHECK(us.is_own(view.local.ip) && us.has_udp_port(view.local.port));
  CHECK(us.is_possible_peer(view.remote.ip) && view.remote.port != 0);
  CHECK(view.remote.ip.is_v4() == view.local.ip.is_v4());
}

// As the neighbour says it to us, with sums that are right.
Exact icmp_frame(const Exact& message, bool is_v4) {
  const IpRoute route{is_v4 ? test::kPeerV4 : test::kPeerV6, is_v4 ? test::kOurV4 : test::kOurV6,
                      is_v4 ? kProtocolIcmp : kProtocolIcmpv6};
  const auto size = static_cast<std::uint16_t>(message.size());
  Exact frame(kEthernetBytes + (is_v4 ? kIpv4Bytes : kIpv6Bytes) + size);
  ByteWriter writer{frame};
  write_ethernet(writer, {test::kOurMac, test::kPeerMac, is_v4 ? kEtherTypeIpv4 : kEtherTypeIpv6});
  write_ip_header(writer, route, size);
  writer.bytes(message);
  std::byte* const at = frame.data() + frame.size() - size;
  store_be16(at + 2, 0);
  std::uint64_t sum = sum_of({at, size});
  if (!is_v4) sum += pseudo_sum(route.source, route.destination, route.protocol) + sum_of_field(size);
  store_be16(at + 2, checksum_of(sum));
  return frame;
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
  check_view(world.us, frame, view);
  world.neighbours.handle_frame(world.now, frame, view);
  world.groups.handle_frame(world.now, frame, view);
  Exact answer(kFrameBytesMax);
  answer.resize(write_answer(world.us, frame, view, answer));
  if (!answer.empty()) check_answer(world, answer);
  if (view.kind == FrameKind::kUdp && !view.local.ip.is_multicast())
    CHECK(world.neighbours.resolve(world.now, view.remote.ip));
}

void hear_icmp(World& world, const Exact& message) {
  if (message.size() < kIcmpEchoBytes || message.size() > 1'400) return;
  for (const bool is_v4 : {true, false}) {
    hear(world, icmp_frame(message, is_v4));
    const QuotedDatagram quoted = parse_quoted_datagram(message, is_v4);
    if (quoted.verdict != Verdict::kUnreachable) continue;
    CHECK(quoted.payload_offset <= message.size() && quoted.payload_size <= message.size() - quoted.payload_offset);
  }
}

void poll(World& world) {
  Exact out(kFrameBytesMax);
  for (std::uint16_t i = 0; i < Neighbours::kCapacity; ++i)
    CHECK(!world.neighbours.is_silent(i) || !world.neighbours.is_resolved(i));
  for (std::uint32_t asked = 0; world.neighbours.poll_request(world.now, out) != 0; ++asked)
    CHECK(asked < Neighbours::kAsksPerInterval);
  CHECK(world.neighbours.next_request_at() > world.now);
}

// Each is a whole frame to a group, from us, that goes no further than the link; and there are few.
void report(World& world) {
  constexpr int kReportsMax = 40;
  int said = 0;
  for (;; ++said) {
    Exact out(kFrameBytesMax);
    const std::size_t size = world.groups.poll_report(world.now, out);
    if (size == 0) break;
    CHECK(said < kReportsMax);
    const auto head = parse_ethernet(ByteSpan{out}.first(size));
    CHECK(head && is_group(head->destination) && head->source == world.us.mac);
    CHECK(out[kEthernetBytes + (head->type == kEtherTypeIpv4 ? 8 : 7)] == std::byte{kHopLimitGroup});
  }
  CHECK(world.groups.next_report_at() > world.now);
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
  switch (operation % 10) {
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
    case 6:
      return report(world);
    case 7:
      return world.groups.start(world.now);
    case 8:
      return world.groups.leave(world.now);
    case 9:
      return hear_icmp(world, bytes);
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
