// What a live stream does while its source, or a track of it, is away, until it goes on or has ended. H-80, H-85
#include <algorithm>
#include <string>
#include <utility>

#include "live/live_stream.h"

namespace fanlight::packager {
namespace {

// A track of which samples come, and none goes on from what was, or only waits: more than a discontinuity takes.
constexpr Micros kLeftOutMin = seconds(12);

std::string said_of(const std::string& language, bool describes_video) {
  return (language.empty() ? "none" : language) + (describes_video ? " for who does not see" : "");
}

}  // namespace

// What took their place may go on with their renditions.
void LiveStream::close_unmapped() {
  const auto is_unmapped = [&](const Output& output) { return !tracks_->tracks()[output.track].is_mapped; };
  for (const Output& output : outputs_)
    if (is_unmapped(output)) close(output);
  std::erase_if(outputs_, is_unmapped);
}

// Those that others have gone on without end. What leads does so until another leads.
void LiveStream::watch_tracks(Instant now) {
  close_unmapped();
  counts_.tracks_refused = tracks_refused_before_ + tracks_->refused();
  counts_.sound_overlapping = sound_overlapping_before_ + tracks_->overlapping();
  const Micros left_out = std::max(kLeftOutMin, 2 * gop());
  const auto is_gone = [&](const Output& output) {
    return cutter_->leader() != output.number &&
           (heard_ - output.newest > kGoneAfter || heard_ - output.cut > left_out);
  };
  for (const Output& output : outputs_) {
    if (!is_gone(output)) continue;
    close(output);
    end(*output.to, now);
  }
  std::erase_if(outputs_, is_gone);
  tracks_->free_unmapped();
  watch_renditions(now);
  watch_languages();
}

// Its playlist goes on: who plays it would otherwise be without sound.
void LiveStream::watch_languages() {
  for (const Output& output : outputs_) {
    const TrackSet::Track& track = tracks_->tracks()[output.track];
    LiveRendition& its = output.to->rendition;
    const LiveRendition::Options& before = its.options();
    if (track.is_video() || !is_told(track.language)) continue;
    if (before.language == track.language && before.describes_video == track.describes_video) continue;
    if (output.to->is_offered)
      faults_.note(InputFault::kLanguageChange, "PID " + std::to_string(track.pid) + ", " +
                                                    said_of(track.language, track.describes_video) + " after " +
                                                    said_of(before.language, before.describes_video));
    its.set_language(track.language, track.describes_video);
  }
}

// Those whose track has gone are kept for another for as long as a track may be silent.
void LiveStream::watch_renditions(Instant now) {
  for (PublishedRendition& one : publication_.renditions()) {
    if (one.rendition.has_ended() || is_fed(one)) continue;
    if (!one.unfed_since) one.unfed_since = heard_;
    if (heard_ - *one.unfed_since > kGoneAfter) end(one, now);
  }
}

void LiveStream::end(PublishedRendition& one, Instant now) {
  one.rendition.end(now);
  one.has_changed = true;
  ++counts_.tracks_gone;
  faults_.note(InputFault::kTrackGone, one.rendition.options().folder + (one.format ? ", " + one.format->name : ""));
}

void LiveStream::handle_source_lost(Instant now) {
  if (!tracks_) return;
  tracks_->finish(samples_);
  if (parameters_) {
    take_samples({now, clock_.newest_due()});
    give_all_waiting({now, clock_.newest_due()});
    cutter_->flush(cuts_);
    take_cuts();
    for (const Output& output : outputs_) cutter_->remove_track(output.number, cuts_);
    interrupt_all();
  }
  outputs_.clear();
  samples_.clear();
  splices_.clear();
  held_.clear();
  held_bytes_ = 0;
  first_burst_ = {};
  timeline_ = tracks_->timeline();
  timeline_.restart();
  tracks_refused_before_ += tracks_->refused();
  sound_overlapping_before_ += tracks_->overlapping();
  faults_.keep(*tracks_);
  tracks_.reset();
  sample_at_.reset();
  falls_in_until_.reset();
  faults_.forget_watched();
  if (!parameters_) start_up_ = StartUp({options_.part, options_.segment, options_.segments_at_first});
  if (!std::exchange(is_away_, true)) {
    ++counts_.sources_lost;
    grace_ends_ = now + options_.grace;
  }
  publish(now);
}

// Players are told at once, also where nothing was open that could be closed.
void LiveStream::interrupt_all() {
  const Micros span = leaders_span();
  for (PublishedRendition& one : publication_.renditions()) {
    one.has_changed |= !one.rendition.has_ended() && !one.rendition.is_interrupted();
    one.rendition.interrupt(cutter_->next_msn() + numbers_ahead_, discontinuities(), span);
  }
}

// Whether it is back its samples tell.
void LiveStream::handle_source_returned(Instant now) {
  handle_timeout(now);
  if (tracks_) return;
  // In the first seconds a picture may wait for the next: what comes after is dated by when it came.
  const auto waits = parameters_ ? PictureTrack::Waits::kNever : PictureTrack::Waits::kAtFirst;
  tracks_.emplace(TrackSet::Options{.program = options_.program, .formats_kept = kFormatsKept, .waits = waits},
                  timeline_);
}

void LiveStream::handle_timeout(Instant now) {
  if (silent_from() <= now) handle_source_lost(now);
  if (grace_ends_ && now >= *grace_ends_) end_all(now);
  publish(now);
}

// What comes after that is another presentation.
void LiveStream::end_all(Instant now) {
  for (PublishedRendition& one : publication_.renditions()) {
    one.has_changed |= !one.rendition.has_ended();
    one.rendition.end(now);
  }
  publication_.forget_splices();
  grace_ends_.reset();
  parameters_.reset();
  clock_.forget_others();
  in_step_ = {};
  start_up_ = StartUp({options_.part, options_.segment, options_.segments_at_first});
}

}  // namespace fanlight::packager
