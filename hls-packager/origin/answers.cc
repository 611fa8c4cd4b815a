#include "origin/answers.h"

#include <algorithm>

namespace fanlight::packager {
namespace {

constexpr std::string_view kTextType = "text/plain; charset=utf-8";
constexpr std::string_view kPlaylistType = "application/vnd.apple.mpegurl";
constexpr std::string_view kKeyType = "application/octet-stream", kLicenceType = "application/json";
constexpr std::string_view kMpdType = "application/dash+xml";

std::string max_age(std::uint32_t seconds) { return "max-age=" + std::to_string(seconds); }

std::string_view type_of(const RenditionSnapshot& rendition) { return rendition.is_video ? "video/mp4" : "audio/mp4"; }

std::uint64_t size_of(const std::vector<SharedBytes>& pieces) {
  std::uint64_t size = 0;
  for (const SharedBytes& one : pieces) size += one.size();
  return size;
}

HttpBody body_of(SharedBytes bytes) {
  const std::size_t size = bytes.size();
  return {.pieces = {std::move(bytes)}, .offset = 0, .size = size};
}

// Whether a list of entity tags has one, weak or not: RFC 9110 §13.1.2 compares weakly.
bool names_tag(std::string_view list, std::string_view quoted_tag) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (one.starts_with(' ') || one.starts_with('\t')) one.remove_prefix(1);
    while (one.ends_with(' ') || one.ends_with('\t')) one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == quoted_tag || one == "*") return true;
  }
  return false;
}

}  // namespace

HttpResponse Answers::begun(std::uint16_t status, std::string_view type, std::string cache_control) const {
  constexpr std::size_t kFieldsMax = 12;
  HttpResponse response{.status = status};
  response.fields.reserve(kFieldsMax);
  if (!type.empty()) response.fields.emplace_back("content-type", type);
  response.fields.emplace_back("cache-control", std::move(cache_control));
  response.fields.emplace_back("access-control-allow-origin", allow_origin_);
  response.fields.emplace_back("access-control-expose-headers", "Content-Length, Content-Range, Date, Age");
  response.fields.emplace_back("timing-allow-origin", allow_origin_);
  return response;
}

HttpResponse Answers::said(std::uint16_t status, std::string_view text, std::string cache_control) const {
  HttpResponse response = begun(status, kTextType, std::move(cache_control));
  response.body = body_of(SharedBytes::copy_of(std::string(text) + "\n"));
  return response;
}

HttpResponse Answers::document_head(const Ask& ask, std::uint32_t lifetime_s, bool is_gzip) const {
  HttpResponse response = begun(200, ask.kind == RequestKind::kMpd ? kMpdType : kPlaylistType, max_age(lifetime_s));
  response.fields.emplace_back("vary", "Accept-Encoding");
  response.fields.emplace_back("priority", "u=1");  // Before media. RFC 9218 §4.1
  if (is_gzip) response.fields.emplace_back("content-encoding", "gzip");
  return response;
}

HttpResponse Answers::playlist(const Ask& ask, const Document& document, std::uint32_t lifetime_s) const {
  const bool is_gzip = ask.accepts_gzip && document.gzip.size() != 0;
  HttpResponse response = document_head(ask, lifetime_s, is_gzip);
  response.body = body_of(is_gzip ? document.gzip : document.plain);
  return response;
}

HttpResponse Answers::tagged(const Ask& ask, const Document& document, std::uint32_t lifetime_s, std::string_view tag,
                             std::string_view if_none_match) const {
  HttpResponse response = playlist(ask, document, lifetime_s);
  const bool is_gzip = ask.accepts_gzip && document.gzip.size() != 0;
  std::string quoted = '"' + std::string(tag) + (is_gzip ? "-gzip\"" : "\"");
  if (names_tag(if_none_match, quoted)) {
    response.status = 304;
    response.body = {};
    std::erase_if(response.fields,
                  [](const auto& field) { return field.first == "content-type" || field.first == "content-encoding"; });
  }
  response.fields.emplace_back("etag", std::move(quoted));
  return response;
}

HttpResponse Answers::media_head(const RenditionSnapshot& from) const {
  HttpResponse response = begun(200, type_of(from), max_age(lifetime::of_media(from.target_duration)) + ", immutable");
  response.fields.emplace_back("priority", "u=3");
  return response;
}

HttpResponse Answers::media(const Ask& ask, std::vector<SharedBytes> pieces, const RenditionSnapshot& from) const {
  const std::uint64_t size = size_of(pieces);
  HttpResponse response = media_head(from);
  response.fields.emplace_back("accept-ranges", "bytes");
  ByteRange range{.offset = 0, .size = size};
  if (ask.range && !ask.is_head) {
    const std::optional<ByteRange> wanted = ask.range->of(size);
    if (!wanted) {
      HttpResponse none = refusal(416, "no such bytes", lifetime::of_refusal(from.target_duration));
      none.fields.emplace_back("content-range", "bytes */" + std::to_string(size));
      return none;
    }
    range = *wanted;
    response.status = 206;
    response.fields.emplace_back("content-range", "bytes " + std::to_string(range.offset) + "-" +
                                                      std::to_string(range.offset + range.size - 1) + "/" +
                                                      std::to_string(size));
  }
  response.body = {.pieces = std::move(pieces), .offset = range.offset, .size = range.size};
  return response;
}

// Nobody keeps it: a key that is served is for tests, and may be another tomorrow.
HttpResponse Answers::key(const Ask& ask) const {
  HttpResponse response = begun(200, ask.part == 1 ? kLicenceType : kKeyType, "no-store");
  response.body = body_of(ask.key);
  return response;
}

HttpResponse Answers::refusal(std::uint16_t status, std::string_view text, std::uint32_t lifetime_s) const {
  return said(status, text, max_age(lifetime_s));
}

HttpResponse Answers::too_early(std::uint16_t status, std::string_view text) const {
  return said(status, text, "no-store");
}

HttpResponse Answers::unavailable(std::string_view text) const {
  // As long as a player waits, and no longer: it is about now, not about what was asked for.
  HttpResponse response = refusal(503, text, 1);
  response.fields.emplace_back("retry-after", "1");
  return response;
}

HttpResponse Answers::text(std::string_view text) const { return said(200, text, "no-store"); }

HttpResponse Answers::preflight() const {
  HttpResponse response = begun(204, {}, max_age(86'400));
  response.fields.emplace_back("access-control-allow-methods", "GET, HEAD, OPTIONS");
  response.fields.emplace_back("access-control-allow-headers", "Range, If-None-Match");
  response.fields.emplace_back("access-control-max-age", "86400");
  return response;
}

}  // namespace fanlight::packager
