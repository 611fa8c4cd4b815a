// Whatever a part of the audience does, the others get the same packets at the same times.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <tuple>
#include <vector>

#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

constexpr int kHonest = 3;
const Endpoint kPublisherAt = RelayFixture::caller(5000);

enum class Habit : std::uint8_t { kVanishes, kStalls, kFloods, kAsksForAll, kNarrow, kCount };

// When, which number, and whether again.
using Delivery = std::tuple<std::int64_t, std::uint32_t, bool, std::uint32_t>;

// A stream of 250 packets a second, some of which arrive late; honest viewers lose some and ask for them.
class House : public RelayFixture {
 public:
  House() : RelayFixture(8192) {
    publisher_ = open(opening(Role::kPublisher, kPublisherAt, SocketId{50}));
    for (int i = 0; i < kHonest; ++i) join(honest_, 6000 + i);
    run(20);
  }
  void add(Habit habit) {
    habits_.push_back(habit);
    join(others_, 7000 + static_cast<int>(others_.size()));
  }
  // One step is a millisecond.
  void run(int steps, std::uint32_t lost_each = 0, std::uint32_t late_each = 0) {
    for (int i = 0; i < steps; ++i, ++step_) {
      if (step_ % 4 == 0) publish(late_each);
      for (std::size_t v = 0; v < others_.size(); ++v) misbehave(v);  // First: what is spent on them is gone by then.
      for (std::size_t v = 0; v < honest_.size(); ++v) speak_honestly(v, lost_each);
      for (const Said& one : breathe(millis(1))) note(one);
    }
  }
  std::map<std::uint16_t, std::vector<Delivery>> deliveries;

 private:
  void join(std::vector<SocketId>& viewers, int at) {
    viewers.push_back(open(
        opening(Role::kViewer, caller(static_cast<std::uint16_t>(at)), SocketId{static_cast<std::uint32_t>(at)}, {0})));
  }
  void publish(std::uint32_t late_each) {
    const std::uint32_t n = published_++;
    if (late_each == 0 || n % late_each != 0) hear(kPublisherAt, data(publisher_, {kIsn.raw + n}));
    if (late_each != 0 && n >= 10 && (n - 10) % late_each == 0)
      hear(kPublisherAt, data(publisher_, {kIsn.raw + n - 10}));
  }
  void speak_honestly(std::size_t v, std::uint32_t lost_each) {
    const Endpoint at = caller(static_cast<std::uint16_t>(6000 + v));
    const std::uint32_t got = next_[at.port];
    if (step_ % 10 == 0 && got > 20) hear(at, ack(honest_[v], {got - 20}, static_cast<std::uint32_t>(step_ + 1)));
    if (lost_each != 0 && got > 40 && step_ % static_cast<int>(lost_each) == 0)
      hear(at, nak(honest_[v], {{{got - 30}, {got - 30}}}));
  }
  void misbehave(std::size_t v) {
    const Endpoint at = caller(static_cast<std::uint16_t>(7000 + v));
    const std::uint32_t got = next_[at.port];
    if (habits_[v] == Habit::kStalls && step_ % 1000 == 0) hear(at, bare(others_[v], wire::ControlType::kKeepAlive));
    if (got < 2) return;
    if (habits_[v] == Habit::kFloods)
      for (int n = 0; n < 8; ++n) hear(at, nak(others_[v], {{{got / 2}, {got - 1}}}));
    if (habits_[v] == Habit::kAsksForAll) hear(at, nak(others_[v], {{{0}, {got - 1}}}));
    if (habits_[v] == Habit::kNarrow && step_ % 50 == 0)
      hear(at, ack(others_[v], {got}, static_cast<std::uint32_t>(step_ + 1), 2));
  }
  void note(const Said& one) {
    const auto header = one.data();
    if (!header || one.to == kPublisherAt) return;
    next_[one.to.port] = std::max(next_[one.to.port], header->seq.raw + 1);
    deliveries[one.to.port].emplace_back(now.us, header->seq.raw, header->retransmitted, header->time.raw);
  }

  SocketId publisher_;
  std::vector<SocketId> honest_;
  std::vector<SocketId> others_;
  std::vector<Habit> habits_;
  std::map<std::uint16_t, std::uint32_t> next_;
  std::uint32_t published_ = 0;
  int step_ = 0;
};

RC_GTEST_PROP(SlowViewersProperty, TheOthersGetTheSamePacketsAtTheSameTimes, ()) {
  const auto lost_each = *rc::gen::inRange<std::uint32_t>(3, 30);
  const auto late_each = *rc::gen::inRange<std::uint32_t>(11, 100);
  House alone;
  House shared;
  for (int n = *rc::gen::inRange(1, 10); n > 0; --n)
    shared.add(static_cast<Habit>(*rc::gen::inRange(0, static_cast<int>(Habit::kCount))));
  alone.run(1500, lost_each, late_each);
  shared.run(1500, lost_each, late_each);
  for (std::uint16_t at = 6000; at < 6000 + kHonest; ++at) {
    RC_ASSERT(alone.deliveries[at].size() > 300u);
    RC_ASSERT(alone.deliveries[at] == shared.deliveries[at]);
  }
}

}  // namespace
}  // namespace fanlight
