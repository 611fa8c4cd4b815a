#include "cmaf/fragment.h"

#include <gtest/gtest.h>

#include <array>

#include "cmaf/test_boxes.h"
#include "wire/test_bytes.h"

namespace fanlight::packager {
namespace {

const Bytes kThree = from_hex("a1a2a3");
const Bytes kTwo = from_hex("b1b2");

Sample sample(ByteSpan bytes, bool is_independent, std::int32_t composition_offset = 0,
              std::uint32_t duration = 3'000) {
  return {.bytes = bytes,
          .decode_time = 900'000,
          .duration = duration,
          .composition_offset = composition_offset,
          .is_independent = is_independent};
}

TEST(FragmentTest, APartInTheMiddleIsAMovieFragmentAndItsData) {
  const SharedBytes part = write_fragment({.sequence_number = 7}, std::array{sample(kThree, true)});
  EXPECT_EQ(tree_of(part.span()), "moof{mfhd traf{tfhd tfdt trun}} mdat");
  EXPECT_HEX(body_of(part.span(), "moof/mfhd"), "00000000 00000007");
  EXPECT_HEX(body_of(part.span(), "moof/traf/tfdt"), "01000000 00000000000dbba0");
  EXPECT_HEX(body_of(part.span(), "mdat"), "a1a2a3");
}

TEST(FragmentTest, TimesHave64Bits) {
  Sample late = sample(kTwo, true);
  late.decode_time = 0x0123'4567'89AB;
  EXPECT_HEX(body_of(write_fragment({}, std::array{late}).span(), "moof/traf/tfdt"), "01000000 0000 0123456789ab");
}

TEST(FragmentTest, TheWholeOfAFragmentByteForByte) {
  const SharedBytes part =
      write_fragment({.sequence_number = 2}, std::array{sample(kThree, true), sample(kTwo, false)});
  EXPECT_HEX(part.span(),
             "0000006c 6d6f6f66"
             "00000010 6d666864 00000000 00000002"
             "00000054 74726166"
             "00000018 74666864 00020028 00000001 00000bb8 01010000"
             "00000014 74666474 01000000 00000000000dbba0"
             "00000020 7472756e 01000205 00000002 00000074 02000000 00000003 00000002"
             "0000000d 6d646174 a1a2a3 b1b2");
}

struct Written {
  std::string header;
  std::string run;
};

Written run_of(std::span<const Sample> samples) {
  const SharedBytes part = write_fragment({}, samples);
  return {hex_of(body_of(part.span(), "moof/traf/tfhd")), hex_of(body_of(part.span(), "moof/traf/trun"))};
}

TEST(FragmentTest, WhatAllSamplesAgreeOnIsSaidOnce) {
  const Written run = run_of(std::array{sample(kTwo, true), sample(kTwo, true)});
  EXPECT_EQ(run.header, hex_text("00020038 00000001 00000bb8 00000002 02000000"));
  EXPECT_EQ(run.run, hex_text("01000001 00000002 0000006c"));
}

TEST(FragmentTest, WhatTheyDoNotIsSaidSampleBySample) {
  const Written run = run_of(
      std::array{sample(kThree, true, 0, 3'000), sample(kTwo, true, 6'000, 3'001), sample(kTwo, false, -3'000, 3'000)});
  EXPECT_EQ(run.header, hex_text("00020000 00000001"));
  EXPECT_EQ(run.run, hex_text("01000f01 00000003 00000090"
                              "00000bb8 00000003 02000000 00000000"
                              "00000bb9 00000002 02000000 00001770"
                              "00000bb8 00000002 01010000 fffff448"));
}

TEST(FragmentTest, ADependentPartHasNoSyncSample) {
  const Written run = run_of(std::array{sample(kTwo, false)});
  EXPECT_EQ(run.header, hex_text("00020038 00000001 00000bb8 00000002 01010000"));
  EXPECT_EQ(run.run, hex_text("01000001 00000001 0000006c"));
}

// From the first byte of moof, whatever stands before it.
TEST(FragmentTest, TheDataOffsetIsCountedFromTheMovieFragment) {
  const std::array samples{sample(kThree, true)};
  const SharedBytes first = write_fragment({.begins_segment = true, .producer_time = ProducerTime{}}, samples);
  EXPECT_EQ(hex_of(body_of(first.span(), "moof/traf/trun")), run_of(samples).run);
}

TEST(FragmentTest, OnlyTheFirstPartOfASegmentHasItsType) {
  const SharedBytes first = write_fragment({.begins_segment = true}, std::array{sample(kThree, true)});
  EXPECT_EQ(tree_of(first.span()), "styp moof{mfhd traf{tfhd tfdt trun}} mdat");
  EXPECT_HEX(body_of(first.span(), "styp"), "6d736468 00000000 6d736468 636d6673");
}

TEST(FragmentTest, ProducerTimesAreNtpAndSaidToBeOfTheCapture) {
  const SharedBytes part =
      write_fragment({.producer_time = ProducerTime{{1'500'000}, 900'000}}, std::array{sample(kTwo, true)});
  EXPECT_EQ(tree_of(part.span()), "prft moof{mfhd traf{tfhd tfdt trun}} mdat");
  EXPECT_HEX(body_of(part.span(), "prft"), "01000018 00000001 83aa7e8180000000 00000000000dbba0");
}

TEST(FragmentTest, WhatIsPutOffWasCapturedLaterAndIsOtherwiseTheSame) {
  const std::array samples{sample(kThree, true)};
  const auto captured_at = [&](WallTime at) {
    return write_fragment({.begins_segment = true, .producer_time = ProducerTime{at, 900'000}}, samples);
  };
  const SharedBytes part = captured_at({1'500'000});
  EXPECT_HEX(put_off(part, micros(2'750'000)).span(), hex_of(captured_at({4'250'000}).span()));
  EXPECT_HEX(put_off(part, micros(-250'000)).span(), hex_of(captured_at({1'250'000}).span()));
  const SharedBytes without = write_fragment({}, samples);
  EXPECT_HEX(put_off(without, seconds(1)).span(), hex_of(without.span()));
}

TEST(FragmentTest, PartsBehindOneAnotherAreTheSegment) {
  const std::array samples{sample(kThree, true), sample(kTwo, false)};
  Bytes segment = copy(write_fragment({.sequence_number = 1, .begins_segment = true}, samples).span());
  const SharedBytes second = write_fragment({.sequence_number = 2}, samples);
  segment.insert(segment.end(), second.span().begin(), second.span().end());
  EXPECT_EQ(tree_of(segment), "styp moof{mfhd traf{tfhd tfdt trun}} mdat moof{mfhd traf{tfhd tfdt trun}} mdat");
}

}  // namespace
}  // namespace fanlight::packager
