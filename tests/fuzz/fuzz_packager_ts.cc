// A transport stream: whatever bytes come, in whatever pieces, segments are the same, their samples are in order, and
// each can be written. The first byte says how long the pieces are. Then the same bytes as a section of SCTE 35 with
// the CRC that it lacks: what is said of a range never changes. And as datagrams: where packets begin in them is within
// them, and the same in whatever pieces they come.
#include <algorithm>

#include "base/check.h"
#include "cmaf/fragment.h"
#include "ingest/ts_phase.h"
#include "live/splice_log.h"
#include "segment/presentation.h"
#include "ts/test_ts.h"

using namespace fanlight;
using namespace fanlight::packager;

namespace {

std::vector<CutSegment> cut(ByteSpan bytes, std::size_t piece) {
  Presentation presentation({.segment_ticks = kMediaClock / 2});
  std::vector<CutSegment> segments;
  while (!bytes.empty()) {
    const std::size_t now = std::min(piece, bytes.size());
    presentation.handle(bytes.first(now), segments);
    bytes = bytes.subspan(now);
  }
  presentation.finish(segments);
  for (const CutSegment& segment : segments) CHECK(segment.track < presentation.tracks().size());
  return segments;
}

void check_writable(const CutSegment& segment) {
  std::vector<Sample> samples;
  std::int64_t last = -1;
  for (const TimedSample& one : segment.samples) {
    CHECK(one.decode_time > last || one.timescale != segment.samples.front().timescale);
    CHECK(one.format == segment.samples.front().format && one.presentation_time >= one.decode_time);
    last = one.decode_time;
    samples.push_back({.bytes = one.bytes, .decode_time = one.decode_time, .duration = one.duration});
  }
  CHECK(write_fragment({.begins_segment = true}, samples).size() > 0);
}

// Said twice, for a moment and for a later one.
void check_splices(ByteSpan bytes) {
  constexpr std::size_t kBytesMax = 4093 - 4;
  const ByteSpan body = bytes.first(std::min(bytes.size(), kBytesMax));
  const std::size_t length = body.size() + 4;
  test::Bytes section = test::bytes_of({0xFC, 0x30 | static_cast<int>(length >> 8), static_cast<int>(length & 0xFF)});
  test::append(section, body);
  SpliceCounts counts;
  const std::optional<SpliceInfo> info = parse_splice_info(test::with_crc(std::move(section)), counts);
  CHECK(counts.commands + counts.encrypted + counts.malformed + counts.other == 1);
  CHECK(info.has_value() == (counts.commands == 1));
  if (!info) return;
  CHECK(!info->events.empty() && info->pts.value_or(0) < kTicks33);
  SpliceLog log;
  std::vector<DateRange> said;
  for (const std::int64_t at : {100'000, 100'000, 900'000})
    log.handle({.media_time = at, .info = *info}, WallTime{at * 100 / 9}, 500'000, said);
  CHECK(log.ranges().size() <= kDateRangesMax);
  for (const DateRange& one : said) {
    CHECK(one.duration.value_or(Micros{}) >= Micros{} && date_range_tag(one).size() > 2 * info->section.size());
    for (const DateRange& other : said) CHECK(other.id != one.id || other.begins == one.begins);
  }
}

constexpr std::byte kSync{0x47};

// Behind `datagram`, whose packets begin `first` bytes from its start and so on.
void check_phase(const TsPhase& phase, ByteSpan datagram, std::size_t first) {
  CHECK(phase.packet_bytes == 188 || phase.packet_bytes == 192 || phase.packet_bytes == 204);
  CHECK(phase.until_next < phase.packet_bytes);
  std::size_t at = first;
  for (; at < datagram.size(); at += phase.packet_bytes) CHECK(datagram[at] == kSync);
  CHECK(at == datagram.size() + phase.until_next);
}

void check_phases(ByteSpan bytes, std::size_t piece) {
  const ByteSpan foremost = bytes.first(std::min(piece, bytes.size()));
  const std::optional<TsPhase> begun = find_ts_phase(foremost);
  if (!begun) return;
  std::optional<TsPhase> phase =
      TsPhase{begun->packet_bytes, (foremost.size() + begun->until_next) % begun->packet_bytes};
  check_phase(*begun, foremost, phase->until_next);
  const std::optional<TsPhase> again = follow_ts_phase(*phase, foremost);
  CHECK(again && again->until_next == begun->until_next);
  const std::optional<TsPhase> whole = follow_ts_phase(*phase, bytes);
  if (whole) check_phase(*whole, bytes, phase->until_next);
  for (ByteSpan rest = bytes; phase && !rest.empty();) {
    const ByteSpan now = rest.first(std::min(piece, rest.size()));
    const std::size_t first = phase->until_next;
    phase = follow_ts_phase(*phase, now);
    if (phase) check_phase(*phase, now, first);
    rest = rest.subspan(now.size());
  }
  CHECK(whole.has_value() == phase.has_value());
  CHECK(!whole || whole->until_next == phase->until_next);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteSpan bytes = std::as_bytes(std::span(data + 1, size - 1));
  check_splices(bytes.first(std::min<std::size_t>(bytes.size(), 600)));
  check_phases(bytes, std::size_t{data[0]} * 8 + 1);
  const std::vector<CutSegment> whole = cut(bytes, bytes.size() + 1), pieces = cut(bytes, std::size_t{data[0]} + 1);
  CHECK(whole.size() == pieces.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CHECK(whole[i].track == pieces[i].track && whole[i].number == pieces[i].number);
    CHECK(std::ranges::equal(whole[i].samples, pieces[i].samples, {}, &TimedSample::decode_time,
                             &TimedSample::decode_time));
    CHECK(std::ranges::equal(whole[i].samples, pieces[i].samples, {}, &TimedSample::bytes, &TimedSample::bytes));
    check_writable(whole[i]);
  }
  return 0;
}
