#include "live/publication.h"

#include <algorithm>
#include <utility>

#include "live/key_offer.h"

namespace fanlight::packager {

Publication::Publication(const Options& options)
    : options_(options),
      mpd_writer_(protection_in_mpd(options.keys.get(), options.name)),
      served_keys_(served_keys(options.keys.get())) {}

PublishedRendition& Publication::add(const LiveRendition::Options& options, std::size_t place) {
  const bool has_offered = std::ranges::any_of(renditions_, &PublishedRendition::is_offered);
  const auto comes_behind = [&](const PublishedRendition& other) {
    const bool are_sounds = !options.is_video && !other.rendition.options().is_video;
    return !has_offered && are_sounds && !other.rendition.has_ended() && other.place > place;
  };
  PublishedRendition& one = *renditions_.emplace(std::ranges::find_if(renditions_, comes_behind), options);
  one.place = place;
  for (const DateRange& range : splices_.ranges()) one.rendition.announce(range);
  return one;
}

// Players hear of it with the next part, so that a playlist of one part is the same for all.
void Publication::handle_splice(const TimedSplice& splice, WallTime at, std::int64_t newest) {
  std::vector<DateRange> fresh;
  splices_.handle(splice, at, newest, fresh);
  for (PublishedRendition& one : renditions_)
    for (const DateRange& range : fresh) one.rendition.announce(range);
}

std::uint64_t Publication::bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const PublishedRendition& one : renditions_) bytes += one.rendition.bytes();
  return bytes;
}

std::uint64_t Publication::slices_left_clear() const noexcept {
  std::uint64_t slices = slices_left_clear_;
  for (const PublishedRendition& one : renditions_) slices += one.rendition.counts().slices_left_clear;
  return slices;
}

std::uint64_t Publication::evicted() const noexcept {
  std::uint64_t segments = evicted_;
  for (const PublishedRendition& one : renditions_) segments += one.rendition.counts().evicted;
  return segments;
}

// With it goes what it has kept.
void Publication::keep_counts(const LiveRendition& gone) noexcept {
  evicted_ += gone.counts().evicted + gone.segments_kept();
  slices_left_clear_ += gone.counts().slices_left_clear;
}

void Publication::evict(Instant now) {
  for (PublishedRendition& one : renditions_) {
    const std::uint64_t early = one.rendition.counts().evicted_early;
    one.has_changed |= one.rendition.evict(now);
    dropped_early_ += one.rendition.counts().evicted_early - early;
  }
  while (bytes() > options_.bytes_max && drop_oldest(now)) ++dropped_early_;
  for (const PublishedRendition& one : renditions_)
    if (one.rendition.is_over(now)) keep_counts(one.rendition);
  has_lost_one_ |=
      std::erase_if(renditions_, [&](const PublishedRendition& one) { return one.rendition.is_over(now); }) > 0;
}

// Of that rendition which goes back furthest: numbers are the same in all.
bool Publication::drop_oldest(Instant now) {
  PublishedRendition* oldest = nullptr;
  for (PublishedRendition& one : renditions_)
    if (one.rendition.can_drop_oldest() &&
        (oldest == nullptr || one.rendition.oldest_msn() < oldest->rendition.oldest_msn()))
      oldest = &one;
  if (oldest == nullptr) return false;
  oldest->rendition.drop_oldest(now);
  return oldest->has_changed = true;
}

Instant Publication::next_eviction() const noexcept {
  Instant next = Instant::never();
  for (const PublishedRendition& one : renditions_) next = std::min(next, one.rendition.next_eviction());
  return next;
}

// A player that starts needs as much. RFC 8216bis §6.2.1
bool Publication::is_long_enough(const LiveRendition& rendition) const noexcept {
  return rendition.segments_listed() >= options_.segments_at_first ||
         rendition.listed() >= 3 * seconds(rendition.options().target_duration);
}

// At first all are shown together: what a player has not read of then, it never knows.
bool Publication::update_offer() {
  bool has_changed = false, has_other_members = false;
  const bool waits = std::ranges::any_of(renditions_, [&](const PublishedRendition& one) {
    return !one.rendition.has_ended() && !is_long_enough(one.rendition);
  });
  const bool is_first = std::ranges::none_of(renditions_, &PublishedRendition::is_offered);
  for (PublishedRendition& one : renditions_) {
    const bool is_wanted =
        !one.rendition.has_ended() && (one.is_public || is_long_enough(one.rendition)) && !(is_first && waits);
    const OfferedRendition offer = is_wanted ? one.rendition.offer() : one.rendition.offered();
    const auto is_as_offered = [&] {
      return one.format == *offer.format && one.captions == offer.captions && one.language == offer.language &&
             one.describes_video == offer.describes_video &&
             one.has_independent_segments == offer.has_independent_segments && one.bandwidth == offer.bandwidth &&
             one.bandwidth_average == offer.bandwidth_average;
    };
    if (is_wanted == one.is_offered && (!is_wanted || is_as_offered())) continue;
    has_changed = true;
    has_other_members |= is_wanted != one.is_offered;
    one.is_offered = is_wanted;
    one.has_changed |= is_wanted && !one.is_public;
    one.is_public |= is_wanted;
    if (!is_wanted) continue;
    note_raised(one, offer);
    one.bandwidth = offer.bandwidth;
    one.bandwidth_average = offer.bandwidth_average;
    one.format = *offer.format;
    one.language = offer.language;
    one.describes_video = offer.describes_video;
    one.captions = offer.captions;
    one.has_independent_segments = offer.has_independent_segments;
    if (!one.rendition.options().is_video) number_among_alike(one);
  }
  if (has_other_members)  // Each reports the others, from the moment on that the multivariant playlist names them. H-18
    for (PublishedRendition& one : renditions_) one.has_changed |= one.is_offered;
  return has_changed;
}

