#include "fanlight_load/hls_changes.h"

#include <gtest/gtest.h>

#include "fanlight_load/hls_fixture.h"

namespace fanlight::load {
namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  return at == std::string::npos ? "not found" : text.replace(at, what.size(), by);
}

HlsFindings alone(const std::string& text) { return judge_hls_playlist(hls_list(text)); }

HlsFindings change(const std::string& before, const std::string& now) {
  return judge_hls_change(hls_list(before), hls_list(now));
}

std::vector<HlsFault> kinds(const HlsFindings& findings) {
  std::vector<HlsFault> kinds;
  for (const HlsFinding& one : findings) kinds.push_back(one.kind);
  return kinds;
}

using Kinds = std::vector<HlsFault>;

TEST(HlsChangesTest, AStreamThatGoesOnIsInOrder) {
  const std::vector<HlsText> course = {{.open_parts = 3},
                                       {.open_parts = 4},
                                       {.whole = 11},
                                       {.whole = 11, .open_parts = 1},
                                       {.first = 11, .whole = 11, .open_parts = 2}};
  for (std::size_t at = 0; at < course.size(); ++at) {
    EXPECT_EQ(alone(course[at].text()), HlsFindings{}) << at;
    if (at == 0) continue;
    EXPECT_EQ(change(course[at - 1].text(), course[at].text()), HlsFindings{}) << at;
  }
}

TEST(HlsChangesTest, TermsThatLowLatencyNeeds) {
  const std::string text = HlsText{.open_parts = 2}.text();
  EXPECT_EQ(kinds(alone(replaced(text, "CAN-BLOCK-RELOAD=YES,", ""))), Kinds{HlsFault::kPlaylist});
  EXPECT_EQ(kinds(alone(replaced(text, "PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.3"))), Kinds{HlsFault::kPlaylist});
  EXPECT_EQ(kinds(alone(replaced(text, "SKIP-UNTIL=12.0", "SKIP-UNTIL=6.0"))), Kinds{HlsFault::kPlaylist});
  EXPECT_EQ(kinds(alone(replaced(text, "PRELOAD-HINT", "NOTHING"))), Kinds{HlsFault::kHint});
  EXPECT_EQ(kinds(alone(replaced(text, "#EXT-X-MAP", "#EXT-X-NOTHING"))), Kinds{HlsFault::kPlaylist});
}

TEST(HlsChangesTest, DurationsKeepToTheirTargets) {
  const std::string text = HlsText{.open_parts = 3}.text();
  EXPECT_EQ(kinds(alone(replaced(text, "DURATION=0.20000,URI=\"s20.1", "DURATION=0.20001,URI=\"s20.1"))),
            Kinds{HlsFault::kDuration});
  EXPECT_EQ(kinds(alone(replaced(text, "DURATION=0.20000,URI=\"s20.1", "DURATION=0.16900,URI=\"s20.1"))),
            Kinds{HlsFault::kDuration});
  EXPECT_EQ(kinds(alone(replaced(text, "DURATION=0.20000,URI=\"s20.2", "DURATION=0.16900,URI=\"s20.2"))), Kinds{})
      << "the last of its segment, as far as anybody knows";
  EXPECT_EQ(kinds(alone(replaced(text, "#EXTINF:1.00000,\ns10", "#EXTINF:2.50000,\ns10"))), Kinds{HlsFault::kDuration});
  EXPECT_EQ(kinds(alone(replaced(text, "#EXTINF:1.00000,\ns19", "#EXTINF:1.10000,\ns19"))), Kinds{HlsFault::kDuration})
      << "not the sum of its parts";
}

TEST(HlsChangesTest, NumbersGoOnWithoutAHole) {
  const std::string before = HlsText{.first = 10, .open_parts = 2}.text();
  EXPECT_EQ(kinds(change(before, HlsText{.first = 9, .whole = 11, .open_parts = 2}.text())),
            Kinds{HlsFault::kSequence});
  EXPECT_EQ(kinds(change(before, HlsText{.first = 22}.text())), Kinds{HlsFault::kSequence});
  EXPECT_EQ(kinds(change(before, HlsText{.first = 10, .open_parts = 1}.text())),
            (Kinds{HlsFault::kSequence, HlsFault::kChanged}));
  EXPECT_EQ(kinds(change(before, replaced(before, "DISCONTINUITY-SEQUENCE:0", "DISCONTINUITY-SEQUENCE:1"))),
            Kinds{HlsFault::kSequence});
}

TEST(HlsChangesTest, ADiscontinuityThatLeavesIsCounted) {
  const std::string before = replaced(HlsText{}.text(), "#EXTINF", "#EXT-X-DISCONTINUITY\n#EXTINF");
  const std::string now = HlsText{.first = 11, .whole = 10}.text();
  EXPECT_EQ(kinds(change(before, now)), Kinds{HlsFault::kSequence});
  EXPECT_EQ(kinds(change(before, replaced(now, "DISCONTINUITY-SEQUENCE:0", "DISCONTINUITY-SEQUENCE:1"))), Kinds{});
}

