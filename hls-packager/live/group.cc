#include "live/group.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace fanlight::packager {
namespace {

constexpr std::size_t kSegmentsToBegin = 3;
constexpr std::size_t kPlacesTold = 8;
constexpr Micros kDatesApartMax = millis(500);

const LiveRendition* pictures_of(const LiveStream& stream) {
  for (const PublishedRendition& one : stream.publication().renditions())
    if (one.is_offered && one.rendition.options().is_video) return &one.rendition;
  return nullptr;
}

// Players may begin with what is newest of it.
bool is_steady(const LiveRendition& rendition) {
  return !rendition.is_interrupted() && !rendition.has_gap_among(kSegmentsToBegin);
}

// It is there, and what it has is what the others have.
bool goes_on(const StreamGroup::Member& one) {
  const LiveRendition* const its = pictures_of(*one.stream);
  return its != nullptr && !its->is_interrupted() && one.disagrees.empty() && one.stream->tracks();
}

// Its numbers are the others', or will be once it has fallen in.
bool keeps_step(const StreamGroup::Member& one) {
  const LiveRendition* const its = pictures_of(*one.stream);
  return its == nullptr || one.disagrees.empty() || one.is_dated_apart || !is_steady(*its);
}

// What both want, the less of it.
Micros agreed_jump(Micros one, Micros other) {
  if ((one < Micros{}) != (other < Micros{})) return {};
  return one < Micros{} ? std::max(one, other) : std::min(one, other);
}

std::uint64_t last_msn(const LiveRendition& rendition) {
  return rendition.first_msn() + rendition.segments_listed() - 1;
}

}  // namespace

