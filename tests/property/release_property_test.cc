// Whatever the order in which packets come: destinations get each position once at most, in order, and all that comes
// before its gap was waited for long enough.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "stream/stream.h"

namespace fanlight {
namespace {

constexpr Micros kWait = millis(20);
constexpr Micros kInterval = millis(1);

struct Arriving {
  Instant at;
  std::int64_t pos = 0;
};

// One packet a millisecond; each comes never, or up to 40 ms late.
std::vector<Arriving> through_bad_weather(std::int64_t packets, Instant start) {
  std::vector<Arriving> arriving;
  for (std::int64_t pos = 0; pos < packets; ++pos) {
    if (*rc::gen::inRange(0, 10) == 0) continue;
    const bool is_delayed = *rc::gen::inRange(0, 4) == 0;
    arriving.push_back({start + pos * kInterval + micros(is_delayed ? *rc::gen::inRange(0, 40'000) : 0), pos});
  }
  std::ranges::stable_sort(arriving, {}, &Arriving::at);
  return arriving;
}

struct House {
  PacketPool pool{1024, 188};
  History history{1024};
  PlacePool places{1, 1};
  Release release;
  Stream nobody{2, 1, {}};
  Destination destination{nobody, rtp::Sender::Options{}};
  std::map<std::int64_t, Instant> released;  // When.
  std::int64_t last = -1;

  House() {
    release.lend_from(places);
    RC_ASSERT(release.enter(destination, history));
  }
  void admit(Instant now, std::int64_t pos) {
    PacketRef packet = pool.take();
    RC_ASSERT(packet && packet.resize(188));
    const PacketPos next = history.next();
    if (history.admit(now, {pos}, {}, packet) == Verdict::kAccepted && PacketPos{pos} > next)
      release.note_gap(now, next, {pos});
  }
  void serve(Instant now) {
    while (release.begin_pass(now, history, {.missing = {0}, .wait = kWait, .coalesce = {}})) {
      for (const FreshPacket& packet : release.pass().fresh()) {
        RC_ASSERT(packet.pos.value > last);
        last = packet.pos.value;
        released[last] = now;
      }
      RC_ASSERT(release.destinations(destination.envelope.dress).next() == &destination);
      release.end_pass();
    }
  }
};

RC_GTEST_PROP(ReleaseProperty, InOrderOnceAndNoLaterThanTheWait, ()) {
  const Instant start{1'000'000'000};
  const std::vector<Arriving> arriving = through_bad_weather(*rc::gen::inRange(1, 400), start);
  House house;
  std::map<std::int64_t, Instant> overtaken;  // When a later packet came, for those that had not.
  std::map<std::int64_t, Instant> came;
  std::int64_t newest = -1;
  for (const Arriving& one : arriving) {
    while (house.release.due() <= one.at) house.serve(house.release.due());
    house.admit(one.at, one.pos);
    came[one.pos] = one.at;
    for (std::int64_t missed = newest + 1; missed < one.pos; ++missed) overtaken[missed] = one.at;
    newest = std::max(newest, one.pos);
    house.serve(one.at);
  }
  while (house.release.due() != Instant::never()) house.serve(house.release.due());
  for (const auto& [pos, at] : came) {
    const bool is_in_time = !overtaken.contains(pos) || at - overtaken[pos] < kWait;
    if (is_in_time) RC_ASSERT(house.released.contains(pos));
    // Nothing is held up by a gap for longer than the wait since that gap was seen, which is not before it came itself.
    if (is_in_time) RC_ASSERT(house.released[pos] - at <= kWait);
    if (at - (overtaken.contains(pos) ? overtaken[pos] : at) > kWait) RC_ASSERT(!house.released.contains(pos));
  }
  RC_ASSERT(house.release.packets_sent_to(house.destination) == house.released.size());
}

}  // namespace
}  // namespace fanlight
