// The pool of ranges that loss reports wait in may run dry; then whoever reports something still has its first range
// served, what found no room is counted, and when everybody is gone all of it is back.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

constexpr std::uint32_t kViewers = 14;
constexpr std::uint32_t kPackets = 200;
const Endpoint kPublisherAt = RelayFixture::caller(5000);

class FloodedHouse : public RelayFixture {
 public:
  FloodedHouse() : RelayFixture(8192) {
    const SocketId publisher = open(opening(Role::kPublisher, kPublisherAt, SocketId{50}));
    for (std::uint32_t i = 0; i < kViewers; ++i) viewers.push_back(open(opening(Role::kViewer, at(i), peer(i), {0})));
    run_for(millis(10));
    for (std::uint32_t n = 0; n < kPackets; ++n) {
      hear(kPublisherAt, data(publisher, {kIsn.raw + n}));
      breathe(millis(1));
    }
    run_for(millis(300));
  }
  // The port is full, and so is the queue: what is asked for waits.
  void block() {
    port.take_max = 0;
    while (relay.queue().bulk_room() > 0) relay.queue().push(headers.take(), nobody);
  }
  static Endpoint at(std::uint32_t viewer) { return caller(static_cast<std::uint16_t>(6000 + viewer)); }
  static SocketId peer(std::uint32_t viewer) { return SocketId{600 + viewer}; }
  // Single packets, two apart: `ranges` of them, the lowest first. More than 16 in one report.
  std::vector<std::byte> report(std::uint32_t viewer, std::uint32_t first, std::uint32_t ranges) const {
    std::vector<std::byte> bytes(kDatagramBytesMax);
    wire::LossReportWriter writer(bytes, {}, viewers[viewer]);
    for (std::uint32_t i = 0; i < ranges; ++i) CHECK(writer.add({{first + 2 * i}, {first + 2 * i}}));
    bytes.resize(writer.written());
    return bytes;
  }
  std::uint64_t read(Counter counter) const { return mailbox.counters.read(counter); }
  std::vector<SocketId> viewers;
  const Envelope nobody;
};

RC_GTEST_PROP(LentRangesProperty, WhoeverFloodsEachViewersFirstRangeIsServed, ()) {
  FloodedHouse house;
  house.block();
  std::map<std::uint16_t, std::uint32_t> wanted;
  std::uint64_t asked = 0;
  const auto flood = *rc::gen::container<std::vector<std::uint32_t>>(kViewers, rc::gen::inRange<std::uint32_t>(1, 24));
  for (std::uint32_t v = 0; v < kViewers; ++v) {
    const auto first = *rc::gen::inRange<std::uint32_t>(0, kPackets - 60);
    wanted[FloodedHouse::at(v).port] = first;
    asked += flood[v];
    house.hear(FloodedHouse::at(v), house.report(v, first, flood[v]));
  }
  house.breathe();
  const std::uint64_t waiting = kViewers + house.relay.slabs().ranges.given();
  RC_ASSERT(house.read(Counter::kNakOverflow) == asked - waiting);
  RC_ASSERT(house.relay.slabs().ranges.given() <= 64u);
  house.port.take_max = SIZE_MAX;
  std::map<std::uint16_t, std::vector<std::uint32_t>> got;
  for (const Said& one : house.run_for(millis(50)))
    if (one.data() && one.data()->retransmitted) got[one.to.port].push_back(one.data()->seq.raw);
  for (const auto& [port, first] : wanted) {
    RC_ASSERT(!got[port].empty());
    RC_ASSERT(got[port].front() == first);
  }
  RC_ASSERT(house.relay.slabs().ranges.given() == 0u);
  // Those that leave with something waiting give it back as well.
  house.block();
  for (std::uint32_t v = 0; v < kViewers; ++v) house.hear(FloodedHouse::at(v), house.report(v, 1, flood[v]));
  for (std::uint32_t v = 0; v < kViewers; ++v)
    house.hear(FloodedHouse::at(v), RelayFixture::bare(house.viewers[v], wire::ControlType::kShutdown));
  house.breathe();
  RC_ASSERT(house.relay.slabs().ranges.given() == 0u);
}

}  // namespace
}  // namespace fanlight
