// What players are told of sounds: their languages and names, and which is the default. H-61
#include <gtest/gtest.h>

#include "live/test_live_stage.h"

namespace fanlight::packager {
namespace {

using namespace test;

class SoundsTest : public LiveStage, public testing::Test {};

Publisher::Options two_languages() {
  return {.sound_descriptors = bytes_of({0x0A, 4, 'e', 'n', 'g', 0}),
          .other_sound_descriptors = bytes_of({0x0A, 4, 'd', 'e', 'u', 0})};
}

// Of each sound in the multivariant playlist, in its order: language and whether it is the default.
std::vector<std::string> choices_in(const std::string& text) {
  std::vector<std::string> choices;
  for (std::size_t at = text.find("LANGUAGE=\""); at != std::string::npos; at = text.find("LANGUAGE=\"", at + 1)) {
    const std::string of_it = text.substr(at, text.find('\n', at) - at);
    choices.push_back(of_it.substr(10, 3) + (of_it.find("DEFAULT=YES") == std::string::npos ? "" : " default"));
  }
  return choices;
}

using Choices = std::vector<std::string>;

Bytes language_of(const char* language) {
  Bytes descriptor = bytes_of({0x0A, 4});
  for (int i = 0; i < 3; ++i) descriptor.push_back(static_cast<std::byte>(language[i]));
  descriptor.push_back({});
  return descriptor;
}

TEST_F(SoundsTest, TheFirstSoundOfTheMapIsTheDefaultWhoeversFramesComeFirst) {  // H-61
  publish_anew(two_languages());
  play(seconds(5));
  EXPECT_EQ(choices_in(text_of(audience_.last().multivariant)), (Choices{"deu default", "eng"}));
  const std::string mpd = text_of(audience_.last().mpd);
  EXPECT_LT(mpd.find("lang=\"deu\""), mpd.find("lang=\"eng\""));
  EXPECT_LT(mpd.find("lang=\"eng\""), mpd.find("value=\"alternate\""));
}

TEST_F(SoundsTest, ItIsAlsoWhereItComesWithinTheFirstSegments) {  // H-61
  Publisher::Options options = two_languages();
  options.other_sound_from = 90'000 * 5 / 2;
  publish_anew(options);
  play(seconds(8));
  EXPECT_EQ(choices_in(text_of(audience_.last().multivariant)), (Choices{"deu default", "eng"}));
}

TEST_F(SoundsTest, OnceSoundIsOfferedTheDefaultStays) {  // H-61
  Publisher::Options options = two_languages();
  options.other_sound_from = 90'000 * 6;
  publish_anew(options);
  play(seconds(12));
  EXPECT_EQ(choices_in(text_of(audience_.last().multivariant)), (Choices{"eng default", "deu"}));
}

TEST_F(SoundsTest, SoundForWhoDoesNotSeeIsMarkedAndNotTheDefault) {  // H-61
  Publisher::Options options = two_languages();
  options.other_sound_descriptors.back() = std::byte{3};
  publish_anew(options);
  play(seconds(5));
  const std::string text = text_of(audience_.last().multivariant), mpd = text_of(audience_.last().mpd);
  EXPECT_EQ(choices_in(text), (Choices{"eng default", "deu"}));
  EXPECT_NE(text.find("LANGUAGE=\"deu\",DEFAULT=NO,AUTOSELECT=YES,CHARACTERISTICS="), std::string::npos) << text;
  const std::size_t mark = mpd.find("AudioPurposeCS:2007"), german = mpd.find("lang=\"deu\""),
                    english = mpd.find("lang=\"eng\""), alternate = mpd.find("\"alternate\"");
  EXPECT_TRUE(german < mark && mark < alternate && alternate < english) << mpd;
  for (const char* label : {"<Label>deu, described a", "<Label>eng a"}) EXPECT_EQ(count_of(mpd, label), 1u) << mpd;
}

TEST_F(SoundsTest, SoundsOfOneLanguageAreNumberedAndKeepTheirNames) {  // H-61
  Publisher::Options options = two_languages();
  options.other_sound_descriptors = options.sound_descriptors;
  publish_anew(options);
  play(seconds(5));
  std::string text = text_of(audience_.last().multivariant);
  EXPECT_NE(text.find("NAME=\"eng\",LANGUAGE=\"eng\",DEFAULT=YES"), std::string::npos) << text;
  EXPECT_NE(text.find("NAME=\"eng 2\",LANGUAGE=\"eng\",DEFAULT=NO"), std::string::npos) << text;
  publisher_.options().other_sound_from = 90'000 * 1'000;  // The first of the two ends.
  play(seconds(6));
  text = text_of(audience_.last().multivariant);
  EXPECT_EQ(count_of(text, "NAME="), 1u);
  EXPECT_NE(text.find("NAME=\"eng 2\","), std::string::npos) << text;
}

TEST_F(SoundsTest, ALanguageThatChangesIsToldAndAllGoesOn) {  // H-61, D-12
  publish_anew(two_languages());
  play(seconds(8));
  publisher_.options().sound_descriptors = language_of("deu");
  publisher_.set_tracks(true, true);
  play(seconds(12));
  const std::string text = text_of(audience_.last().multivariant);
  EXPECT_EQ(choices_in(text), (Choices{"deu default", "deu"}));
  EXPECT_NE(text.find("NAME=\"deu 2\",LANGUAGE=\"deu\",DEFAULT=NO"), std::string::npos) << text;
  EXPECT_EQ(audience_.last().renditions.size(), 3u);
  for (const auto& one : audience_.last().renditions) EXPECT_FALSE(one->has_ended);
  for (const char* folder : {"v0", "a0", "a1"}) EXPECT_EQ(audience_.of(folder).discontinuities(), 0u) << folder;
  const FaultTally changes = stream_.faults()[static_cast<std::size_t>(InputFault::kLanguageChange)];
  EXPECT_EQ(changes.count, 1u);
  EXPECT_EQ(changes.newest, "PID 257, deu after eng");
  // Of a period that runs nothing changes.
  const std::string mpd = text_of(audience_.last().mpd);
  ASSERT_EQ(count_of(mpd, "<Period "), 2u) << mpd;
  const std::size_t next = mpd.find("<Period ", mpd.find("<Period ") + 1);
  EXPECT_EQ(count_of(mpd.substr(0, next), "lang=\"eng\""), 1u) << mpd;
  EXPECT_EQ(count_of(mpd.substr(next), "lang=\"eng\""), 0u) << mpd;
  EXPECT_EQ(count_of(mpd.substr(next), "lang=\"deu\""), 2u) << mpd;
}

class UntoldLanguageTest : public LiveStage, public testing::TestWithParam<int> {};

TEST_P(UntoldLanguageTest, WhatIsToldWithinTheFirstSecondsIsTheSoundsLanguage) {  // H-61
  publish_anew({.sound_descriptors = language_of("und")});
  play(millis(GetParam()));
  publisher_.options().sound_descriptors = language_of("deu");
  publisher_.set_tracks(true, true);
  play(seconds(8));
  EXPECT_EQ(choices_in(text_of(audience_.last().multivariant)), (Choices{"deu default"}));
  EXPECT_EQ(audience_.last().renditions.size(), 2u);
  for (const InputFault fault : {InputFault::kLanguageChange, InputFault::kTrackLate})
    EXPECT_EQ(stream_.faults()[static_cast<std::size_t>(fault)].count, 0u);
  const std::string mpd = text_of(audience_.last().mpd);
  EXPECT_EQ(count_of(mpd, "<Period "), 1u);
  EXPECT_EQ(count_of(mpd, "lang=\"deu\""), 1u) << mpd;
}
INSTANTIATE_TEST_SUITE_P(All, UntoldLanguageTest, testing::Values(300, 1'200, 2'600));

class ReturningSoundTest : public LiveStage, public testing::TestWithParam<Bytes> {
 protected:
  [[nodiscard]] std::uint64_t faults(InputFault fault) const {
    return stream_.faults()[static_cast<std::size_t>(fault)].count;
  }
  void tell(const Bytes& sound, const Bytes& other) {
    publisher_.options().sound_descriptors = sound;
    publisher_.options().other_sound_descriptors = other;
    publisher_.set_tracks(true, true);
  }
  void expect_all_go_on(std::size_t renditions) const {
    EXPECT_EQ(audience_.last().renditions.size(), renditions);
    for (const auto& one : audience_.last().renditions) EXPECT_FALSE(one->has_ended) << one->folder;
    for (const InputFault fault : {InputFault::kTrackLate, InputFault::kTrackGone}) EXPECT_EQ(faults(fault), 0u);
  }
};

TEST_P(ReturningSoundTest, ItGoesOnWhenItsLanguageIsToldLateOnceMore) {  // H-61, H-80
  publish_anew({.sound_descriptors = GetParam()});
  play(seconds(5));
  tell(language_of("deu"), {});
  play(seconds(3));
  const std::uint64_t changes = faults(InputFault::kLanguageChange);
  lose_source();
  pass(seconds(4));
  publish_anew({.sound_descriptors = GetParam()});
  play(seconds(5));
  EXPECT_EQ(choices_in(text_of(audience_.last().multivariant)), (Choices{"deu default"}));
  tell(language_of("deu"), {});
  play(seconds(5));
  expect_all_go_on(2);
  EXPECT_EQ(choices_in(text_of(audience_.last().multivariant)), (Choices{"deu default"}));
  EXPECT_EQ(audience_.of("a0").discontinuities(), 1u);
  EXPECT_EQ(faults(InputFault::kLanguageChange), changes);
}

TEST_P(ReturningSoundTest, OfTwoEachFindsItsOwn) {  // H-61, H-80
  for (const bool is_renumbered : {false, true}) {
    publish_anew(two_languages());
    play(seconds(8));
    lose_source();
    pass(seconds(1));
    publish_anew(two_languages());
    if (is_renumbered) publisher_.renumber();
    tell(GetParam(), bytes_of({0x0A, 4, 'u', 'n', 'd', 0}));
    play(seconds(5));
    tell(two_languages().sound_descriptors, two_languages().other_sound_descriptors);
    play(seconds(5));
    expect_all_go_on(3);
    EXPECT_EQ(choices_in(text_of(audience_.last().multivariant)), (Choices{"deu default", "eng"}));
    EXPECT_EQ(faults(InputFault::kLanguageChange), 0u);
    lose_source();
    pass(seconds(1));
  }
}
INSTANTIATE_TEST_SUITE_P(All, ReturningSoundTest, testing::Values(Bytes{}, language_of("und")));

}  // namespace
}  // namespace fanlight::packager
