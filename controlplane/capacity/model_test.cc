#include "capacity/model.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

WorkerCosts costs() { return {.runs = {{1, 1000}, {4, 400}, {16, 250}}, .ns_per_ack = 1500}; }

constexpr double kBits = 5'000'000;
// 475 packets a second alone, 107.4 ACKs.
constexpr double kPackets = kBits / (1316 * 8);
constexpr double kAcks = 100 + kPackets / 64;

TEST(CapacityModelTest, ARunCostsAFixedPartAndAPartForEachPacket) {
  // 200 + 800/k through both points.
  const WorkerCosts two{.runs = {{1, 1000}, {4, 400}}, .ns_per_ack = 1};
  EXPECT_DOUBLE_EQ(two.ns_per_packet(1), 1000);
  EXPECT_DOUBLE_EQ(two.ns_per_packet(2), 600);
  EXPECT_DOUBLE_EQ(two.ns_per_packet(4), 400);
  EXPECT_DOUBLE_EQ(two.ns_per_packet(0.5), 1000);
}

TEST(CapacityModelTest, ARunLongerThanAnyMeasuredPromisesNothingMore) {
  EXPECT_DOUBLE_EQ(costs().ns_per_packet(64), 250);
}

TEST(CapacityModelTest, AViewerCostsItsPacketsInTheLongestRunInTimeAndItsAcks) {
  // Two passes in 30 ms: of 5 Mb/s 7.1 packets come in one, between 4 and 16.
  const Bounds bounds{.sessions_max = 100'000, .delay_max = millis(30)};
  const Prediction prediction = predict(costs(), bounds, kBits);
  const double at_a_time = kPackets * 0.015;
  const double each = costs().ns_per_packet(at_a_time);
  EXPECT_NEAR(prediction.packets_at_a_time, 7.1, 0.1);
  // A run each 15 ms is acknowledged as often.
  const double acks = 1 / 0.015 + kPackets / 64;
  EXPECT_NEAR(static_cast<double>(prediction.viewers), 1e9 / (kPackets * each + acks * 1500), 1.0);
  EXPECT_EQ(prediction.limit, Limit::kWorker);
  EXPECT_NEAR(static_cast<double>(prediction.viewers_unhurried), 1e9 / (kPackets * 1000 + kAcks * 1500), 1.0);
}

TEST(CapacityModelTest, AWorkerWithoutACoreOfItsOwnAddsNothing) {
  const std::size_t one = predict(costs(), {.workers = 1, .cores = 4, .sessions_max = 100'000}, kBits).viewers;
  const std::size_t two = predict(costs(), {.workers = 2, .cores = 4, .sessions_max = 100'000}, kBits).viewers;
  EXPECT_NEAR(static_cast<double>(two), 1.91 * static_cast<double>(one), 2);
  EXPECT_EQ(predict(costs(), {.workers = 8, .cores = 2, .sessions_max = 100'000}, kBits).viewers, two);
}

TEST(CapacityModelTest, ThePublisherTakesOneOfTheSessions) {
  const Prediction prediction = predict(costs(), {.workers = 2, .cores = 2, .sessions_max = 100}, kBits);
  EXPECT_EQ(prediction.viewers, 199u);
  EXPECT_EQ(prediction.limit, Limit::kSessions);
  EXPECT_GT(prediction.viewers_by_worker, 2000u);
}

TEST(CapacityModelTest, ALineCarriesHeadersToo) {
  const Prediction prediction = predict(costs(), {.sessions_max = 100'000, .line_bits = 1e9}, kBits);
  EXPECT_EQ(prediction.limit, Limit::kLine);
  EXPECT_EQ(prediction.viewers, 188u);  // 200 without.
}

TEST(CapacityModelTest, TheReceiveBufferHoldsTheAcksOfFourMilliseconds) {
  // 2 × 200,000 bytes are 480 ACKs of 832; each viewer says 0.43 in 4 ms.
  const Prediction prediction = predict(costs(), {.sessions_max = 100'000, .receive_buffer_bytes = 200'000}, kBits);
  EXPECT_EQ(prediction.limit, Limit::kReceiveBuffer);
  EXPECT_EQ(prediction.viewers, 1118u);
  EXPECT_EQ(predict(costs(), {.sessions_max = 100'000, .receive_buffer_bytes = 8 << 20}, kBits).limit, Limit::kWorker);
}

TEST(CapacityModelTest, TheSendBufferIsBackAfterAQuarterOfAMillisecond) {
  // 2 × 20,000 bytes are 17.4 packets of 2,304; 0.1187 go to a viewer in 0.25 ms.
  const Prediction prediction = predict(costs(), {.sessions_max = 100'000, .send_buffer_bytes = 20'000}, kBits);
  EXPECT_EQ(prediction.limit, Limit::kSendBuffer);
  EXPECT_EQ(prediction.viewers, 146u);
}

TEST(CapacityModelTest, AStreamTooFastForItsHistoryHasNoViewers) {
  // 475 packets a second, of which 120 ms are 57.
  Bounds bounds{.sessions_max = 100'000, .history_packets = 57, .history_span = millis(120)};
  EXPECT_NE(predict(costs(), bounds, kBits).limit, Limit::kHistory);
  bounds.history_packets = 56;
  EXPECT_EQ(predict(costs(), bounds, kBits).limit, Limit::kHistory);
  EXPECT_EQ(predict(costs(), bounds, kBits).viewers, 0u);
}

TEST(CapacityModelTest, TheLeastOfAllBoundsIsTheLimit) {
  const Bounds bounds{.sessions_max = 100'000, .caps = {{Limit::kMemory, 70, ""}, {Limit::kOpenFiles, 90, ""}}};
  const Prediction prediction = predict(costs(), bounds, kBits);
  EXPECT_EQ(prediction.limit, Limit::kMemory);
  EXPECT_EQ(prediction.viewers, 70u);
}

TEST(CapacityModelTest, TheShareIsWhatTheyTakePacketByPacketUntilThatIsAll) {
  const Bounds bounds{.sessions_max = 100'000};
  const Prediction all = predict(costs(), bounds, kBits);
  EXPECT_NEAR(worker_share(costs(), bounds, kBits, all.viewers_unhurried / 2), 0.5, 0.01);
  EXPECT_DOUBLE_EQ(worker_share(costs(), bounds, kBits, all.viewers_unhurried + 10), 1.0);
  EXPECT_NEAR(worker_share(costs(), bounds, kBits, all.viewers * 2), 2.0, 0.01);
}

TEST(CapacityModelTest, AnIdleStreamIsAcknowledgedNoOftenerThanItHasPackets) {
  // 100 kb/s: 9.5 packets a second.
  const Bounds bounds{.sessions_max = 1'000'000};
  const double packets = 100'000 / (1316 * 8.0);
  EXPECT_NEAR(static_cast<double>(predict(costs(), bounds, 100'000).viewers_by_worker),
              1e9 / (packets * 1000 + (packets + packets / 64) * 1500), 2);
}

TEST(CapacityModelTest, PassesAreMeasuredByTheirMiddle) {
  // Each figure by itself: none of the passes has all of them.
  const std::vector<WorkerCosts> passes = {{.runs = {{1, 1000}, {4, 500}}, .ns_per_ack = 30},
                                           {.runs = {{1, 3000}, {4, 400}}, .ns_per_ack = 20},
                                           {.runs = {{1, 2000}, {4, 300}}, .ns_per_ack = 10}};
  const WorkerCosts middle = middle_of(passes);
  EXPECT_EQ(middle.runs[0].packets, 1u);
  EXPECT_EQ(middle.runs[0].ns_per_packet, 2000);
  EXPECT_EQ(middle.runs[1].packets, 4u);
  EXPECT_EQ(middle.runs[1].ns_per_packet, 400);
  EXPECT_EQ(middle.ns_per_ack, 20);
}

WorkerCosts slower(double times) {
  WorkerCosts slow = costs();
  for (WorkerCosts::Run& run : slow.runs) run.ns_per_packet *= times;
  slow.ns_per_ack *= times;
  return slow;
}

TEST(CapacityModelTest, PassesAFifthApartArePromisedAsOneNumber) {
  const std::vector<WorkerCosts> passes = {slower(1.2), slower(1), slower(0.85)};
  const Prediction prediction = predict(passes, {.sessions_max = 100'000}, kBits);
  const auto middle = static_cast<double>(prediction.viewers);
  EXPECT_EQ(prediction.viewers, predict(costs(), {.sessions_max = 100'000}, kBits).viewers);
  EXPECT_NEAR(static_cast<double>(prediction.viewers_least), middle / 1.2, 1);
  EXPECT_NEAR(static_cast<double>(prediction.viewers_most), middle / 0.85, 1);
  EXPECT_FALSE(prediction.is_range());
  EXPECT_EQ(prediction.promised(), prediction.viewers);
}

TEST(CapacityModelTest, PassesFurtherApartAreARangeAndTheLesserEndIsPromised) {
  const std::vector<WorkerCosts> slow = {slower(1.3), slower(1), slower(1)};
  const Prediction prediction = predict(slow, {.sessions_max = 100'000}, kBits);
  EXPECT_TRUE(prediction.is_range());
  EXPECT_EQ(prediction.promised(), prediction.viewers_least);
  const std::vector<WorkerCosts> fast = {slower(0.8), slower(1), slower(1)};
  EXPECT_TRUE(predict(fast, {.sessions_max = 100'000}, kBits).is_range());
  // What bounds all passes alike leaves no range.
  EXPECT_FALSE(predict(slow, {.sessions_max = 101}, kBits).is_range());
}

TEST(CapacityModelTest, AFullPortIsTheLesserEnd) {
  WorkerCosts pass{.runs = {{1, 30}}, .ns_per_ack = 10};
  EXPECT_EQ(pass.when_full().runs[0].ns_per_packet, 30);
  pass.ns_per_packet_full = 100;
  const std::vector<WorkerCosts> passes = {pass, pass, pass};
  EXPECT_EQ(middle_of(passes).ns_per_packet_full, 100);
  const Prediction prediction = predict(passes, {.sessions_max = 1'000'000}, kBits);
  EXPECT_EQ(prediction.viewers, predict(pass, {.sessions_max = 1'000'000}, kBits).viewers);
  EXPECT_EQ(prediction.viewers_least, predict(pass.when_full(), {.sessions_max = 1'000'000}, kBits).viewers);
  EXPECT_LT(prediction.viewers_least, prediction.viewers / 2);
  EXPECT_EQ(prediction.viewers_most, prediction.viewers);
  EXPECT_TRUE(prediction.is_range());
  // Sessions bound what rings that never fill would hold, the worker what full ones do: the lesser is told.
  EXPECT_EQ(predict(passes, {.sessions_max = 60'000}, kBits).limit, Limit::kWorker);
}

TEST(CapacityModelTest, BuffersBoundByWhatIsAssumed) {
  EXPECT_TRUE(is_assumed(Limit::kSendBuffer));
  EXPECT_TRUE(is_assumed(Limit::kReceiveBuffer));
  EXPECT_FALSE(is_assumed(Limit::kWorker));
}

}  // namespace
}  // namespace fanlight::control
