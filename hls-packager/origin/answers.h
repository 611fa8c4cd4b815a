// Responses with the fields that players, browsers and caches want: types, lifetimes, cross-origin leave.
//
// One request has one answer, whoever asks: nothing in it is a player's own, so caches may give it to all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cmaf/wall_time.h"
#include "http/message.h"
#include "live/snapshot.h"
#include "origin/ask.h"

namespace fanlight::packager {

// How long a cache may keep an answer. RFC 8216bis Appendix B.2, but for what comes too early; `target` is the target
// duration in seconds.
namespace lifetime {
constexpr std::uint32_t of_reloaded(std::uint32_t target) { return 6 * target; }  // One that named what to wait for.
constexpr std::uint32_t of_refused_reload(std::uint32_t target) { return 4 * target; }
constexpr std::uint32_t of_playlist(std::uint32_t target) { return target / 2; }
constexpr std::uint32_t of_multivariant(std::uint32_t target) { return target; }
constexpr std::uint32_t of_media(std::uint32_t target) { return 6 * target; }
constexpr std::uint32_t of_refusal(std::uint32_t target) { return target; }
inline constexpr std::uint32_t kOfUnknown = 1;  // Of a stream that there is not.
}  // namespace lifetime

class Answers {
 public:
  // Which pages of other origins may read answers: "*", or one origin.
  explicit Answers(std::string allow_origin) : allow_origin_(std::move(allow_origin)) {}

  [[nodiscard]] HttpResponse playlist(const Ask& ask, const Document& document, std::uint32_t lifetime_s) const;
  // `tag`: an entity tag for the plain text, without quotes; `if_none_match`: what a player has.
  [[nodiscard]] HttpResponse tagged(const Ask& ask, const Document& document, std::uint32_t lifetime_s,
                                    std::string_view tag, std::string_view if_none_match) const;
  [[nodiscard]] HttpResponse media(const Ask& ask, std::vector<SharedBytes> pieces,
                                   const RenditionSnapshot& from) const;
  // The head of media whose length nobody knows yet.
  [[nodiscard]] HttpResponse media_head(const RenditionSnapshot& from) const;
  // `ask.key`, where `ask.part` is 1 as a licence.
  [[nodiscard]] HttpResponse key(const Ask& ask) const;
  [[nodiscard]] HttpResponse refusal(std::uint16_t status, std::string_view text, std::uint32_t lifetime_s) const;
  // What may be right in a moment: no cache keeps it.
  [[nodiscard]] HttpResponse too_early(std::uint16_t status, std::string_view text) const;
  // What may be asked for again in a second.
  [[nodiscard]] HttpResponse unavailable(std::string_view text) const;
  [[nodiscard]] HttpResponse text(std::string_view text) const;
  [[nodiscard]] HttpResponse preflight() const;

 private:
  [[nodiscard]] HttpResponse begun(std::uint16_t status, std::string_view type, std::string cache_control) const;
  [[nodiscard]] HttpResponse said(std::uint16_t status, std::string_view text, std::string cache_control) const;
  [[nodiscard]] HttpResponse document_head(const Ask& ask, std::uint32_t lifetime_s, bool is_gzip) const;

  std::string allow_origin_;
};

}  // namespace fanlight::packager
