#include "codec/open_gop.h"

#include <gtest/gtest.h>

#include "codec/nal_units.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

const Bytes kSlice264 = from_hex("419a00");
const Bytes kRecoveryPoint = from_hex("060601c480");  // None until it is exact.

Bytes sample_of(const std::vector<Bytes>& units) {
  Bytes sample;
  for (const Bytes& unit : units) append_unit(sample, unit);
  return sample;
}

TEST(OpenGopTest, ARecoveryPointBeginsOne) {
  EXPECT_TRUE(begins_open_gop(sample_of({kRecoveryPoint, kSlice264}), Codec::kH264));
  const Bytes behind_others = from_hex("060502aabb0601c480");
  EXPECT_TRUE(begins_open_gop(sample_of({from_hex("0601010080"), behind_others}), Codec::kH264));
}

TEST(OpenGopTest, NothingElseDoes) {
  EXPECT_FALSE(begins_open_gop({}, Codec::kH264));
  EXPECT_FALSE(begins_open_gop(sample_of({kSlice264, kRecoveryPoint}), Codec::kH264));
  const Bytes after_ten = from_hex("06060216c080");  // Intra refresh: ten frames until it is.
  EXPECT_FALSE(begins_open_gop(sample_of({after_ten, kSlice264}), Codec::kH264));
  EXPECT_FALSE(begins_open_gop(sample_of({from_hex("0604ffff06")}), Codec::kH264));  // Cut short.
  EXPECT_FALSE(begins_open_gop(from_hex("0000000906"), Codec::kH264));
  EXPECT_FALSE(begins_open_gop(from_hex("0000000006"), Codec::kH264));
}

TEST(OpenGopTest, ACraBeginsOne) {
  const Bytes sei = from_hex("4e0100"), cra = from_hex("2a0180"), trailing = from_hex("020180");
  EXPECT_TRUE(begins_open_gop(sample_of({sei, cra}), Codec::kH265));
  EXPECT_FALSE(begins_open_gop(sample_of({sei, trailing, cra}), Codec::kH265));
  EXPECT_FALSE(begins_open_gop(sample_of({sei}), Codec::kH265));
}

}  // namespace
}  // namespace fanlight::packager
