#include "codec/nal_units.h"

#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

std::vector<Bytes> units_of(std::string_view hex) {
  const Bytes bytes = from_hex(hex);
  std::vector<Bytes> all;
  NalUnits units(bytes);
  while (const auto unit = units.next()) all.push_back(copy(*unit));
  return all;
}

TEST(NalUnitsTest, StartCodesOfThreeAndFourBytesDivide) {
  EXPECT_EQ(units_of("00000001 09f0 000001 6711 00000001 6812"),
            (std::vector<Bytes>{from_hex("09f0"), from_hex("6711"), from_hex("6812")}));
}

TEST(NalUnitsTest, ZerosBehindAUnitAreNotPartOfIt) {
  EXPECT_EQ(units_of("000001 6511 000000000000 000001 4122 00000000"),
            (std::vector<Bytes>{from_hex("6511"), from_hex("4122")}));
}

TEST(NalUnitsTest, WhatAUnitNeedsAtItsEndStays) {
  // cabac_zero_words end in the byte that prevents emulation.
  EXPECT_EQ(units_of("000001 6511 000003 000003 000001 41"),
            (std::vector<Bytes>{from_hex("6511 000003 000003"), from_hex("41")}));
}

TEST(NalUnitsTest, EmptyUnitsAreNone) {
  EXPECT_EQ(units_of("000001 000001 00000001 000001 65"), std::vector<Bytes>{from_hex("65")});
  EXPECT_EQ(units_of("000001"), std::vector<Bytes>{});
  EXPECT_EQ(units_of("000001 0000"), std::vector<Bytes>{});
}

TEST(NalUnitsTest, BytesBeforeTheFirstStartCodeAreNobodys) {
  EXPECT_EQ(units_of("ffee 00 000001 65"), std::vector<Bytes>{from_hex("65")});
  EXPECT_EQ(units_of("6511 2233"), std::vector<Bytes>{});
  EXPECT_EQ(units_of(""), std::vector<Bytes>{});
}

TEST(NalUnitsTest, EmulationPreventionGoes) {
  EXPECT_EQ(unescape(from_hex("67 000003 00 000003 01 000004"), 100), from_hex("67 0000 00 0000 01 000004"));
  EXPECT_EQ(unescape(from_hex("000003 000003"), 100), from_hex("0000 0000"));
  EXPECT_EQ(unescape(from_hex("11223344"), 2), from_hex("1122"));
}

TEST(NalUnitsTest, WhereAPlainByteEndsInAUnit) {
  const Bytes unit = from_hex("67 000003 00 000003 01 000004");
  EXPECT_EQ(escaped_size(unit, 0), 0u);
  EXPECT_EQ(escaped_size(unit, 3), 3u);  // The byte that prevents emulation belongs to what follows it.
  EXPECT_EQ(escaped_size(unit, 4), 5u);
  EXPECT_EQ(escaped_size(unit, 7), 9u);
  EXPECT_EQ(escaped_size(unit, 10), 12u);
  EXPECT_EQ(escaped_size(unit, 11), 12u);
}

TEST(NalUnitsTest, ASampleHasLengthsOfFourBytes) {
  Bytes sample = from_hex("aa");
  append_unit(sample, from_hex("651122"));
  EXPECT_EQ(sample, from_hex("aa 00000003 651122"));
}

}  // namespace
}  // namespace fanlight::packager
