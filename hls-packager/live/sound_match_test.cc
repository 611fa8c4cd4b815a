#include "live/sound_match.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

using Places = std::vector<std::optional<std::size_t>>;
constexpr auto kNone = std::nullopt;

KnownSound sound(std::uint16_t pid, const char* language, bool describes_video = false,
                 std::vector<Codec> codecs = {Codec::kAac}) {
  return {pid, language, describes_video, std::move(codecs)};
}

TEST(SoundMatchTest, LanguagesDecideWhereTheyAreTold) {
  const std::vector playlists{sound(1, "deu"), sound(2, "eng"), sound(3, "eng", true)};
  EXPECT_EQ(match_sounds({sound(1, "eng"), sound(7, "deu")}, playlists), (Places{1, 0}));
  EXPECT_EQ(match_sounds({sound(1, "fra"), sound(2, "eng", true)}, playlists), (Places{kNone, 2}));
  EXPECT_EQ(match_sounds({sound(7, "deu", true)}, playlists), (Places{kNone}));
}

TEST(SoundMatchTest, OfOneLanguageEachHasItsOwnByPidThenByOrder) {
  const std::vector playlists{sound(1, "deu"), sound(2, "deu")};
  EXPECT_EQ(match_sounds({sound(2, "deu"), sound(1, "deu")}, playlists), (Places{1, 0}));
  EXPECT_EQ(match_sounds({sound(7, "deu"), sound(1, "deu")}, playlists), (Places{1, 0}));
  EXPECT_EQ(match_sounds({sound(7, "deu"), sound(8, "deu"), sound(9, "deu")}, playlists), (Places{0, 1, kNone}));
}

TEST(SoundMatchTest, WhatIsNotToldGoesByPidThenByOrder) {
  for (const char* untold : {"", "und"}) {
    const std::vector playlists{sound(1, "deu"), sound(2, "eng")};
    EXPECT_EQ(match_sounds({sound(2, untold), sound(1, untold)}, playlists), (Places{1, 0}));
    EXPECT_EQ(match_sounds({sound(7, untold), sound(1, untold)}, playlists), (Places{1, 0}));
    EXPECT_EQ(match_sounds({sound(7, untold), sound(8, untold)}, playlists), (Places{0, 1}));
    // The playlist's may be what was not told.
    EXPECT_EQ(match_sounds({sound(7, "eng"), sound(8, "fra")}, {sound(1, untold), sound(2, "eng")}), (Places{1, 0}));
    EXPECT_EQ(match_sounds({sound(7, untold), sound(8, untold)}, {sound(1, "deu"), sound(2, untold)}), (Places{0, 1}));
  }
}

TEST(SoundMatchTest, WhatIsToldHasTheBetterClaim) {
  EXPECT_EQ(match_sounds({sound(1, ""), sound(2, "deu")}, {sound(1, "deu"), sound(2, "eng")}), (Places{1, 0}));
  EXPECT_EQ(match_sounds({sound(1, ""), sound(2, "deu")}, {sound(1, "deu")}), (Places{kNone, 0}));
}

TEST(SoundMatchTest, WhoDoesNotSeeIsGivenWhatIsForThem) {
  const std::vector playlists{sound(1, "deu"), sound(2, "deu", true)};
  EXPECT_EQ(match_sounds({sound(7, "und", true), sound(8, "und")}, playlists), (Places{1, 0}));
  EXPECT_EQ(match_sounds({sound(7, "und", true)}, {sound(1, "deu")}), (Places{kNone}));
  EXPECT_EQ(match_sounds({sound(1, "und", true)}, {sound(1, "deu")}), (Places{0}));
}

TEST(SoundMatchTest, AnotherCodecIsAnotherSound) {
  const std::vector<Codec> ac3{Codec::kAc3}, either{Codec::kAc3, Codec::kEac3};
  const std::vector playlists{sound(1, "deu"), sound(2, "deu", false, ac3)};
  EXPECT_EQ(match_sounds({sound(1, "", false, either), sound(7, "")}, playlists), (Places{1, 0}));
  EXPECT_EQ(match_sounds({sound(1, "deu", false, {Codec::kOpus})}, playlists), (Places{kNone}));
  EXPECT_EQ(match_sounds({sound(1, "deu")}, {sound(1, "deu", false, {})}), (Places{kNone}));
}

}  // namespace
}  // namespace fanlight::packager