// Names stay while others come and go.
void Publication::number_among_alike(PublishedRendition& one) {
  std::vector<OfferedRendition> others;
  for (const PublishedRendition& other : renditions_)
    if (&other != &one && other.is_offered && !other.rendition.options().is_video)
      others.push_back(other.rendition.offered());
  one.rendition.set_ordinal(ordinal_among(one.rendition.offered(), others));
}

void Publication::note_raised(const PublishedRendition& one, const OfferedRendition& offer) {
  if (one.bandwidth_average == 0 || one.bandwidth_average == offer.bandwidth_average) return;
  ++raised_.count;
  raised_.newest = offer.folder + ": " + std::to_string(offer.bandwidth / 1'000) + " kb/s at most are told, " +
                   std::to_string(one.bandwidth / 1'000) + " were";
}

void Publication::write_multivariant() {
  std::vector<OfferedRendition> offers;
  for (PublishedRendition& one : renditions_)
    if (one.is_offered) offers.push_back(one.rendition.offered());
  if (offers.empty()) return;  // All has ended: what was said of it stays.
  multivariant_ = compressor_.document_of(write_multivariant_playlist(multivariant_of(offers)));
}

// It names segments, not parts: it changes with them.
bool Publication::has_new_segments() {
  bool has_any = false;
  for (PublishedRendition& one : renditions_) {
    if (!one.is_offered) continue;
    const std::uint64_t first = one.rendition.first_msn(), count = one.rendition.segments_listed();
    has_any |= std::exchange(one.first_in_mpd, first) != first;
    has_any |= std::exchange(one.segments_in_mpd, count) != count;
    const bool is_interrupted = one.rendition.is_interrupted();
    has_any |= std::exchange(one.is_interrupted_in_mpd, is_interrupted) != is_interrupted;
  }
  return has_any;
}

void Publication::write_mpd(WallTime wall) {
  const bool has_any = std::ranges::any_of(renditions_, &PublishedRendition::is_offered);
  std::vector<const LiveRendition*> offered;
  for (PublishedRendition& one : renditions_) {
    if (has_any) one.is_in_mpd = one.is_offered;
    if (one.is_in_mpd) offered.push_back(&one.rendition);  // All has ended: those that it ended with.
  }
  if (offered.empty()) return;
  mpd_ = mpd_writer_.write(offered, splices_.ranges(), wall);
}

std::vector<RenditionReport> Publication::reports_for(const PublishedRendition& one) const {
  std::vector<RenditionReport> reports;
  for (const PublishedRendition& other : renditions_) {
    if (&other == &one || !other.is_offered) continue;
    if (const std::optional<PlaylistEdge> edge = other.rendition.edge())
      reports.push_back({report_uri(other.rendition), *edge});
  }
  reports.insert(reports.end(), others_.begin(), others_.end());
  return reports;
}

std::shared_ptr<const StreamSnapshot> Publication::publish(Instant came, WallTime wall) {
  const bool offer_has_changed = update_offer();
  if (offer_has_changed) write_multivariant();
  bool has_changed = std::exchange(has_lost_one_, false) || offer_has_changed;
  for (PublishedRendition& one : renditions_) {
    if (!one.is_public || !one.has_changed) continue;
    one.written = one.rendition.snapshot(reports_for(one), compressor_);
    one.has_changed = false;
    has_changed = true;
    if (one.is_offered) target_duration_ = one.rendition.options().target_duration;
  }
  if (!has_changed || multivariant_.is_empty()) return nullptr;
  if (has_new_segments() || offer_has_changed) write_mpd(wall);
  if (std::ranges::none_of(renditions_, &PublishedRendition::is_public)) {
    multivariant_ = {};
    mpd_ = {};
  }
  auto snapshot = std::make_shared<StreamSnapshot>();
  snapshot->name = options_.name;
  snapshot->target_duration = target_duration_;
  snapshot->multivariant = multivariant_;
  snapshot->mpd = mpd_;
  snapshot->keys = served_keys_;
  snapshot->came = came;
  for (const bool is_offered : {true, false})
    for (const PublishedRendition& one : renditions_)
      if (one.is_public && one.is_offered == is_offered) snapshot->renditions.push_back(one.written);
  return snapshot;
}

}  // namespace fanlight::packager
