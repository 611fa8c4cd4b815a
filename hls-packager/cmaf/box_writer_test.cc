#include "cmaf/box_writer.h"

#include <gtest/gtest.h>

#include "cmaf/test_boxes.h"

namespace fanlight::packager {
namespace {

TEST(BoxWriterTest, SizesIncludeHeadAndBoxesWithin) {
  const SharedBytes bytes = write_boxes([](BoxWriter& out) {
    out.box("moov", [&] {
      out.full_box("free", 1, 0xABCDEF, [&] { out.u16(0x1234); });
      out.box("skip", [] {});
    });
    out.u64(0x0102'0304'0506'0708);
  });
  EXPECT_HEX(bytes.span(), "0000001e 6d6f6f76 0000000e 66726565 01abcdef 1234 00000008 736b6970 0102030405060708");
}

TEST(BoxWriterTest, EveryByteOfTheBlockIsWritten) {
  const SharedBytes bytes = write_boxes([](BoxWriter& out) {
    out.u8(0xFF);
    out.zeros(3);
    out.u24(0x010203);
    out.terminated("ab");
    out.zeros(0);
    out.bytes({});
  });
  EXPECT_HEX(bytes.span(), "ff 000000 010203 616200");
}

TEST(BoxWriterTest, WhatIsKnownLaterIsWrittenLater) {
  const SharedBytes bytes = write_boxes([](BoxWriter& out) {
    out.u32(0);
    out.u8(7);
    out.overwrite_u32(0, 0xCAFE);
  });
  EXPECT_HEX(bytes.span(), "0000cafe 07");
}

TEST(BoxWriterDeathTest, RunningOutOfRoomIsOurBug) {
  std::byte room[3];
  EXPECT_DEATH(
      {
        BoxWriter out(room);
        out.u32(0);
      },
      "CHECK failed");
}

TEST(SharedBytesTest, TheBytesLiveAsLongAsTheirLastHolder) {
  SharedBytes first = SharedBytes::filled(2, [](MutableByteSpan out) { out[0] = out[1] = std::byte{9}; });
  const SharedBytes second = first;
  EXPECT_EQ(first.span().data(), second.span().data());
  first = {};
  EXPECT_EQ(first.size(), 0u);
  EXPECT_HEX(second.span(), "0909");
}

}  // namespace
}  // namespace fanlight::packager
