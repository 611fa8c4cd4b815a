#include "ts/framing.h"

#include <gtest/gtest.h>

#include "ts/test_ts.h"

namespace fanlight::packager {
namespace {

using namespace test;

// Packets numbered in their second byte, `before` and `behind` each so many bytes that are none of it.
Bytes stream_of(int packets, std::size_t before, std::size_t behind) {
  Bytes stream;
  for (int i = 0; i < packets; ++i) {
    stream.insert(stream.end(), before, std::byte{0xAA});
    stream.push_back(std::byte{0x47});
    stream.push_back(static_cast<std::byte>(i));
    stream.insert(stream.end(), 186, std::byte{0x11});
    stream.insert(stream.end(), behind, std::byte{0xBB});
  }
  return stream;
}

std::vector<int> numbers_of(Framing& framing, ByteSpan stream, std::size_t at_once) {
  std::vector<int> numbers;
  const auto take = [&](ByteSpan packet) {
    EXPECT_EQ(packet.size(), 188u);
    numbers.push_back(std::to_integer<int>(packet[1]));
  };
  for (; !stream.empty(); stream = stream.subspan(std::min(at_once, stream.size())))
    framing.handle(stream.first(std::min(at_once, stream.size())), take);
  framing.finish(take);
  return numbers;
}

std::vector<int> count_to(int end) {
  std::vector<int> numbers;
  for (int i = 0; i < end; ++i) numbers.push_back(i);
  return numbers;
}

TEST(FramingTest, PacketsOfEachSpacingInPiecesOfAnySize) {
  for (const auto& [before, behind] : {std::pair{0u, 0u}, {4u, 0u}, {0u, 16u}})
    for (const std::size_t at_once : {1u, 187u, 188u, 1316u, 100'000u}) {
      Framing framing;
      EXPECT_EQ(numbers_of(framing, stream_of(20, before, behind), at_once), count_to(20)) << before << " " << at_once;
      EXPECT_EQ(framing.bytes_skipped(), before);
    }
}

TEST(FramingTest, WhatComesAtOnceIsHandedOverAtOnce) {
  Framing framing;
  int packets = 0;
  framing.handle(stream_of(7, 0, 0), [&](ByteSpan) { ++packets; });
  EXPECT_EQ(packets, 7);
}

TEST(FramingTest, GarbageIsSkippedAndTheRestFound) {
  Bytes stream = stream_of(10, 0, 0);
  const Bytes garbage = bytes_of({0x47, 1, 2, 0x47, 3});
  stream.insert(stream.begin() + 5 * 188, garbage.begin(), garbage.end());
  stream.insert(stream.begin(), garbage.begin(), garbage.end());
  Framing framing;
  const std::vector<int> numbers = numbers_of(framing, stream, 1316);
  // The garbage's first byte passes for a packet's.
  EXPECT_EQ(numbers.size(), 10u);
  EXPECT_EQ(numbers.back(), 9);
}

TEST(FramingTest, NoiseIsNoStream) {
  Framing framing;
  EXPECT_TRUE(numbers_of(framing, Bytes(100'000, std::byte{0x48}), 1316).empty());
  EXPECT_GT(framing.bytes_skipped(), 99'000u);
}

}  // namespace
}  // namespace fanlight::packager
