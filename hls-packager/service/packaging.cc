#include "service/packaging.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "ingest/clock.h"
#include "service/wall_clock.h"

namespace fanlight::packager {
namespace {

LiveOptions options_of(const StreamSettings& settings) {
  return {.name = settings.name,
          .program = settings.program,
          .part = settings.part,
          .segment = settings.segment,
          .window = settings.window,
          .grace = settings.grace};
}

// "1280x720 avc1.64001f, mp4a.40.2"
std::string described(const StreamStanding& standing) {
  std::string text;
  if (standing.picture)
    text = std::to_string(standing.picture->width) + "x" + std::to_string(standing.picture->height) + " ";
  for (std::size_t i = 0; i < standing.codecs.size(); ++i) text += (i == 0 ? "" : ", ") + standing.codecs[i];
  return text;
}

// Nothing is known of it yet.
std::shared_ptr<const StreamSnapshot> waiting_for(const std::string& name) {
  StreamSnapshot snapshot;
  snapshot.name = name;
  return std::make_shared<const StreamSnapshot>(std::move(snapshot));
}

}  // namespace

Packaging::Packaging(std::span<const StreamSettings> streams, Published& published, StreamBoard& board)
    : published_(published), board_(board) {
  for (const StreamSettings& settings : streams) {
    One& one =
        streams_.emplace_back(One{.settings = settings, .live = LiveStream(options_of(settings)), .standing = {}});
    one.standing.name = settings.name;
    one.standing.source = public_text(settings.source);
  }
}

Result<Done> Packaging::open() {
  for (const One& one : streams_) {
    if (Result<Done> added = ingest_.add(one.settings.source); !added) return added;
    spdlog::info("{}: from {}", one.settings.name, one.standing.source);
  }
  // Whoever asks for a stream that is only called yet is let wait, not told that there is none.
  for (const One& one : streams_) published_.publish(waiting_for(one.settings.name), monotonic_now());
  return Done{};
}

void Packaging::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    ingest_.poll(until_next_deadline(monotonic_now()), *this);
    keep_time(monotonic_now());
  }
}

Micros Packaging::until_next_deadline(Instant now) const {
  Instant next = now + seconds(1);
  for (const One& one : streams_) next = std::min(next, one.live.next_deadline());
  return std::max(next - now, Micros{});
}

void Packaging::handle_bytes(std::size_t source, ByteSpan bytes) {
  One& one = streams_[source];
  one.standing.bytes += bytes.size();
  one.live.handle(bytes, monotonic_now(), wall_now());
  publish(one);
}

void Packaging::handle_up(std::size_t source) {
  One& one = streams_[source];
  one.is_up = true;
  ++one.standing.times_up;
  one.standing.why.clear();
  one.last_why.clear();
  spdlog::info("{}: {} answers", one.settings.name, one.standing.source);
  one.live.handle_source_returned(monotonic_now());
  publish(one);
}

void Packaging::handle_down(std::size_t source, std::string_view why, Micros again_in) {
  One& one = streams_[source];
  const Instant now = monotonic_now();
  const bool was_up = std::exchange(one.is_up, false);
  one.standing.calls_failed += was_up ? 0 : 1;
  one.standing.why = why;
  if (was_up || one.last_why != why || now - one.logged_at >= kSameAgain) {
    spdlog::warn("{}: {}: {}{}", one.settings.name, one.standing.source, why,
                 again_in > Micros{} ? "; calling again in a moment" : "");
    one.last_why = why;
    one.logged_at = now;
  }
  if (was_up) one.live.handle_source_lost(now);
  publish(one);
}

void Packaging::publish(One& one) {
  const std::shared_ptr<const StreamSnapshot> fresh = one.live.poll();
  if (!fresh) return;
  const Instant now = monotonic_now();
  const bool is_first = one.standing.snapshots++ == 0;
  one.standing.has_dash = !fresh->mpd.is_empty();
  one.standing.publish_delay_worst = std::max(one.standing.publish_delay_worst, now - fresh->came);
  published_.publish(fresh, now);
  if (!is_first) return;
  note_what_it_is(one);
  spdlog::info("{}: live: {}", one.settings.name, described(one.standing));
}

void Packaging::note_what_it_is(One& one) {
  const LiveStream& live = one.live;
  for (const PublishedRendition& each : live.publication().renditions())
    one.standing.hold_back = std::max(one.standing.hold_back, each.rendition.options().low_latency.hold_back);
  one.standing.sources_lost = live.counts().sources_lost;
  one.standing.tracks_gone = live.counts().tracks_gone;
  one.standing.tracks_refused = live.counts().tracks_refused;
  const CutCounts cuts = live.cut_counts();
  one.standing.discontinuities = cuts.discontinuities;
  one.standing.cuts_forced = cuts.cuts_forced;
  one.standing.hints_misjudged = cuts.ends_misjudged;
  one.standing.samples_left_out = cuts.samples_left_out + live.counts().samples_left_out;
  if (!live.tracks()) return;  // What it was stands.
  one.standing.packets_lost = live.tracks()->demuxer().counts().lost;
  const auto& splices = live.tracks()->demuxer().counts().splices;
  one.standing.splices = splices.commands;
  one.standing.splices_encrypted = splices.encrypted;
  one.standing.splices_malformed = splices.malformed;
  one.standing.splices_other = splices.other;
  one.standing.codecs.clear();
  for (const TrackSet::Track& track : live.tracks()->tracks()) {
    if (track.formats().is_empty() || !track.is_mapped) continue;
    const TrackFormat& format = track.formats().newest();
    one.standing.codecs.push_back(format.name);
    if (const auto* picture = std::get_if<PictureFormat>(&format.media)) one.standing.picture = *picture;
  }
}

StreamState Packaging::state_of(const One& one) {
  const bool is_published = one.standing.snapshots > 0;
  if (!is_published) return one.is_up ? StreamState::kFilling : StreamState::kCalling;
  const auto& renditions = one.live.publication().renditions();
  const bool has_ended =
      std::ranges::all_of(renditions, [](const PublishedRendition& each) { return each.rendition.has_ended(); });
  if (has_ended) return one.is_up ? StreamState::kFilling : StreamState::kEnded;
  return one.is_up && !one.live.is_away() ? StreamState::kLive : StreamState::kAway;
}

void Packaging::keep_time(Instant now) {
  for (One& one : streams_) {
    if (one.live.next_deadline() <= now) one.live.handle_timeout(now);
    publish(one);
  }
  if (now - told_at_ >= kBoardEvery) tell(now);
}

void Packaging::tell(Instant now) {
  told_at_ = now;
  published_.set_wall_clock(wall_now(), now);
  std::vector<StreamStanding> lines;
  for (One& one : streams_) {
    one.standing.state = state_of(one);
    note_what_it_is(one);
    lines.push_back(one.standing);
  }
  board_.set(std::move(lines));
}

}  // namespace fanlight::packager
