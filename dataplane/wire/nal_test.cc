#include "wire/nal.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

FirstPicture first(TsCodec codec, std::string_view hex) { return PictureFinder(codec).look_at(from_hex(hex)); }

TEST(PictureFinderTest, AnIdrIsAnAccessPointAnotherSliceIsNot) {
  EXPECT_EQ(first(TsCodec::kH264, "000001 09F0 000001 6742 000001 68CE 000001 65 88"), FirstPicture::kAccess);
  EXPECT_EQ(first(TsCodec::kH264, "000001 09F0 000001 6742 000001 68CE 000001 41 9A"), FirstPicture::kOther);
  EXPECT_EQ(first(TsCodec::kH264, "000001 0600 000001 6742"), FirstPicture::kUnseen);
}

TEST(PictureFinderTest, OfH265EveryIrapPictureIs) {
  for (unsigned type = 0; type < 32; ++type) {
    Bytes unit = from_hex("000001 0001");
    unit[3] = std::byte(type << 1);
    const bool is_access = type >= 16 && type <= 23;
    const FirstPicture wanted = is_access   ? FirstPicture::kAccess
                                : type < 16 ? FirstPicture::kOther
                                            : FirstPicture::kUnseen;
    EXPECT_EQ(PictureFinder(TsCodec::kH265).look_at(unit), wanted) << type;
  }
}

TEST(PictureFinderTest, TheFirstPictureDecides) {
  EXPECT_EQ(first(TsCodec::kH264, "000001 41 9A 000001 65 88"), FirstPicture::kOther);
}

TEST(PictureFinderTest, AStartCodeMayBeCutAnywhere) {
  const Bytes bytes = from_hex("00000001 09F0 00000001 6588");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    PictureFinder finder(TsCodec::kH264);
    const FirstPicture before = finder.look_at(ByteSpan(bytes).first(cut));
    EXPECT_EQ(before == FirstPicture::kUnseen ? finder.look_at(ByteSpan(bytes).subspan(cut)) : before,
              FirstPicture::kAccess)
        << cut;
  }
}

}  // namespace
}  // namespace fanlight::wire
