#include "origin/playlist_query.h"

namespace fanlight::packager {
namespace {

TEST(PlaylistQueryTest, DirectivesAreReadInAnyOrder_H76) {
  const PlaylistQuery all{.msn = 7, .part = 3, .wants_delta = true};
  EXPECT_EQ(parse_playlist_query("_HLS_msn=7&_HLS_part=3&_HLS_skip=YES"), all);
  EXPECT_EQ(parse_playlist_query("_HLS_skip=YES&_HLS_part=3&_HLS_msn=7"), all);
  EXPECT_EQ(parse_playlist_query("_HLS_part=3&token=x&_HLS_msn=7&&_HLS_skip=v2&"), all);
  EXPECT_EQ(parse_playlist_query(""), PlaylistQuery{});
  EXPECT_EQ(parse_playlist_query("_HLS_msn=18446744073709551615")->msn, UINT64_MAX);
}

TEST(PlaylistQueryTest, WhatIsNotADirectivePasses_H38) {
  for (const char* query :
       {"token=abc", "_HLS_report=1", "x", "=", "&", "hls_msn=x", "_hls_msn=x", "_HLS_skip=no", "a=_HLS_msn=x"})
    EXPECT_EQ(parse_playlist_query(query), PlaylistQuery{}) << query;
}

TEST(PlaylistQueryTest, APartWithoutItsSegmentIsRefused_H32) {
  EXPECT_FALSE(parse_playlist_query("_HLS_part=1"));
  EXPECT_FALSE(parse_playlist_query("_HLS_part=1&_HLS_skip=YES"));
}

TEST(PlaylistQueryTest, WhatIsNoNumberIsRefused_H32) {
  for (const char* value : {"", "-1", "+1", "1.5", "x", "0x1", " 1", "1 ", "1%30", "18446744073709551616", "1e3"}) {
    EXPECT_FALSE(parse_playlist_query(std::string("_HLS_msn=") + value)) << value;
    EXPECT_FALSE(parse_playlist_query(std::string("_HLS_msn=1&_HLS_part=") + value)) << value;
  }
  EXPECT_FALSE(parse_playlist_query("_HLS_msn"));
  EXPECT_FALSE(parse_playlist_query("_HLS_msn=1&_HLS_msn=1"));
}

}  // namespace
}  // namespace fanlight::packager
