// The streams an origin knows, with who waits for what of them, and what each request is answered at this moment.
//
// Decides and changes nothing: reply_to() is a function of what was published and what is asked.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "origin/answers.h"
#include "origin/published.h"
#include "origin/reload.h"
#include "origin/resource.h"
#include "origin/waits.h"

namespace fanlight::packager {

struct ServedRendition {
  std::shared_ptr<const RenditionSnapshot> now{};  // Null: not any more.
  Instant published{};
  std::map<PartPlace, WaiterList> playlists{};  // By what has to be listed.
  std::map<PartPlace, WaiterList> parts{};      // By what has to be there.
  WaiterList streams{};                         // Have begun to get the open segment.
};

// Stays once known: configurations name them. Requests may point to it.
struct ServedStream {
  std::shared_ptr<const StreamSnapshot> now{};  // Null: not any more.
  Instant published{};
  std::string multivariant_tag{};                                    // Empty: it has not been asked for.
  std::string mpd_tag{};                                             // Likewise.
  std::map<std::string, ServedRendition, std::less<>> renditions{};  // By folder.
  WaiterList first{};                                                // For there to be anything.
};

// Of a rendition's playlists, or its parts, or of its stream.
enum class WaitList : std::uint8_t { kFirst, kPlaylists, kParts };
struct Wait {
  WaitList list = WaitList::kFirst;
  PartPlace place{};
  Micros at_most{};
};
// Is sent as it comes.
struct Begin {};
using Reply = std::variant<HttpResponse, Wait, Begin>;

class ServedStreams {
 public:
  ServedStreams(std::string allow_origin, Micros start_budget)
      : answers_(std::move(allow_origin)), start_budget_(start_budget) {}

  [[nodiscard]] const Answers& answers() const { return answers_; }
  // Takes it in. Who waits for it is the caller's to release.
  ServedStream& apply(const Published::Publication& publication);
  // Lets go of renditions that are no longer published. Nobody that is being answered may point to one.
  void forget_gone();

  // The longest stream that there is. Where it has not begun, also of a rendition that may come.
  [[nodiscard]] std::optional<Ask> find(const Resource& resource);
  // That rendition, if it has come.
  static void look_again(Ask& ask);
  [[nodiscard]] Reply reply_to(const Ask& ask, std::string_view if_none_match) const;
  // Whether what is waited for is there, or will never be.
  [[nodiscard]] static bool is_settled(const ServedRendition& rendition, WaitList list, PartPlace place);

 private:
  [[nodiscard]] ServedStream* find_stream(std::string_view name);
  [[nodiscard]] std::optional<Ask> find_key(const Resource& resource);
  [[nodiscard]] Reply reply_of_stream(const Ask& ask, std::string_view if_none_match) const;
  [[nodiscard]] Reply reply_of_playlist(const Ask& ask) const;
  [[nodiscard]] Reply reply_of_init(const Ask& ask) const;
  [[nodiscard]] Reply reply_of_segment(const Ask& ask) const;
  [[nodiscard]] Reply reply_of_part(const Ask& ask) const;
  [[nodiscard]] Reply until_it_begins() const;
  [[nodiscard]] Reply not_there(const Ask& ask) const;
  [[nodiscard]] Reply not_yet() const;

  Answers answers_;
  Micros start_budget_;
  std::map<std::string, ServedStream, std::less<>> streams_;
  bool has_gone_ = false;  // Renditions.
};

}  // namespace fanlight::packager
