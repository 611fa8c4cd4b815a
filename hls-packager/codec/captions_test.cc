#include "codec/captions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/h264.h"
#include "codec/h264_fixture.h"
#include "codec/h265.h"
#include "codec/h265_fixture.h"
#include "codec/nal_units.h"
#include "codec/test_captions.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

using namespace test;
using Bytes = std::vector<std::byte>;

Bytes with_length(const Bytes& unit) {
  Bytes sample;
  append_unit(sample, unit);
  return sample;
}

std::vector<CaptionChannel> seen(const std::vector<CaptionPair>& pairs) {
  CaptionWatch watch(CaptionWatch::Units::kH264);
  watch.handle(with_length(caption_unit({0x06}, pairs)));
  return watch.channels();
}

TEST(CaptionWatchTest, TheFourOf608AreThoseWhereCaptionsBegin) {
  using Channels = std::vector<CaptionChannel>;
  EXPECT_EQ(seen({{0, 0x94, 0x20}}), (Channels{{false, 1}}));  // Resume caption loading, odd parity.
  EXPECT_EQ(seen({{0, 0x1C, 0x25}}), (Channels{{false, 2}}));  // Roll-up of two rows.
  EXPECT_EQ(seen({{1, 0x15, 0x29}, {1, 0x1D, 0x26}}), (Channels{{false, 3}, {false, 4}}));
  EXPECT_TRUE(seen({{0, 0x80, 0x80}, {0, 0x94, 0x2C}, {0, 'a', 'b'}}).empty());  // Padding, an erasure, letters.
  EXPECT_TRUE(seen({{0, 0x94, 0x2A}, {1, 0x01, 0x20}}).empty());                 // Text, and XDS.
  EXPECT_TRUE(seen({{0, 0x94, 0x20, false}}).empty());
}

TEST(CaptionWatchTest, ServicesOf708AreThoseThatPacketsBeginWith) {
  using Channels = std::vector<CaptionChannel>;
  EXPECT_EQ(seen({{3, 0x02, 0x22}, {2, 1, 2}}), (Channels{{true, 1}}));
  EXPECT_EQ(seen({{3, 0x02, 0xE2}, {2, 0x09, 2}}), (Channels{{true, 9}}));  // Number 7: it stands in the next byte.
  EXPECT_TRUE(seen({{3, 0x02, 0x00}, {2, 0x29, 2}}).empty());               // Nothing in it.
}

TEST(CaptionWatchTest, OtherMessagesAreNone) {
  CaptionWatch watch(CaptionWatch::Units::kH264);
  Bytes other = caption_unit({0x06}, {{0, 0x94, 0x20}});
  other[3] = std::byte{0xB4};  // Another country's.
  watch.handle(with_length(other));
  Bytes slice = caption_unit({0x01}, {{0, 0x94, 0x20}});
  watch.handle(with_length(slice));
  const Bytes good = caption_unit({0x06}, {{0, 0x94, 0x20}, {0, 0x94, 0x20}});
  for (std::size_t size = 0; size < 17; ++size)  // Up to the pair's last byte nothing of it counts.
    watch.handle(with_length(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))));
  EXPECT_TRUE(watch.channels().empty());
  watch.handle(with_length(good));
  EXPECT_EQ(watch.channels().size(), 1u);
}

TEST(CaptionWatchTest, ItIsOneMessageOfSeveralAndMayBeLong) {
  CaptionWatch watch(CaptionWatch::Units::kH265);
  Bytes unit = from_hex("4e0105ff01");  // Five is user data without a registration: 256 bytes.
  unit.resize(unit.size() + 256, std::byte{0x11});
  const Bytes captions = caption_unit({}, {{3, 0x02, 0x42}});
  unit.insert(unit.end(), captions.begin(), captions.end());
  watch.handle(with_length(unit));
  EXPECT_EQ(watch.channels(), (std::vector<CaptionChannel>{{true, 2}}));
}

// H-62: they stay in the samples, byte for byte.
TEST(CaptionWatchTest, TheyAreInTheSampleOfThePicture) {
  const auto survives = [](auto pictures, std::string_view idr, std::initializer_list<unsigned> head,
                           CaptionWatch watch) {
    const Bytes unit = caption_unit(head, {{0, 0x94, 0x20}, {3, 0x02, 0x22}, {2, 0, 0}});
    Bytes access_unit = from_hex(idr);
    const auto slices =
        std::search(access_unit.begin() + 6, access_unit.end(), access_unit.begin(), access_unit.begin() + 4);
    Bytes framed = from_hex("00000001");
    framed.insert(framed.end(), unit.begin(), unit.end());
    access_unit.insert(slices, framed.begin(), framed.end());
    const CodedPicture picture = pictures.convert(access_unit);
    EXPECT_EQ(picture.verdict, PictureVerdict::kPicture);
    const Bytes wanted = with_length(unit);
    EXPECT_NE(std::search(picture.bytes.begin(), picture.bytes.end(), wanted.begin(), wanted.end()),
              picture.bytes.end());
    watch.handle(picture.bytes);
    EXPECT_EQ(watch.channels(), (std::vector<CaptionChannel>{{false, 1}, {true, 1}}));
  };
  survives(H264Pictures(), kH264HighIdr, {0x06}, CaptionWatch(CaptionWatch::Units::kH264));
  survives(H265Pictures(), kH265MainIdr, {0x4E, 0x01}, CaptionWatch(CaptionWatch::Units::kH265));
}

TEST(CaptionServicesTest, AreReadFromTheirDescriptor) {
  // Two: CC1 in English, service 1 in Spanish; in front of them another descriptor.
  const auto services =
      parse_caption_services(from_hex("0a04656e6700"
                                      "860dc2"
                                      "656e67"
                                      "7e"
                                      "3fff"
                                      "737061"
                                      "c1"
                                      "3fff"));
  ASSERT_EQ(services.size(), 2u);
  EXPECT_EQ(services[0], (CaptionService{{false, 1}, "eng"}));
  EXPECT_EQ(services[1], (CaptionService{{true, 1}, "spa"}));
  EXPECT_TRUE(parse_caption_services(from_hex("0a04656e6700")).empty());
  EXPECT_EQ(parse_caption_services(from_hex("8607c2656e677f3fff")).size(), 1u);  // One is cut off; field 2.
  EXPECT_EQ(parse_caption_services(from_hex("8607c2656e677f3fff"))[0].channel, (CaptionChannel{false, 3}));
}

}  // namespace
}  // namespace fanlight::packager