std::string disagreement_of(const LiveRendition& one, const LiveRendition& other) {
  if (one.segments_listed() == 0 || other.segments_listed() == 0) return {};
  const std::uint64_t msn = std::min(last_msn(one), last_msn(other));
  const std::optional<SegmentPlace> here = one.place_of(msn), there = other.place_of(msn);
  if (!here || !there)
    return "it is at segment " + std::to_string(last_msn(other)) + ", the first at " + std::to_string(last_msn(one)) +
           ": their clocks are not one";
  const std::int64_t off = there->begins - here->begins;
  if (std::llabs(off) > kGroupSlack)
    return "its segment " + std::to_string(msn) + " begins " + std::to_string(off * 1'000 / kMediaClock) +
           " ms from the first's: IDR pictures are not at the same times";
  if (here->discontinuities != there->discontinuities) return "it has been interrupted otherwise than the first";
  return {};
}

// Of two that agree otherwise.
std::string disagreement_of_dates(const LiveRendition& one, const LiveRendition& other) {
  if (one.segments_listed() == 0 || other.segments_listed() == 0) return {};
  const std::uint64_t msn = std::min(last_msn(one), last_msn(other));
  const Micros off = other.place_of(msn)->date - one.place_of(msn)->date;
  if (std::llabs(off.count) <= kDatesApartMax.count) return {};
  return "its segment " + std::to_string(msn) + " is dated " + std::to_string(off.count / 1'000) +
         " ms from the first's: they come by ways that are too different";
}

std::shared_ptr<const StreamSnapshot> StreamGroup::take(std::size_t member,
                                                        std::shared_ptr<const StreamSnapshot> newest, Instant now,
                                                        WallTime wall) {
  const Instant came = newest->came;
  members_[member].newest = std::move(newest);
  members_[member].is_dated_anew = false;
  if (!is_complete(now)) return nullptr;
  hold_together();
  note_dates();
  agree_on_jump();
  if (const std::vector<const LiveRendition*> renditions = offered(); !renditions.empty()) {
    if (report_each_other(renditions)) write_multivariant(renditions);
    write_mpd(renditions, wall);
    // Members end one after the other: who has gone just before the last belongs to the end.
    const auto is_new = [&](const LiveRendition* one) {
      return std::ranges::find(folders_, one->options().folder) == folders_.end();
    };
    if (std::ranges::any_of(renditions, is_new)) {
      folders_.clear();
      for (const LiveRendition* const one : renditions) folders_.push_back(one->options().folder);
    }
  } else if (const std::vector<const LiveRendition*> last = ended(); !last.empty()) {
    write_mpd(last, wall);
  }
  return composed(came);
}

bool StreamGroup::is_complete(Instant now) {
  if (!first_at_) first_at_ = now;
  const auto is_there = [](const Member& one) { return one.newest != nullptr && pictures_of(*one.stream) != nullptr; };
  if (!dates_.are_first && !has_begun_) {
    if (now - *first_at_ < kWait && !std::ranges::all_of(members_, is_there)) return false;
    hold_together();
    date_all();
  }
  has_begun_ |= std::ranges::none_of(members_, &Member::is_dated_anew);
  dates_.are_first = !has_begun_;
  return has_begun_;
}

// By the latest of those that streams have for one segment: then nothing comes after its date, of whomever it comes.
void StreamGroup::date_all() {
  const LiveRendition *first = nullptr, *latest = nullptr;
  Micros most{};
  for (const Member& one : members_) {
    const LiveRendition* const its = pictures_of(*one.stream);
    if (its == nullptr || !one.disagrees.empty() || its->segments_listed() == 0) continue;
    if (first == nullptr) first = latest = its;
    const std::uint64_t msn = std::min(last_msn(*first), last_msn(*its));
    const std::optional<SegmentPlace> here = first->place_of(msn), there = its->place_of(msn);
    if (!here || !there || there->date - here->date <= most) continue;
    most = there->date - here->date;
    latest = its;
  }
  if (latest == nullptr) return;
  dates_ = {latest->newest_places(kDatesKept), true};
  for (Member& one : members_) {
    const LiveRendition* const its = pictures_of(*one.stream);
    one.is_dated_anew = its != nullptr && its != latest && one.disagrees.empty() && its->segments_listed() > 0;
  }
}

void StreamGroup::note_dates() {
  for (const Member& one : members_) {
    if (!goes_on(one)) continue;
    for (const NumberedPlace& place : pictures_of(*one.stream)->newest_places(kPlacesTold))
      if (dates_.newest.empty() || place.msn > dates_.newest.back().msn) dates_.newest.push_back(place);
  }
  if (dates_.newest.size() > kDatesKept)
    dates_.newest.erase(dates_.newest.begin(), dates_.newest.end() - static_cast<std::ptrdiff_t>(kDatesKept));
}

void StreamGroup::hold_together() {
  const LiveRendition* first = nullptr;
  const bool goes_on = std::ranges::any_of(members_, [](const Member& one) {
    const LiveRendition* const its = pictures_of(*one.stream);
    return its != nullptr && is_steady(*its);
  });
  for (Member& one : members_) {
    const LiveRendition* const its = pictures_of(*one.stream);
    if (its == nullptr) continue;  // It has ended as it was.
    if (goes_on && !is_steady(*its)) {
      one.disagrees = its->is_interrupted() ? "it is away" : "it has just come back";
      continue;
    }
    one.disagrees = first != nullptr ? disagreement_of(*first, *its) : std::string{};
    one.is_dated_apart = false;
    if (first != nullptr && has_begun_ && one.disagrees.empty()) {
      one.disagrees = disagreement_of_dates(*first, *its);
      one.is_dated_apart = !one.disagrees.empty();
    }
    if (first == nullptr) first = its;
  }
}

std::vector<const LiveRendition*> StreamGroup::offered() const {
  std::vector<const LiveRendition*> renditions;
  for (const Member& member : members_) {
    if (!member.disagrees.empty()) continue;
    for (const PublishedRendition& one : member.stream->publication().renditions())
      if (one.is_offered) renditions.push_back(&one.rendition);
  }
  return renditions;
}

// All has: those that it ended with.
std::vector<const LiveRendition*> StreamGroup::ended() const {
  std::vector<const LiveRendition*> renditions;
  for (const Member& member : members_) {
    if (!member.disagrees.empty()) continue;
    for (const PublishedRendition& one : member.stream->publication().renditions())
      if (std::ranges::find(folders_, one.rendition.options().folder) != folders_.end())
        renditions.push_back(&one.rendition);
  }
  return renditions;
}

// A player that reads what is new in the multivariant playlist finds the playlists as it says. H-18
bool StreamGroup::report_each_other(const std::vector<const LiveRendition*>& renditions) {
  return std::ranges::all_of(renditions, [&](const LiveRendition* one) {
    const std::span<const RenditionReport> said = one->reports();
    return std::ranges::all_of(renditions, [&](const LiveRendition* other) {
      return other == one || std::ranges::find(said, report_uri(*other), &RenditionReport::uri) != said.end();
    });
  });
}

void StreamGroup::write_multivariant(const std::vector<const LiveRendition*>& renditions) {
  std::vector<OfferedRendition> offers;
  for (const LiveRendition* const one : renditions) offers.push_back(one->offered());
  std::string text = write_multivariant_playlist(multivariant_of(offers));
  if (text == multivariant_text_) return;
  multivariant_ = compressor_.document_of(text);
  multivariant_text_ = std::move(text);
  in_mpd_.clear();
}

void StreamGroup::write_mpd(const std::vector<const LiveRendition*>& renditions, WallTime wall) {
  std::vector<std::uint64_t> now;
  for (const LiveRendition* const one : renditions) {
    now.push_back(one->first_msn());
    now.push_back(one->segments_listed());
    now.push_back(one->has_ended() ? 2 : one->is_interrupted() ? 1 : 0);
  }
  if (now == in_mpd_) return;
  in_mpd_ = std::move(now);
  mpd_ = mpd_writer_.write(renditions, members_.front().stream->publication().splices().ranges(), wall);
}

std::shared_ptr<const StreamSnapshot> StreamGroup::composed(Instant came) const {
  auto snapshot = std::make_shared<StreamSnapshot>();
  snapshot->name = name_;
  snapshot->came = came;
  for (const bool has_ended : {false, true})
    for (const Member& member : members_) {
      if (member.newest == nullptr) continue;
      for (const auto& one : member.newest->renditions)
        if (one->has_ended == has_ended) snapshot->renditions.push_back(one);
      snapshot->target_duration = std::max(snapshot->target_duration, member.newest->target_duration);
    }
  if (snapshot->renditions.empty()) return snapshot;
  if (multivariant_.is_empty()) return nullptr;  // They do not report each other yet.
  snapshot->multivariant = multivariant_;
  snapshot->mpd = mpd_;
  snapshot->keys = served_keys_;
  return snapshot;
}

std::vector<RenditionReport> StreamGroup::others_of(std::size_t member) const {
  std::vector<RenditionReport> reports;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i == member || !members_[i].disagrees.empty()) continue;
    for (const PublishedRendition& one : members_[i].stream->publication().renditions())
      if (const std::optional<PlaylistEdge> edge = one.rendition.edge(); edge && one.is_offered)
        reports.push_back({report_uri(one.rendition), *edge});
  }
  return reports;
}