TEST(HlsChangesTest, WhatWasToldStays) {
  const std::string before = HlsText{.open_parts = 2}.text();
  const std::string now = HlsText{.open_parts = 3}.text();
  const auto with = [&](const char* what, const char* by) { return kinds(change(before, replaced(now, what, by))); };
  EXPECT_EQ(with("PART-TARGET=0.2", "PART-TARGET=0.25"), Kinds{HlsFault::kChanged});
  EXPECT_EQ(with("TARGETDURATION:2", "TARGETDURATION:3"), Kinds{HlsFault::kChanged});
  EXPECT_EQ(with("PART-HOLD-BACK=0.6", "PART-HOLD-BACK=0.7"), Kinds{HlsFault::kChanged});
  EXPECT_EQ(with("URI=\"s20.1", "URI=\"s20.x"), Kinds{HlsFault::kChanged});
  EXPECT_EQ(with("s19.m4s", "s19.x"), Kinds{HlsFault::kChanged});
  EXPECT_EQ(with("#EXTINF:1.00000,\ns12", "#EXTINF:0.90000,\ns12"), Kinds{HlsFault::kChanged});
  EXPECT_EQ(with("#EXTINF:1.00000,\ns12", "#EXT-X-DISCONTINUITY\n#EXTINF:1.00000,\ns12"), Kinds{HlsFault::kChanged});
}

// A segment's end was foreseen: the hint is at the next one's first part.
TEST(HlsChangesTest, AHintBehindTheSegmentsEndComesTrueThere) {
  const std::string before = replaced(HlsText{.open_parts = 5}.text(), "URI=\"s20.5", "URI=\"s21.0");
  EXPECT_EQ(kinds(change(before, HlsText{.whole = 11, .open_parts = 1}.text())), Kinds{});
  const std::string other = replaced(HlsText{.whole = 11, .open_parts = 1}.text(), "URI=\"s21.0", "URI=\"s21.x");
  EXPECT_EQ(kinds(change(before, other)), Kinds{HlsFault::kHint});
}

TEST(HlsChangesTest, AHintComesTrue) {
  const std::string before = HlsText{.open_parts = 2}.text();
  EXPECT_EQ(kinds(change(before, replaced(HlsText{.open_parts = 3}.text(), "URI=\"s20.2", "URI=\"s20.x"))),
            Kinds{HlsFault::kHint});
  // Its segment closed with two parts.
  std::string closed = HlsText{.whole = 10}.text();
  closed = closed.substr(0, closed.find("#EXT-X-PRELOAD")) + HlsText::parts(20, 2) + "#EXTINF:0.40000,\ns20.m4s\n";
  const std::string hint = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s21.1.m4s\"\n";
  EXPECT_EQ(kinds(change(before, closed + HlsText::parts(21, 1) + hint)), Kinds{HlsFault::kHint});
  EXPECT_EQ(kinds(change(before, closed + "#EXT-X-DISCONTINUITY\n" + HlsText::parts(21, 1) + hint)), Kinds{})
      << "where the source broke off";
  const std::string gap = closed + "#EXT-X-GAP\n#EXTINF:0.1,\ns21.m4s\n#EXT-X-DISCONTINUITY\n" + HlsText::parts(22, 1);
  EXPECT_EQ(kinds(change(before, gap + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"s22.1.m4s\"\n")), Kinds{});
  const auto first = [](const std::string& text) {
    return replaced(text, "#EXT-X-PART:DURATION=0.20000,URI=\"s20.0",
                    "#EXT-X-DISCONTINUITY\n#EXT-X-PART:DURATION=0.20000,URI=\"s20.0");
  };
  EXPECT_EQ(kinds(change(first(before), first(closed + HlsText::parts(21, 1) + hint))), Kinds{})
      << "the first segment of another source";
}

TEST(HlsChangesTest, ReportsAreNearAndGoForward) {
  const auto at = [](std::uint64_t parts, const std::string& report) {
    return HlsText{.open_parts = parts, .more = "#EXT-X-RENDITION-REPORT:URI=\"../a0/i.m3u8\"," + report + "\n"}.text();
  };
  const std::string before = at(2, "LAST-MSN=20,LAST-PART=1");
  EXPECT_EQ(kinds(change(before, at(3, "LAST-MSN=20,LAST-PART=2"))), Kinds{});
  EXPECT_EQ(kinds(change(before, at(3, "LAST-MSN=20,LAST-PART=0"))), Kinds{HlsFault::kReport});
  EXPECT_EQ(kinds(change(before, at(3, "LAST-MSN=24,LAST-PART=0"))), Kinds{HlsFault::kReport});
  EXPECT_EQ(kinds(change(HlsText{.open_parts = 2}.text(), at(3, "LAST-MSN=17,LAST-PART=0"))), Kinds{HlsFault::kReport});
}

TEST(HlsChangesTest, ADeltaUpdateLeadsToTheWholePlaylist) {
  const HlsPlaylist before = hls_list(HlsText{.open_parts = 2}.text());
  const std::string whole = HlsText{.first = 11, .whole = 10, .open_parts = 1}.text();
  const auto merged =
      merge_hls_delta(&before, hls_list(HlsText{.first = 11, .whole = 10, .open_parts = 1, .skipped = 4}.text()));
  // Segment 20 was open, so 4 of 11 … 14 could be left out.
  ASSERT_TRUE(merged) << merged.error().what;
  EXPECT_EQ(*merged, hls_list(whole));
}

TEST(HlsChangesTest, ADeltaUpdateMayNotLeaveOutWhatWasNeverTold) {
  const HlsPlaylist before = hls_list(HlsText{.open_parts = 2}.text());
  const HlsText delta{.first = 11, .whole = 11, .skipped = 10};
  EXPECT_FALSE(merge_hls_delta(&before, hls_list(delta.text())));
  EXPECT_FALSE(merge_hls_delta(nullptr, hls_list(delta.text())));
  const HlsText sound{.first = 10, .whole = 10, .open_parts = 3, .skipped = 4};
  EXPECT_TRUE(merge_hls_delta(&before, hls_list(sound.text())));
  EXPECT_FALSE(merge_hls_delta(&before, hls_list(replaced(sound.text(), "#EXT-X-MAP", "#EXT-X-NO"))));
}

}  // namespace
}  // namespace fanlight::load
