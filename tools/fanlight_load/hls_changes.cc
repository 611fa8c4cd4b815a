#include "fanlight_load/hls_changes.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

namespace fanlight::load {
namespace {

// A part is that much of the target at least, unless something ends or begins there. RFC 8216bis §4.4.4.9
constexpr std::int64_t kPartPercentMin = 85;
// Least distances, in targets. §4.4.3.8
constexpr std::int64_t kHoldBackParts = 2;
constexpr std::int64_t kSkipBoundaryTargets = 6;
// How far renditions may be apart: half of it is what a player's directives may be ahead (§6.2.5.2).
constexpr std::uint64_t kSegmentsApart = 2;

std::string text_of(Micros time) { return std::to_string(time.count) + " us"; }

class Findings {
 public:
  void claim(bool holds, HlsFault kind, auto&& otherwise) {
    if (!holds) found_.push_back({kind, otherwise()});
  }
  HlsFindings take() { return std::move(found_); }

 private:
  HlsFindings found_;
};

void judge_terms(const HlsPlaylist& list, Findings& findings) {
  const auto lacks = [](const char* what) { return [what] { return std::string("it has no ") + what; }; };
  findings.claim(list.part_target > Micros{}, HlsFault::kPlaylist, lacks("EXT-X-PART-INF"));
  findings.claim(list.can_block, HlsFault::kPlaylist, lacks("CAN-BLOCK-RELOAD=YES"));
  findings.claim(list.part_hold_back >= kHoldBackParts * list.part_target, HlsFault::kPlaylist,
                 [&] { return "PART-HOLD-BACK of " + text_of(list.part_hold_back) + " is less than two parts"; });
  findings.claim(list.can_skip_until == Micros{} || list.can_skip_until >= kSkipBoundaryTargets * list.target_duration,
                 HlsFault::kPlaylist, [] { return std::string("CAN-SKIP-UNTIL is less than six target durations"); });
  findings.claim(list.has_ended == list.hint.empty(), HlsFault::kHint, [&] {
    return std::string(list.has_ended ? "it has ended, and hints at a part" : "it goes on, and hints at no part");
  });
  findings.claim(!list.segments.empty(), HlsFault::kPlaylist, lacks("segment"));
  findings.claim(list.segments.empty() || !list.segments.front().init.empty(), HlsFault::kPlaylist, lacks("EXT-X-MAP"));
}

void judge_part(const HlsPlaylist& list, const HlsSegment& segment, std::size_t at, Findings& findings) {
  const HlsPart& part = segment.parts[at];
  findings.claim(part.duration <= list.part_target, HlsFault::kDuration,
                 [&] { return "part " + part.uri + " of " + text_of(part.duration) + " is longer than the target"; });
  const bool is_last = at + 1 == segment.parts.size();
  const bool may_be_short = is_last || part.is_independent || part.is_gap || segment.parts[at + 1].is_gap;
  findings.claim(may_be_short || 100 * part.duration >= kPartPercentMin * list.part_target, HlsFault::kDuration, [&] {
    return "part " + part.uri + " of " + text_of(part.duration) + " is shorter than 85 % of the target";
  });
}

void judge_segment(const HlsPlaylist& list, const HlsSegment& segment, Findings& findings) {
  for (std::size_t at = 0; at < segment.parts.size(); ++at) judge_part(list, segment, at, findings);
  if (segment.is_open()) return;
  const Micros rounded = seconds((segment.duration.count + 500'000) / 1'000'000);
  findings.claim(rounded <= list.target_duration, HlsFault::kDuration, [&] {
    return "segment " + segment.uri + " of " + text_of(segment.duration) + " is longer than the target";
  });
  if (segment.parts.empty()) return;
  // Each of them is rounded.
  const std::int64_t slack = static_cast<std::int64_t>(segment.parts.size()) + 1;
  const std::int64_t off = (segment.duration - segment.parts_duration()).count;
  findings.claim(std::abs(off) <= slack, HlsFault::kDuration, [&] {
    return "segment " + segment.uri + " of " + text_of(segment.duration) + " has parts of " +
           text_of(segment.parts_duration());
  });
}

void judge_constants(const HlsPlaylist& before, const HlsPlaylist& now, Findings& findings) {
  const auto same = [&](Micros then, Micros later, const char* what) {
    findings.claim(then == later, HlsFault::kChanged,
                   [&] { return what + (" was " + text_of(then)) + " and is " + text_of(later); });
  };
  same(before.target_duration, now.target_duration, "the target duration");
  same(before.part_target, now.part_target, "the part target");
  same(before.part_hold_back, now.part_hold_back, "the hold-back");
  same(before.can_skip_until, now.can_skip_until, "the skip boundary");
  findings.claim(!before.has_ended || now.has_ended, HlsFault::kChanged,
                 [] { return std::string("it had ended and goes on"); });
}

void judge_numbers(const HlsPlaylist& before, const HlsPlaylist& now, Findings& findings) {
  findings.claim(now.media_sequence >= before.media_sequence, HlsFault::kSequence, [&] {
    return "it began with " + std::to_string(before.media_sequence) + " and begins with " +
           std::to_string(now.media_sequence);
  });
  findings.claim(now.media_sequence <= before.end_msn(), HlsFault::kSequence, [&] {
    return "after " + std::to_string(before.end_msn() - 1) + " it begins with " + std::to_string(now.media_sequence);
  });
  findings.claim(now.next() >= before.next() || now.has_ended, HlsFault::kSequence,
                 [&] { return "part " + before.next().text() + " was next, and now " + now.next().text(); });
  std::uint64_t left = 0;
  for (std::uint64_t msn = before.media_sequence; msn < std::min(now.media_sequence, before.end_msn()); ++msn)
    if (const HlsSegment* gone = before.find(msn)) left += gone->is_discontinuous ? 1 : 0;
  findings.claim(now.discontinuity_sequence == before.discontinuity_sequence + left, HlsFault::kSequence, [&] {
    return "the discontinuity sequence was " + std::to_string(before.discontinuity_sequence) + ", " +
           std::to_string(left) + " left, and is " + std::to_string(now.discontinuity_sequence);
  });
}

// Where both list parts, the later one has those of the earlier one first.
bool has_same_parts(const HlsSegment& then, const HlsSegment& later) {
  if (then.parts.empty() || later.parts.empty()) return true;
  const bool may_grow = then.is_open();
  if (later.parts.size() < then.parts.size() || (!may_grow && later.parts.size() != then.parts.size())) return false;
  return std::ranges::equal(then.parts, std::span(later.parts).first(then.parts.size()));
}

void judge_shared(const HlsPlaylist& before, const HlsPlaylist& now, Findings& findings) {
  const std::uint64_t end = std::min(before.end_msn(), now.end_msn());
  for (std::uint64_t msn = std::max(before.media_sequence, now.media_sequence); msn < end; ++msn) {
    const HlsSegment* const then = before.find(msn);
    const HlsSegment* const later = now.find(msn);
    if (then == nullptr || later == nullptr) continue;
    const auto changed = [&](const char* what) {
      return [what, msn] { return std::string(what) + " of segment " + std::to_string(msn); };
    };
    findings.claim(then->date == later->date, HlsFault::kChanged, changed("the date"));
    findings.claim(then->init == later->init, HlsFault::kChanged, changed("the init segment"));
    findings.claim(then->is_discontinuous == later->is_discontinuous, HlsFault::kChanged, changed("DISCONTINUITY"));
    findings.claim(then->is_open() || then->uri == later->uri, HlsFault::kChanged, changed("the URI"));
    findings.claim(then->is_open() || then->duration == later->duration, HlsFault::kChanged, changed("the duration"));
    findings.claim(has_same_parts(*then, *later), HlsFault::kChanged, changed("the parts"));
  }
}

// The part that was hinted at, or what stands there now. Where a source broke off, and in the first segment of the next
// one, nobody can foresee how many parts there are.
void judge_hint(const HlsPlaylist& before, const HlsPlaylist& now, Findings& findings) {
  HlsPlace place = before.next();
  if (before.hint.empty() || now.next() <= place) return;
  const HlsSegment* segment = now.find(place.msn);
  if (segment == nullptr || (segment->parts.empty() && !segment->is_open())) return;  // Not listed any more.
  if (place.part >= segment->parts.size()) {
    const HlsSegment* const next = now.find(place.msn + 1);
    if (segment->is_discontinuous || next == nullptr || next->is_discontinuous || next->is_gap) return;
    // The segment was foreseen to end here, and the hint was at the next one's first; or that lists no parts any more.
    if (next->parts.empty() || next->parts.front().uri == before.hint) return;
    findings.claim(false, HlsFault::kHint, [&] { return before.hint + " was hinted at, and its segment closed"; });
    return;
  }
  findings.claim(segment->parts[place.part].uri == before.hint, HlsFault::kHint,
                 [&] { return before.hint + " was hinted at, and " + segment->parts[place.part].uri + " came"; });
}

// A whole segment is past each of its parts.
HlsPlace last_of(const HlsReport& report) {
  return {report.msn, report.part.value_or(std::numeric_limits<std::uint64_t>::max())};
}

void judge_reports(const HlsPlaylist& before, const HlsPlaylist& now, Findings& findings) {
  for (const HlsReport& report : now.reports) {
    const HlsPlace told = last_of(report);
    const std::uint64_t own = now.end_msn();
    findings.claim(told.msn + kSegmentsApart + 1 >= own && told.msn <= own + kSegmentsApart, HlsFault::kReport,
                   [&] { return report.uri + " is at " + told.text() + ", this one at " + now.next().text(); });
    const auto then = std::ranges::find(before.reports, report.uri, &HlsReport::uri);
    if (then == before.reports.end()) continue;
    const HlsPlace was = last_of(*then);
    findings.claim(told >= was, HlsFault::kReport,
                   [&] { return report.uri + " was at " + was.text() + " and is at " + told.text(); });
  }
}

}  // namespace

Result<HlsPlaylist> merge_hls_delta(const HlsPlaylist* before, HlsPlaylist told) {
  if (told.skipped == 0) return told;
  const auto refuse = [](const std::string& what) { return Error{ErrorCode::kInvalid, what}; };
  if (before == nullptr) return refuse("a delta update without a playlist before it");
  if (!told.segments.empty() && told.segments.front().init.empty())
    return refuse("a delta update whose first segment has no EXT-X-MAP");
  std::vector<HlsSegment> all;
  const std::uint64_t end = told.media_sequence + std::exchange(told.skipped, 0);
  for (std::uint64_t msn = told.media_sequence; msn < end; ++msn) {
    const HlsSegment* const known = before->find(msn);
    if (known == nullptr || known->is_open())
      return refuse("a delta update leaves out segment " + std::to_string(msn) + ", which was never told whole");
    all.push_back(*known);
    all.back().parts.clear();
  }
  std::ranges::move(told.segments, std::back_inserter(all));
  told.segments = std::move(all);
  return told;
}

HlsFindings judge_hls_playlist(const HlsPlaylist& playlist) {
  Findings findings;
  judge_terms(playlist, findings);
  for (const HlsSegment& segment : playlist.segments) judge_segment(playlist, segment, findings);
  for (std::size_t at = 0; at + 1 < playlist.segments.size(); ++at)
    findings.claim(!playlist.segments[at].is_open(), HlsFault::kPlaylist,
                   [] { return std::string("parts without a segment in the middle"); });
  return findings.take();
}

HlsFindings judge_hls_change(const HlsPlaylist& before, const HlsPlaylist& now) {
  Findings findings;
  judge_constants(before, now, findings);
  judge_numbers(before, now, findings);
  judge_shared(before, now, findings);
  judge_hint(before, now, findings);
  judge_reports(before, now, findings);
  return findings.take();
}

}  // namespace fanlight::load