// All or none: one that let dates jump alone would be left out of the group. It is not the next segment but the one
// behind it: what is published may be behind what is cut, and nobody may have begun it. Who is away, or has just come
// back, has no say, and jumps with them if it falls in before that.
void StreamGroup::agree_on_jump() {
  std::uint64_t newest = 0;
  std::optional<std::uint64_t> oldest;
  std::optional<Micros> by;
  for (const Member& one : members_) {
    const LiveRendition* const its = keeps_step(one) ? pictures_of(*one.stream) : nullptr;
    if (its == nullptr || its->segments_listed() == 0) continue;
    const std::uint64_t msn = its->newest_places(1).back().msn;
    newest = std::max(newest, msn);
    oldest = std::min(oldest.value_or(msn), msn);
    if (!goes_on(one)) continue;
    const Micros wanted = one.stream->clock().off_dates();
    by = by ? agreed_jump(*by, wanted) : wanted;
  }
  if (jump_ && oldest && *oldest >= jump_->msn) jump_.reset();
  if (!jump_ && by.value_or(Micros{}) != Micros{}) jump_ = DateJump{newest + 2, *by};
}

GroupNews StreamGroup::news_for(std::size_t member) const {
  GroupNews news{.reports = others_of(member), .place = place_for(member)};
  if (!keeps_step(members_[member])) return news;
  news.jump = jump_;
  news.dates = dates_;
  return news;
}

std::optional<GroupPlace> StreamGroup::place_for(std::size_t member) const {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (i == member || !goes_on(members_[i])) continue;
    const LiveRendition* const its = pictures_of(*members_[i].stream);
    const std::optional<Timeline::Anchor> clock = members_[i].stream->tracks()->timeline().anchor();
    const std::optional<Micros> span = its->usual_span();
    if (!clock || !span) continue;
    return GroupPlace{
        .newest = its->newest_places(kPlacesTold), .step = span->count * kMediaClock / 1'000'000, .clock = *clock};
  }
  return std::nullopt;
}

}  // namespace fanlight::packager
