#include "codec/elementary_stream.h"

#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

template <class Reader>
bool opens(std::uint8_t stream_type, std::string_view descriptors) {
  const auto stream = open_elementary_stream(stream_type, from_hex(descriptors));
  return stream && std::holds_alternative<Reader>(*stream);
}

TEST(ElementaryStreamTest, TheStreamTypeSaysTheCodec) {
  EXPECT_TRUE(opens<H264Pictures>(0x1B, ""));
  EXPECT_TRUE(opens<H265Pictures>(0x24, ""));
  EXPECT_TRUE(opens<AdtsSound>(0x0F, ""));
  EXPECT_TRUE(opens<LatmSound>(0x11, ""));
  EXPECT_TRUE(opens<Ac3Sound>(0x81, ""));
  EXPECT_TRUE(opens<Ac3Sound>(0x87, ""));
}

TEST(ElementaryStreamTest, PrivateDataIsNamedByItsDescriptors) {
  EXPECT_TRUE(opens<OpusSound>(0x06, "05044f707573 7f028002"));
  EXPECT_TRUE(opens<Ac3Sound>(0x06, "0a04656e6700 6a0100"));
  EXPECT_TRUE(opens<Ac3Sound>(0x06, "7a0100"));
  EXPECT_TRUE(opens<Ac3Sound>(0x06, "050441432d33"));
  EXPECT_TRUE(opens<Ac3Sound>(0x06, "050445414333"));
  EXPECT_TRUE(opens<H265Pictures>(0x06, "050448455643"));
}

TEST(ElementaryStreamTest, WhatNoTrackIsMadeOfIsNone) {
  EXPECT_FALSE(open_elementary_stream(0x03, {}));                        // MPEG audio
  EXPECT_FALSE(open_elementary_stream(0x86, from_hex("050443554549")));  // SCTE-35
  EXPECT_FALSE(open_elementary_stream(0x06, {}));                        // Nothing said.
  EXPECT_FALSE(open_elementary_stream(0x06, from_hex("5904656e6710")));  // Subtitles
  EXPECT_FALSE(open_elementary_stream(0x06, from_hex("6aff00")));        // Cut short.
  EXPECT_FALSE(open_elementary_stream(0x06, from_hex("05044f707573")));  // Opus of nobody knows how many channels.
}

TEST(ElementaryStreamTest, DescriptorsThatTellOfOtherThingsMakeNoOtherStream) {
  const auto are_alike = [](const char* one, const char* other) {
    return describe_alike(0x06, from_hex(one), from_hex(other));
  };
  EXPECT_TRUE(are_alike("6a0100", "6a0100520101"));           // AC-3, and a stream identifier.
  EXPECT_TRUE(are_alike("6a0100", "6a01ff"));                 // What it says of AC-3, frames say as well.
  EXPECT_FALSE(are_alike("6a0100", "05044f7075737f028002"));  // Opus
  EXPECT_FALSE(are_alike("6a0100", "050448455643"));          // HEVC
  EXPECT_FALSE(are_alike("05044f7075737f028001", "05044f7075737f028002"));
  EXPECT_TRUE(are_alike("05044f7075737f028002", "5201017f02800205044f707573"));
  EXPECT_FALSE(are_alike("6a0100", "5904656e6710"));  // Subtitles
}

}  // namespace
}  // namespace fanlight::packager
