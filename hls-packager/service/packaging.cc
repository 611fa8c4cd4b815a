#include "service/packaging.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "ingest/clock.h"
#include "service/memory.h"
#include "service/wall_clock.h"

namespace fanlight::packager {
namespace {

// Players that start are far behind with longer ones.
constexpr Micros kGopMax = millis(4'500);

// Which of how many its group has; 0 of 1 without one.
std::pair<unsigned, unsigned> place_of(const std::string& name, const std::vector<GroupSettings>& groups) {
  for (const GroupSettings& group : groups) {
    const auto at = std::ranges::find(group.streams, name);
    if (at != group.streams.end())
      return {static_cast<unsigned>(at - group.streams.begin()), static_cast<unsigned>(group.streams.size())};
  }
  return {0, 1};
}

LiveOptions options_of(const StreamSettings& settings, const std::vector<GroupSettings>& groups) {
  const auto [member, members] = place_of(settings.name, groups);
  LiveOptions options = live_options_of(settings);
  options.member = member;
  options.members = members;
  return options;
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

void count_publish_delay(StreamStanding& standing, Micros took) {
  constexpr auto& kBounds = OriginCounters::kReleaseBounds;
  ++standing.publish_delays[static_cast<std::size_t>(std::ranges::lower_bound(kBounds, took) - kBounds.begin())];
  standing.publish_delay_sum = standing.publish_delay_sum + took;
  standing.publish_delay_worst = std::max(standing.publish_delay_worst, took);
}

// Of the rendition that leads: of pictures, if there are any.
void note_parts(StreamStanding& standing, const Publication& publication) {
  const PublishedRendition* leading = nullptr;
  for (const PublishedRendition& one : publication.renditions())
    if (!one.rendition.has_ended() && (leading == nullptr || one.rendition.options().is_video)) leading = &one;
  if (leading == nullptr) return;
  standing.part_shortest = leading->rendition.counts().part_shortest;
  standing.part_longest = leading->rendition.counts().part_longest;
}

}  // namespace

Packaging::Packaging(const Settings& settings, Published& published, StreamBoard& board)
    : published_(published), board_(board) {
  for (const StreamSettings& stream : settings.streams) {
    One& one = streams_.emplace_back(
        One{.settings = stream, .live = LiveStream(options_of(stream, settings.groups)), .standing = {}});
    one.number = streams_.size() - 1;
    one.standing.name = stream.name;
    one.standing.source = public_text(stream.source);
  }
  for (const GroupSettings& group : settings.groups) add_group(group);
}

void Packaging::add_group(const GroupSettings& settings) {
  const auto is_first = [&](const One& one) { return one.settings.name == settings.streams.front(); };
  const One& first = *std::ranges::find_if(streams_, is_first);
  Group& group =
      groups_.emplace_back(Group{.content = StreamGroup(settings.name, first.settings.keys.get()), .standing = {}});
  group.standing.name = settings.name;
  group.standing.is_group = true;
  group.standing.members = settings.streams.size();
  group.said.resize(settings.streams.size());
  for (const std::string& name : settings.streams)
    for (One& one : streams_) {
      if (one.settings.name != name) continue;
      one.group = &group;
      one.member = group.members.size();
      one.standing.is_member = true;
      group.members.push_back(&one);
      group.content.add(one.live, name);
    }
}

Result<Done> Packaging::open() {
  for (const One& one : streams_) {
    if (Result<Done> added = ingest_.add(one.settings.source); !added) return added;
    spdlog::info("{}: from {}", one.settings.name, one.standing.source);
  }
  // Whoever asks for a stream that is only called yet is let wait, not told that there is none.
  for (const One& one : streams_)
    if (one.group == nullptr) published_.publish(waiting_for(one.settings.name), monotonic_now());
  for (const Group& group : groups_) published_.publish(waiting_for(group.standing.name), monotonic_now());
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
  one.standing.why = was_up ? "its source is gone" : "its source does not answer";
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
  count_publish_delay(one.standing, now - fresh->came);
  one.group == nullptr ? published_.publish(fresh, now) : publish_group(one, fresh, now);
  if (!is_first) return;
  note_what_it_is(one);
  spdlog::info("{}: live: {}", one.settings.name, described(one.standing));
  warn_of_latency(one);
}

void Packaging::warn_of_latency(const One& one) {
  const std::optional<Parameters>& chosen = one.live.parameters();
  if (chosen && chosen->gop > kGopMax)
    spdlog::warn(
        "{}: it has a key frame each {:.0f} s: who starts waits for one, or is as far behind; let the encoder send one "
        "a second",
        one.settings.name, static_cast<double>(chosen->gop.count) / 1e6);
  if (chosen && chosen->followers_late > Micros{})
    spdlog::warn(
        "{}: its sound comes {:.1f} s later than its pictures, which wait for it: players are as much further behind; "
        "let the encoder send both together (ffmpeg: -muxdelay 0.1)",
        one.settings.name, static_cast<double>(chosen->followers_late.count) / 1e6);
}

void Packaging::publish_group(One& one, const std::shared_ptr<const StreamSnapshot>& fresh, Instant now) {
  Group& group = *one.group;
  const std::shared_ptr<const StreamSnapshot> whole = group.content.take(one.member, fresh, now, wall_now());
  for (One* const member : group.members) member->live.tell_of_others(group.content.news_for(member->member));
  say_who_is_left_out(group);
  if (!whole) return;
  group.standing.snapshots += 1;
  group.standing.has_dash = !whole->mpd.is_empty();
  published_.publish(whole, now);
}

// Once for each stream that begins to disagree, or does not any more: what is in the reason may change with each
// segment.
void Packaging::say_who_is_left_out(Group& group) {
  const std::span<const StreamGroup::Member> members = group.content.members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string& why = members[i].disagrees;
    if (why.empty() != group.said[i].empty()) {
      if (why.empty())
        spdlog::info("{}: {} is in step again", group.standing.name, members[i].name);
      else
        spdlog::warn("{}: {} is left out: {}", group.standing.name, members[i].name, why);
    }
    group.said[i] = why;
  }
}

// As its members do.
void Packaging::stand(Group& group) {
  StreamStanding& standing = group.standing;
  standing.codecs.clear();
  standing.picture.reset();
  standing.state = StreamState::kEnded;
  standing.members_played = 0;
  const auto rank = [](StreamState state) {
    constexpr std::array kBest{StreamState::kLive, StreamState::kAway, StreamState::kFilling, StreamState::kCalling,
                               StreamState::kEnded};
    return std::ranges::find(kBest, state) - kBest.begin();
  };
  for (const One* const one : group.members) {
    standing.members_played += one->standing.state == StreamState::kLive && group.said[one->member].empty() ? 1 : 0;
    if (rank(one->standing.state) < rank(standing.state)) standing.state = one->standing.state;
    standing.hold_back = std::max(standing.hold_back, one->standing.hold_back);
    for (const std::string& codec : one->standing.codecs)
      if (std::ranges::find(standing.codecs, codec) == standing.codecs.end()) standing.codecs.push_back(codec);
    if (!standing.picture || (one->standing.picture && one->standing.picture->height > standing.picture->height))
      standing.picture = one->standing.picture;
    standing.why = one->standing.why;
  }
}

void Packaging::note_what_it_is(One& one) {
  const LiveStream& live = one.live;
  for (const PublishedRendition& each : live.publication().renditions())
    one.standing.hold_back = std::max(one.standing.hold_back, each.rendition.options().low_latency.hold_back);
  one.standing.slices_left_clear = live.publication().slices_left_clear();
  one.standing.sources_lost = live.counts().sources_lost;
  if (live.parameters()) one.standing.part_target = live.parameters()->part_target.target;
  note_parts(one.standing, live.publication());
  one.standing.gop = live.gop();
  one.standing.drift_ppm = live.clock().drift_ppm();
  const CutCounts cuts = live.cut_counts();
  one.standing.discontinuities = cuts.discontinuities;
  one.standing.hints_misjudged = cuts.ends_misjudged;
  one.standing.samples_left_out =
      cuts.samples_left_out + live.counts().samples_left_out + live.counts().sound_overlapping;
  one.standing.evicted = live.publication().evicted();
  one.standing.dropped_early = live.publication().dropped_early();
  if (!live.tracks()) return;  // What it was stands.
  one.standing.picture.reset();
  for (const PublishedRendition& each : live.publication().renditions())
    if (each.is_offered && each.rendition.options().is_video && !each.rendition.has_ended())
      one.standing.picture = std::get<PictureFormat>(each.rendition.offered().format->media);
  const auto& splices = live.tracks()->demuxer().counts().splices;
  one.standing.splices = splices.commands;
  one.standing.splices_encrypted = splices.encrypted;
  one.standing.splices_malformed = splices.malformed;
  one.standing.splices_other = splices.other;
  one.standing.codecs.clear();
  for (const TrackSet::Track& track : live.tracks()->tracks()) {
    if (track.formats().is_empty() || !track.is_mapped) continue;
    one.standing.codecs.push_back(track.formats().newest().name);
  }
}

void Packaging::say_what_is_wrong(One& one, Instant now) const {
  one.standing.faults = one.live.faults();
  add_datagrams(one.standing.faults, ingest_.refused(one.number));
  for (const FaultLog::Line& line : one.faults.look(one.standing.faults, now, wall_now()))
    spdlog::log(line.is_over ? spdlog::level::info : spdlog::level::warn, "{}: {}", one.settings.name, line.text);
  if (!one.is_up) return;
  const FaultBook& book = one.live.fault_book();
  one.standing.why = book.lacks_key_frames() ? "its pictures have no key frame to begin with"
                     : book.lacks_all()      ? "nothing comes of it that can be played"
                     : book.lacks_sound()    ? "sound of it cannot be read"
                                             : "";
}

void Packaging::warn_of_bitrate(One& one, Instant now) {
  if (one.warned_at && now - *one.warned_at < kSameAgain) return;
  one.warned_at = now;
  spdlog::warn(
      "{}: segments go before their time: it sends more than bitrate_max_mbps = {}, or discontinuities without end",
      one.settings.name, one.settings.bitrate_max_mbps);
}

StreamState Packaging::state_of(const One& one) {
  const bool is_published = one.standing.snapshots > 0;
  if (!is_published) return one.is_up ? StreamState::kFilling : StreamState::kCalling;
  const auto& renditions = one.live.publication().renditions();
  const bool has_ended =
      std::ranges::all_of(renditions, [](const PublishedRendition& each) { return each.rendition.has_ended(); });
  const bool comes = one.is_up && !one.live.is_away();
  if (has_ended) return comes ? StreamState::kFilling : StreamState::kEnded;
  return comes ? StreamState::kLive : StreamState::kAway;
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
    const std::uint64_t dropped = one.standing.dropped_early;
    note_what_it_is(one);
    say_what_is_wrong(one, now);
    if (one.standing.dropped_early > dropped) warn_of_bitrate(one, now);
    lines.push_back(one.standing);
  }
  for (Group& group : groups_) {
    stand(group);
    lines.push_back(group.standing);
  }
  board_.set(std::move(lines), now);
}

}  // namespace fanlight::packager
