#include "ingest/ingest.h"

#include <gtest/gtest.h>

#include <string>

#include "ingest/clock.h"

namespace fanlight::packager {
namespace {

class Told final : public IngestSink {
 public:
  void handle_bytes(std::size_t, ByteSpan) override { ++times; }
  void handle_up(std::size_t) override { ++times; }
  void handle_down(std::size_t, std::string_view why, Micros again_in) override {
    ++times;
    last_why = why;
    wait = again_in;
  }
  int times = 0;
  std::string last_why;
  Micros wait{};
};

// Until `done`, or for so long.
template <class Done>
int poll_until(Ingest& ingest, Told& told, Micros most, Done&& done) {
  int polls = 0;
  const Instant end = monotonic_now() + most;
  for (; monotonic_now() < end && !done(); ++polls) ingest.poll(seconds(1), told);
  return polls;
}

TEST(IngestTest, ACallThatNobodyTakesIsToldAndMadeAgain) {
  Ingest ingest;
  Told told;
  ASSERT_TRUE(ingest.add(*parse_source("srt://127.0.0.1:1?streamid=a")));
  poll_until(ingest, told, seconds(8), [&] { return told.times > 0; });
  EXPECT_EQ(told.last_why, "nobody answers at 127.0.0.1:1");
  EXPECT_GT(told.wait, millis(300));
  EXPECT_LE(told.wait, millis(500));
}

TEST(IngestTest, BetweenCallsTheThreadRests) {
  Ingest ingest;
  Told told;
  ASSERT_TRUE(ingest.add(*parse_source("srt://no-such-host.invalid:9000?streamid=a")));
  poll_until(ingest, told, seconds(20), [&] { return told.times > 0; });
  ASSERT_EQ(told.times, 1) << "the name is looked up for so long?";
  EXPECT_LE(poll_until(ingest, told, millis(200), [] { return false; }), 6)
      << "a poll waits for 50 ms when nothing comes";
}

}  // namespace
}  // namespace fanlight::packager
