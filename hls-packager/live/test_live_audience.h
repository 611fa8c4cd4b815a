// An audience for tests: looks at every snapshot and at how it follows from the one before, as the strictest player
// would. The lines of the requirement list that it holds stand with the claims.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cmaf/test_boxes.h"
#include "live/snapshot.h"
#include "live/test_live.h"
#include "playlist/names.h"
#include "playlist/test_playlist.h"

namespace fanlight::packager::test {

inline std::string attribute_of(const std::string& line, const std::string& name) {
  const std::size_t at = line.find(name + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 1;
  if (line[begin] == '"') return line.substr(begin + 1, line.find('"', begin + 1) - begin - 1);
  return line.substr(begin, line.find(',', begin) - begin);
}

inline std::string line_with(const std::vector<std::string>& lines, const std::string& tag) {
  for (const std::string& line : lines)
    if (line.starts_with(tag)) return line;
  return {};
}

// Of a fragment: decode time, and all durations added up, in ticks.
struct FragmentTimes {
  std::uint64_t begins = 0;
  std::uint64_t duration = 0;
  std::size_t samples = 0;
};

inline FragmentTimes times_of_fragment(ByteSpan bytes) {
  FragmentTimes times;
  const ByteSpan tfdt = body_of(bytes, "moof/traf/tfdt"), tfhd = body_of(bytes, "moof/traf/tfhd"),
                 trun = body_of(bytes, "moof/traf/trun");
  times.begins = std::uint64_t{load_be32(tfdt.data() + 4)} << 32 | load_be32(tfdt.data() + 8);
  const std::uint32_t common = load_be32(tfhd.data()), own = load_be32(trun.data());
  times.samples = load_be32(trun.data() + 4);
  if ((common & 0x08) != 0) {
    times.duration = std::uint64_t{load_be32(tfhd.data() + 8)} * times.samples;
    return times;
  }
  const std::size_t head = 4 + 4 + 4 + ((own & 4) != 0 ? 4 : 0);
  const std::size_t each = ((own & 0x100) != 0 ? 4u : 0u) + ((own & 0x200) != 0 ? 4u : 0u) +
                           ((own & 0x400) != 0 ? 4u : 0u) + ((own & 0x800) != 0 ? 4u : 0u);
  for (std::size_t i = 0; i < times.samples; ++i) times.duration += load_be32(trun.data() + head + i * each);
  return times;
}

// Under one of its keys, or none.
inline bool names_it(const LiveInit& init, const std::string& map) {
  for (std::size_t key = 0; key <= init.of_further_keys.size(); ++key)
    if (init_name(init.init, key) == map) return true;
  return false;
}

class RenditionAudience {
 public:
  explicit RenditionAudience(bool insists_on_independence) : insists_(insists_on_independence) {}

  void look(const RenditionSnapshot& now) {
    const std::string text = text_of(now.playlist);
    if (before_ended_) {
      EXPECT_EQ(text, text_);
      return;
    }
    text_ = text;
    const ReadPlaylist read = PlaylistReader::read(text);
    look_at_head(read, now);
    look_at_parts(read, now);
    if (before_) look_at_change(*before_, read);
    look_at_delta(read, now);
    look_at_tail(read, now);
    look_at_bytes(read, now);
    before_ = read;
    before_ended_ = now.has_ended;
    ++looks_;
  }
  [[nodiscard]] const ReadPlaylist& newest() const { return *before_; }
  [[nodiscard]] std::size_t looks() const { return looks_; }
  [[nodiscard]] std::size_t discontinuities() const { return discontinuities_; }
  // Such as begin with a picture that needs those before it.
  [[nodiscard]] std::size_t dependent_discontinuities() const { return dependent_discontinuities_; }
  [[nodiscard]] std::size_t hints_missed() const { return hints_missed_; }
  // That were put together with the playlist before, and were the whole.
  [[nodiscard]] std::size_t deltas() const { return deltas_; }
  // Microseconds of media over all segments seen, and ticks of their fragments.
  [[nodiscard]] std::int64_t length_us() const { return length_us_; }

 private:
  void look_at_head(const ReadPlaylist& read, const RenditionSnapshot& now) {
    EXPECT_EQ(read.head.front(), "#EXTM3U");  // H-01
    EXPECT_EQ(read.head[1], "#EXT-X-VERSION:6");
    const std::string target = line_with(read.head, "#EXT-X-TARGETDURATION:");
    const std::string part_target = line_with(read.head, "#EXT-X-PART-INF:");
    const std::string control = line_with(read.head, "#EXT-X-SERVER-CONTROL:");
    if (target_.empty()) target_ = target, part_target_ = part_target, control_ = control;
    EXPECT_EQ(target, target_);            // H-02
    EXPECT_EQ(part_target, part_target_);  // H-03
    EXPECT_EQ(control, control_);
    const std::int64_t part_us = us_of(attribute_of(part_target, "PART-TARGET"));
    EXPECT_EQ(part_us, (now.part_target + kPartExcess).count);
    EXPECT_EQ(attribute_of(control, ":CAN-BLOCK-RELOAD"), "YES");  // H-07
    EXPECT_GE(us_of(attribute_of(control, "PART-HOLD-BACK")), 3 * part_us);
    const std::int64_t target_s = std::stoll(target.substr(target.find(':') + 1));
    EXPECT_GE(us_of(attribute_of(control, "CAN-SKIP-UNTIL")), 6'000'000 * target_s);
    std::int64_t length = 0;
    for (const ReadSegment& segment : read.segments) {
      EXPECT_LE(std::llround(static_cast<double>(segment.duration_us) / 1e6), target_s);  // H-02
      EXPECT_FALSE(segment.date.empty()) << segment.msn;  // H-11; H-41: a delta may begin with any, a gap too.
      length += segment.duration_us;
    }
    EXPECT_FALSE(line_with(read.head, "#EXT-X-DISCONTINUITY-SEQUENCE:").empty());  // H-10
    EXPECT_EQ(read.media_sequence, now.first_msn);
    EXPECT_GT(length, 0);
  }

  void look_at_parts(const ReadPlaylist& read, const RenditionSnapshot& now) {
    const std::int64_t target = (now.part_target + kPartExcess).count;
    for (const ReadSegment& segment : read.segments) look_at_parts_of(segment, true, target);
    look_at_parts_of(read.open, false, target);
  }
  void look_at_parts_of(const ReadSegment& segment, bool is_whole, std::int64_t target) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < segment.parts.size(); ++i) {
      const std::string& part = segment.parts[i];
      const std::int64_t duration = us_of(attribute_of(part, "DURATION"));
      const bool is_independent = part.find("INDEPENDENT=YES") != std::string::npos;
      EXPECT_LE(duration, target) << part;  // H-04
      const bool may_be_short = is_independent || (is_whole && i + 1 == segment.parts.size());
      EXPECT_TRUE(may_be_short || duration * 100 >= target * 85) << part;  // H-05
      EXPECT_TRUE(i != 0 || is_independent || !insists_) << part;          // H-13, H-14
      sum += duration - kPartExcess.count;
    }
    if (!is_whole || segment.parts.empty()) return;
    EXPECT_LE(std::llabs(sum - segment.duration_us), static_cast<std::int64_t>(segment.parts.size()));
  }

