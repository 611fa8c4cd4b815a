// A request: a path, a query and a range, a line each. Whatever they say, they are read or refused; a path that is read
// has one name; and an origin with a stream answers, or keeps the request and forgets it.
#include <string>
#include <string_view>

#include "base/check.h"
#include "origin/origin.h"
#include "origin/test_show.h"

using namespace fanlight;
using namespace fanlight::packager;

namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string name_of_file(const Resource& resource) {
  switch (resource.kind) {
    case ResourceKind::kIndex:
      return "index.m3u8";
    case ResourceKind::kMpd:
      return "manifest.mpd";
    case ResourceKind::kInit:
      return init_name(resource.number, resource.part);
    case ResourceKind::kSegment:
      return segment_name(resource.number);
    case ResourceKind::kPart:
      return part_name(resource.number, resource.part);
    case ResourceKind::kKey:
      return resource.key_id + ".key";
    case ResourceKind::kLicence:
      return kLicenceName;
  }
  return {};
}

void check_path(std::string_view path) {
  const std::optional<std::vector<std::string>> segments = parse_path(path);
  const std::optional<Resource> resource = parse_resource(path);
  if (!segments) {
    CHECK(!resource);
    return;
  }
  for (const std::string& one : *segments)
    CHECK(!one.empty() && one != "." && one != ".." && one.find('/') == std::string::npos);
  if (resource) CHECK(segments->back() == name_of_file(*resource) && !resource->folder.empty());
}

void check_query(std::string_view query) {
  const std::optional<PlaylistQuery> read = parse_playlist_query(query);
  if (!read) return;
  CHECK(!read->part || read->msn);
  std::string written = read->wants_delta ? "_HLS_skip=YES" : "";
  if (read->part) written += "&_HLS_part=" + std::to_string(*read->part);
  if (read->msn) written += "&_HLS_msn=" + std::to_string(*read->msn);
  CHECK(parse_playlist_query(written) == read);
}

void check_range(std::string_view field) {
  const std::optional<RangeWish> wish = parse_range(field);
  for (const std::uint64_t size : {0, 1, 36}) {
    const std::optional<ByteRange> range = wish ? wish->of(size) : std::nullopt;
    if (range) CHECK(range->size > 0 && range->offset < size && range->size <= size - range->offset);
  }
}

void check_answer(std::string_view path, std::string_view query, std::string_view range) {
  OriginRig rig;
  Show show;
  show.add_segment(3);
  show.add_part();
  rig.publish(show);
  const std::uint64_t request = rig.ask(std::string(path), {.query = std::string(query), .range = std::string(range)});
  if (rig.is_answered(request)) {
    CHECK(rig.answer(request).count == 1 && rig.origin.counters().waiting.get() == 0);
    const HttpBody& body = rig.response(request).body;
    CHECK(text_from(body).size() == body.size);
  } else {
    rig.origin.handle_gone({.connection = 1, .stream = request});
    CHECK(rig.origin.next_deadline() == Instant::never());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view path = take_line(text), query = take_line(text), range = take_line(text);
  check_path(path);
  check_query(query);
  check_range(range);
  check_answer(path, query, range);
  return 0;
}
