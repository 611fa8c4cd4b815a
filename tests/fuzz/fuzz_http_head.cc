// HTTP/1.1 on a connection: whatever bytes come, in whatever pieces, the same is asked and the same is answered. The
// first byte says how long the pieces are.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "http/h1_session.h"

using namespace fanlight;
using namespace fanlight::packager;

namespace {

struct Story {
  std::string asked{};
  std::string said{};
  friend bool operator==(const Story&, const Story&) = default;
};

Story tell(ByteSpan bytes, std::size_t piece) {
  H1Session session;
  ServerCounts counts;
  OutQueue out;
  std::string scratch;
  Story story;
  const H1Session::Pen pen{{}, "now", scratch, out};
  while (!bytes.empty()) {
    const std::size_t now = std::min(piece, bytes.size());
    session.handle_bytes(bytes.first(now));
    bytes = bytes.subspan(now);
    HttpRequest request;
    while (session.poll_request(pen, counts, request)) {
      CHECK(request.path.starts_with('/') || request.path == "*");
      CHECK(request.path.find_first_of(" \r\n?#") == std::string_view::npos);
      story.asked.append(request.path).append("?").append(request.query).append(" ").append(request.range).append("\n");
      CHECK(session.respond(pen, session.stream(), {}));
      request = {};
    }
    CHECK(session.wants_bytes() || session.is_closing());
  }
  story.said.resize(out.size());
  (void)out.copy(std::as_writable_bytes(std::span(story.said)));
  return story;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteSpan bytes = std::as_bytes(std::span(data + 1, size - 1));
  if (bytes.size() > kRequestHeadBytesMax) return 0;  // Beyond it, what is refused first depends on the pieces.
  CHECK(tell(bytes, bytes.size() + 1) == tell(bytes, std::size_t{data[0]} + 1));
  return 0;
}