  // H-09, H-10, H-19
  void look_at_change(const ReadPlaylist& before, const ReadPlaylist& now) {
    ASSERT_GE(now.media_sequence, before.media_sequence);
    std::size_t left = 0;
    for (const ReadSegment& segment : before.segments) {
      if (segment.msn < now.media_sequence) {
        left += segment.is_discontinuous ? 1 : 0;
        continue;
      }
      const std::size_t place = segment.msn - now.media_sequence;
      ASSERT_LT(place, now.segments.size());
      ReadSegment then = segment, later = now.segments[place];
      EXPECT_TRUE(later.parts.empty() || later.parts == then.parts);
      then.parts.clear(), later.parts.clear();
      EXPECT_EQ(later, then);
    }
    const auto sequence = [](const ReadPlaylist& read) {
      return std::stoull(line_with(read.head, "#EXT-X-DISCONTINUITY-SEQUENCE:").substr(30));
    };
    EXPECT_EQ(sequence(now), sequence(before) + left);
    look_at_ranges(before, now);
    if (before.open.parts.empty()) return;
    const std::size_t open = before.media_sequence + before.segments.size() - now.media_sequence;
    const std::vector<std::string>& grown = open < now.segments.size() ? now.segments[open].parts : now.open.parts;
    if (open < now.segments.size() && grown.empty()) return;  // So long ago that its parts are not listed.
    ASSERT_GE(grown.size(), before.open.parts.size());
    EXPECT_TRUE(std::equal(before.open.parts.begin(), before.open.parts.end(), grown.begin()));
  }

