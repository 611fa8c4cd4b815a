// Several streams of one content as one presentation: players choose between their pictures as bandwidth goes. Sound is
// the first stream's.
//
// Encoders have to be aligned: one clock, IDR pictures at the same times. Then segments have the same numbers wherever
// they come from, since numbers are by that clock (LiveOptions::members). A stream whose newest segments are not where
// the first one's are is left out, and why is said; so is one that is away, until there is as much of it again as
// players need to begin with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "live/key_offer.h"
#include "live/live_stream.h"

namespace fanlight::packager {

class StreamGroup {
 public:
  struct Member {
    const LiveStream* stream = nullptr;
    std::string name{};
    std::shared_ptr<const StreamSnapshot> newest{};
    std::string disagrees{};      // Why it is left out; empty: it is not.
    bool is_dated_apart = false;  // ... for its dates alone.
    bool is_dated_anew = false;   // It has not published since.
  };
  // `keys`: its streams'.
  explicit StreamGroup(std::string name, const KeyRing* keys = nullptr)
      : name_(std::move(name)), served_keys_(served_keys(keys)), mpd_writer_(protection_in_mpd(keys, name_)) {}
  // `stream` stays where it is, and has LiveOptions::member as it is added.
  void add(const LiveStream& stream, std::string name) { members_.push_back({&stream, std::move(name)}); }

  // A member has published. Empty: there is nothing to show yet.
  [[nodiscard]] std::shared_ptr<const StreamSnapshot> take(std::size_t member,
                                                           std::shared_ptr<const StreamSnapshot> newest, Instant now,
                                                           WallTime wall);
  // What a member is to be told of the others, whenever one has published.
  [[nodiscard]] GroupNews news_for(std::size_t member) const;
  [[nodiscard]] std::span<const Member> members() const noexcept { return members_; }

 private:
  // So long those that have published wait for the others at first: who has read the multivariant playlist may never
  // read it again.
  static constexpr Micros kWait = seconds(10);

  // So many segments' dates are known.
  static constexpr std::size_t kDatesKept = 64;

  [[nodiscard]] std::vector<RenditionReport> others_of(std::size_t member) const;
  [[nodiscard]] std::optional<GroupPlace> place_for(std::size_t member) const;
  [[nodiscard]] bool is_complete(Instant now);
  void hold_together();
  void date_all();
  void note_dates();
  void agree_on_jump();
  [[nodiscard]] std::vector<const LiveRendition*> offered() const;
  [[nodiscard]] std::vector<const LiveRendition*> ended() const;
  [[nodiscard]] static bool report_each_other(const std::vector<const LiveRendition*>& renditions);
  void write_multivariant(const std::vector<const LiveRendition*>& renditions);
  void write_mpd(const std::vector<const LiveRendition*>& renditions, WallTime wall);
  [[nodiscard]] std::shared_ptr<const StreamSnapshot> composed(Instant came) const;

  std::string name_;
  std::shared_ptr<const ServedKeys> served_keys_;
  std::vector<Member> members_;
  std::optional<DateJump> jump_{};  // What all agree on, until all that are there are past it.
  GroupDates dates_{};
  std::optional<Instant> first_at_{};
  bool has_begun_ = false;
  std::string multivariant_text_;
  std::vector<std::string> folders_;   // Of the renditions that are, or were, offered together.
  std::vector<std::uint64_t> in_mpd_;  // Of each rendition the first and the number of its segments, and its state.
  Document multivariant_;
  LateDocument mpd_;
  LiveMpdWriter mpd_writer_;
  Compressor compressor_;
};

// Why `other` cannot be played in the place of `one`; empty: it can, or nobody can tell yet.
[[nodiscard]] std::string disagreement_of(const LiveRendition& one, const LiveRendition& other);

}  // namespace fanlight::packager
