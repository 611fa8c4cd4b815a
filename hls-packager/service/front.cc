#include "service/front.h"

#include <string>
#include <utility>

#include "service/answers.h"

namespace fanlight::packager {
namespace {

constexpr std::string_view kNoPage =
    "<!doctype html><meta charset=\"utf-8\"><title>fanlight</title>"
    "<p>This packager was started without its page: it is built by <code>scripts/page.sh</code>, and found with "
    "<code>[http] page</code> or <code>--page</code>. Streams are at <code>/live/NAME/index.m3u8</code>; "
    "<a href=\"/api/streams.json\">what there is</a>.</p>";

HttpResponse answer_with(const Asset& asset, bool accepts_gzip) {
  HttpResponse response;
  response.fields = {{"content-type", std::string(asset.type)},
                     {"cache-control", asset.is_immutable ? "public, max-age=31536000, immutable" : "no-cache"},
                     {"vary", "accept-encoding"},
                     {"x-content-type-options", "nosniff"}};
  const bool is_packed = accepts_gzip && asset.document.gzip.size() > 0;
  if (is_packed) response.fields.emplace_back("content-encoding", "gzip");
  const SharedBytes& bytes = is_packed ? asset.document.gzip : asset.document.plain;
  response.body = {.pieces = {bytes}, .size = bytes.size()};
  return response;
}

bool is_page(std::string_view path) {
  return path == "/" || path.starts_with("/play/") || path.starts_with("/assets/");
}

}  // namespace

void Front::handle(HttpRequestId id, const HttpRequest& request) {
  const std::string_view path = request.path;
  const Health health = health_of(board_.age(request.arrived));
  const bool is_ours = is_page(path) || (path == "/metrics" && shows_.metrics) || path == "/api/streams.json" ||
                       (path == "/healthz" && health.status != 200);
  if (!is_ours || request.method == HttpMethod::kOptions) return origin_.handle(id, request);
  const auto answer = [&](std::uint16_t status, std::string_view type, auto&& text) {
    replies_.respond(id, made_answer(origin_.allow_origin(), status, type, std::forward<decltype(text)>(text)));
  };
  if (path == "/healthz") return answer(health.status, "text/plain; charset=utf-8", health.text);
  if (path == "/metrics") return answer(200, kMetricsContentType, texts_.metrics(request.arrived));
  if (path == "/api/streams.json") return answer(200, "application/json", texts_.streams(request.arrived));
  if (const Asset* asset = page_.find(path)) return replies_.respond(id, answer_with(*asset, request.accepts_gzip));
  if (!page_.is_there() && !path.starts_with("/assets/")) return answer(200, "text/html; charset=utf-8", kNoPage);
  answer(404, "text/plain; charset=utf-8", "no such file of the page\n");
}

}  // namespace fanlight::packager