  // H-19, H-24: they come at the end, and go at the front when what they are about has gone.
  static void look_at_ranges(const ReadPlaylist& before, const ReadPlaylist& now) {
    std::vector<std::string> stayed;
    for (const std::string& line : before.ranges)
      if (std::ranges::find(now.ranges, line) != now.ranges.end()) stayed.push_back(line);
    ASSERT_GE(now.ranges.size(), stayed.size());
    EXPECT_TRUE(std::equal(stayed.begin(), stayed.end(), now.ranges.begin()));
    EXPECT_TRUE(before.media_sequence != now.media_sequence || stayed == before.ranges);
    std::map<std::string, std::string> said;  // By ID and name.
    for (const std::string& line : now.ranges)
      for (const char* name : {"START-DATE", "PLANNED-DURATION", ",DURATION", "SCTE35-OUT", "SCTE35-IN"}) {
        const std::string value = attribute_of(line, name);
        if (value.empty()) continue;
        const auto [at, is_new] = said.try_emplace(attribute_of(line, "ID") + name, value);
        EXPECT_TRUE(is_new || at->second == value) << line;
      }
  }

  // H-40 to H-43
  void look_at_delta(const ReadPlaylist& whole, const RenditionSnapshot& now) {
    if (now.delta.is_empty() || !before_) return;
    const ReadPlaylist delta = PlaylistReader::read(text_of(now.delta));
    const auto rebuilt = reconstructed(*before_, delta);
    if (!rebuilt) return;
    ASSERT_EQ(rebuilt->size(), whole.segments.size());
    for (std::size_t i = 0; i < rebuilt->size(); ++i) {
      ReadSegment a = (*rebuilt)[i], b = whole.segments[i];
      if (i < delta.skipped) a.parts.clear(), b.parts.clear();
      EXPECT_EQ(a, b);
    }
    EXPECT_EQ(delta.open, whole.open);
    EXPECT_EQ(delta.tail, whole.tail);
    EXPECT_EQ(delta.ranges, whole.ranges);
    ++deltas_;
  }

  // H-16: one part is hinted at: the next one, or the next segment's first where this one is thought to be all.
  void look_at_tail(const ReadPlaylist& read, const RenditionSnapshot& now) {
    std::string hint;
    std::size_t hints = 0;
    for (const std::string& line : read.tail) {
      if (!line.starts_with("#EXT-X-PRELOAD-HINT:TYPE=PART")) continue;
      hint = attribute_of(line, "URI");
      ++hints;
    }
    EXPECT_EQ(hints, now.has_ended ? 0u : 1u);
    const std::uint64_t open = read.media_sequence + read.segments.size();
    EXPECT_TRUE(read.open.parts.size() > 0 || !now.hints_at_next_segment);
    EXPECT_EQ(hint, now.has_ended               ? ""
                    : now.hints_at_next_segment ? part_name(open + 1, 0)
                                                : part_name(open, read.open.parts.size()));
    // Another came, or none did.
    hints_missed_ += !hint_.empty() && hint != hint_ && text_.find('"' + hint_ + '"') == std::string::npos ? 1 : 0;
    hint_ = hint;
    EXPECT_EQ(now.has_ended, line_with(read.tail, "#EXT-X-ENDLIST") != "");
  }

