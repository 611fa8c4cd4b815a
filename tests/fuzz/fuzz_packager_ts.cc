// A transport stream: whatever bytes come, in whatever pieces, segments are the same, their samples are in order, and
// each can be written. The first byte says how long the pieces are.
#include <algorithm>

#include "base/check.h"
#include "cmaf/fragment.h"
#include "segment/presentation.h"

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteSpan bytes = std::as_bytes(std::span(data + 1, size - 1));
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
