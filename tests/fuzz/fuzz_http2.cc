// HTTP/2's glue behind a client's preface: whatever frames come, requests are well formed, each is answered or gone
// once, and what is queued stays in bounds. The first byte says how long the pieces are, the second how answers are
// given.
#include <algorithm>
#include <set>
#include <string>

#include "base/check.h"
#include "http/h2_session.h"

using namespace fanlight;
using namespace fanlight::packager;

namespace {

constexpr std::size_t kUnsentMax = 64 * 1024;

class Peer {
 public:
  explicit Peer(std::uint8_t habits) : habits_(habits) { session_.set_date("now"); }

  bool hear(ByteSpan bytes) {
    if (!session_.handle_bytes(now_, bytes)) return false;
    HttpRequest request;
    std::uint64_t stream = 0;
    while (session_.poll_request(counts_, stream, request)) {
      CHECK(request.path.starts_with('/') || request.path == "*");
      CHECK(waiting_.insert(stream).second);
      answer(stream);
    }
    while (session_.poll_gone(stream)) CHECK(waiting_.erase(stream) == 1);
    for (const std::uint64_t one : session_.waiting()) CHECK(waiting_.contains(one));
    return say();
  }

 private:
  void answer(std::uint64_t stream) {
    const SharedBytes body =
        SharedBytes::filled(100'000, [](MutableByteSpan to) { std::ranges::fill(to, std::byte{}); });
    if ((habits_ & 3) == 3) return;  // Never.
    if ((habits_ & 3) == 0) {
      HttpResponse response;
      response.body = {.pieces = {body, body}, .offset = 50'000, .size = 90'000};
      session_.respond(now_, stream, std::move(response));
    } else {
      session_.begin(now_, stream, {});
      session_.append(now_, stream, SharedBytes(body));
      if ((habits_ & 3) == 2) return;  // Its end does not come.
      session_.end(stream);
    }
    waiting_.erase(stream);
  }
  bool say() {
    OutQueue out;
    for (int i = 0; i < 8; ++i) {
      if (!session_.fill(now_, kUnsentMax, out)) return false;
      CHECK(out.size() <= kUnsentMax + 32 * 1024);
      out.clear();
    }
    return !session_.is_over();
  }

  H2Session session_;
  ServerCounts counts_;
  std::set<std::uint64_t> waiting_;
  Instant now_{1};
  std::uint8_t habits_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Peer peer(data[1]);
  if (!peer.hear(std::as_bytes(std::span(kH2Preface)))) return 0;
  ByteSpan bytes = std::as_bytes(std::span(data + 2, size - 2));
  while (!bytes.empty()) {
    const std::size_t now = std::min<std::size_t>(std::size_t{data[0]} + 1, bytes.size());
    if (!peer.hear(bytes.first(now))) return 0;
    bytes = bytes.subspan(now);
  }
  return 0;
}
