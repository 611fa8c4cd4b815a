#include "fanlight_load/stamp.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace fanlight::load {
namespace {

using Payload = std::array<std::byte, kPayloadBytes>;

constexpr PayloadMaker::Plan kPlan{.stream = 3, .run = 77, .group_packets = 10, .interval_ns = 2'000'000};

Payload payload_at(std::int64_t position, std::int64_t sent_ns = 5) {
  Payload payload;
  PayloadMaker(kPlan).write(position, sent_ns, payload);
  return payload;
}

std::uint16_t pid_of(const std::byte* packet) { return load_be16(packet + 1) & 0x1FFF; }

TEST(StampTest, TellsWhatItWasMadeFrom) {
  const Payload payload = payload_at(1'000'000'007, 123'456'789'012);
  EXPECT_EQ(read_stamp(payload),
            (Stamp{.stream = 3, .run = 77, .position = 1'000'000'007, .sent_ns = 123'456'789'012}));
  EXPECT_TRUE(has_good_hash(payload));
}

TEST(StampTest, AnyChangedByteSpoilsStampOrHash) {
  const Payload good = payload_at(10);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Payload bad = good;
    bad[i] ^= std::byte{1};
    EXPECT_FALSE(has_good_hash(bad)) << "byte " << i;
  }
  EXPECT_FALSE(has_good_hash(ByteSpan(good).first(kPayloadBytes - 1)));
}

TEST(StampTest, ForeignPayloadHasNone) {
  Payload payload{};
  EXPECT_FALSE(read_stamp(payload));
  EXPECT_FALSE(read_stamp(ByteSpan(payload_at(1)).first(kStampedBytes - 1)));
}

TEST(StampTest, RepairIsTheSameToTheBit) { EXPECT_EQ(payload_at(11, 42), payload_at(11, 42)); }

// ISO 13818-1 §2.4.3.3: the counter of a PID grows by one with each packet that carries payload.
TEST(StampTest, ContinuityCountersOfEachPidAreUnbroken) {
  std::map<std::uint16_t, int> last;
  for (std::int64_t position = 0; position < 200; ++position) {
    const Payload payload = payload_at(position);
    for (std::size_t i = 0; i < kTsPackets; ++i) {
      const std::byte* packet = payload.data() + i * kTsBytes;
      ASSERT_EQ(packet[0], std::byte{0x47});
      const int counter = static_cast<int>(packet[3]) & 0x0F;
      const auto known = last.find(pid_of(packet));
      if (known != last.end()) {
        ASSERT_EQ(counter, (known->second + 1) & 0x0F) << position << " packet " << i;
      }
      last[pid_of(packet)] = counter;
    }
  }
  EXPECT_EQ(last.size(), 4u);
}

TEST(StampTest, GroupStartsWithTablesAndAnAccessPoint) {
  for (std::int64_t position = 0; position < 40; ++position) {
    const Payload payload = payload_at(position);
    const std::byte* third = payload.data() + 3 * kTsBytes;
    const bool has_tables = pid_of(payload.data() + kTsBytes) == 0;
    const bool is_access_point =
        (third[3] & std::byte{0x20}) != std::byte{0} && (third[5] & std::byte{0x40}) != std::byte{0};
    EXPECT_EQ(has_tables, position % 10 == 0);
    EXPECT_EQ(is_access_point, position % 10 == 0 && pid_of(third) == 0x100);
  }
}

}  // namespace
}  // namespace fanlight::load