  // H-52, H-54: what is listed is there, and a segment is its parts. Decode times have no hole but at a discontinuity.
  void look_at_bytes(const ReadPlaylist& read, const RenditionSnapshot& now) {
    std::map<std::uint64_t, const LiveSegment*> segments;
    for (const auto& segment : now.segments) {
      EXPECT_TRUE(segments.empty() || segment->msn == segments.rbegin()->first + 1);
      segments[segment->msn] = segment.get();
    }
    for (const ReadSegment& segment : read.segments) {
      ASSERT_EQ(segments.count(segment.msn), 1u);
      EXPECT_TRUE(segments[segment.msn]->is_whole);
      EXPECT_EQ(segments[segment.msn]->parts.empty(), segment.is_gap);
      if (segment.msn >= next_new_) take_new(segment, *segments[segment.msn]);
    }
    if (!read.open.parts.empty()) {
      const std::uint64_t msn = read.media_sequence + read.segments.size();
      ASSERT_EQ(segments.count(msn), 1u);
      EXPECT_EQ(segments[msn]->parts.size(), read.open.parts.size());
      EXPECT_FALSE(segments[msn]->is_whole);
    }
    for (const ReadSegment& segment : read.segments) {
      const std::string map = segment.map.substr(1, segment.map.size() - 2);
      EXPECT_TRUE(std::ranges::any_of(now.inits, [&](const LiveInit& init) { return names_it(init, map); })) << map;
    }
  }
  void take_new(const ReadSegment& read, const LiveSegment& segment) {
    if (read.is_discontinuous) ++discontinuities_;
    const bool is_independent = read.parts.empty() || read.parts[0].find("INDEPENDENT=YES") != std::string::npos;
    dependent_discontinuities_ += read.is_discontinuous && !is_independent ? 1 : 0;
    if (segment.parts.empty()) decoded_until_.reset();  // Behind a gap anything may come.
    for (std::size_t i = 0; i < segment.parts.size(); ++i) {
      const FragmentTimes times = times_of_fragment(segment.parts[i].span());
      EXPECT_EQ(i == 0, tree_of(segment.parts[i].span()).starts_with("styp"));
      const bool may_jump = (i == 0 && read.is_discontinuous) || !decoded_until_;
      EXPECT_EQ(times.begins, may_jump ? times.begins : *decoded_until_) << read.msn << " " << i;
      decoded_until_ = times.begins + times.duration;
    }
    next_new_ = read.msn + 1;
    length_us_ += read.duration_us;
  }

  bool insists_;
  std::optional<ReadPlaylist> before_;
  bool before_ended_ = false;
  std::string text_;
  std::string target_, part_target_, control_;
  std::uint64_t next_new_ = 0;
  std::optional<std::uint64_t> decoded_until_;
  std::string hint_;
  std::size_t looks_ = 0, discontinuities_ = 0, dependent_discontinuities_ = 0, hints_missed_ = 0, deltas_ = 0;
  std::int64_t length_us_ = 0;
};

class Audience {
 public:
  explicit Audience(bool insists_on_independence = true) : insists_(insists_on_independence) {}

  void look(const std::shared_ptr<const StreamSnapshot>& snapshot) {
    if (!snapshot) return;
    EXPECT_EQ(snapshot->multivariant.is_empty(), snapshot->renditions.empty());
    for (const auto& rendition : snapshot->renditions) {
      ASSERT_NE(rendition, nullptr);
      const auto [at, is_new] = renditions_.try_emplace(rendition->folder, rendition->is_video ? insists_ : true);
      if (last_ && !is_new && is_same(*last_, rendition)) continue;
      at->second.look(*rendition);
    }
    last_ = snapshot;
    look_at_reports(text_of(snapshot->multivariant));
  }
  [[nodiscard]] const StreamSnapshot& last() const { return *last_; }
  [[nodiscard]] bool has_seen_any() const { return last_ != nullptr; }
  [[nodiscard]] RenditionAudience& of(const std::string& folder) { return renditions_.at(folder); }
  [[nodiscard]] bool knows(const std::string& folder) const { return renditions_.count(folder) != 0; }

 private:
  static bool is_same(const StreamSnapshot& before, const std::shared_ptr<const RenditionSnapshot>& one) {
    return std::ranges::find(before.renditions, one) != before.renditions.end();
  }
  // H-18: each of those that are named reports the others.
  void look_at_reports(const std::string& multivariant) {
    std::vector<std::string> named;
    for (const auto& [folder, audience] : renditions_)
      if (multivariant.find(folder + "/index.m3u8") != std::string::npos) named.push_back(folder);
    for (const std::string& one : named) {
      const ReadPlaylist& read = renditions_.at(one).newest();
      if (line_with(read.tail, "#EXT-X-ENDLIST") != "") continue;
      for (const std::string& other : named) {
        const std::string report = "#EXT-X-RENDITION-REPORT:URI=\"../" + other + "/index.m3u8\"";
        EXPECT_TRUE(other == one || !line_with(read.tail, report).empty()) << one << " of " << other;
      }
    }
  }

  bool insists_;
  std::map<std::string, RenditionAudience> renditions_;
  std::shared_ptr<const StreamSnapshot> last_;
};

}  // namespace fanlight::packager::test
