#include "live/input_faults.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace fanlight::packager {
namespace {

constexpr std::size_t kLeftOutMax = 64;

FaultTally& tally_of(InputFaults& all, InputFault fault) { return all[static_cast<std::size_t>(fault)]; }

void add_counts(InputFaults& to, const TrackSet& set) {
  const DemuxCounts& counts = set.demuxer().counts();
  const Framing& framing = set.demuxer().framing();
  constexpr std::uint64_t kPacket = 188;
  const auto add = [&](InputFault fault, std::uint64_t count) { tally_of(to, fault).count += count; };
  add(InputFault::kNotTransport, (framing.bytes_skipped() + kPacket - 1) / kPacket);
  add(InputFault::kBrokenPacket, counts.malformed_packets + counts.transport_errors);
  add(InputFault::kScrambled, counts.scrambled);
  add(InputFault::kLostPackets, counts.lost);
  add(InputFault::kBrokenTable, counts.broken_sections);
  add(InputFault::kBrokenUnit,
      counts.pes.malformed + counts.pes.torn + counts.pes.too_large + counts.pes.split + set.unreadable());
}

std::string text_of(const TrackSet::LeftOut& one) {
  constexpr char kDigits[] = "0123456789abcdef";
  return std::string("stream type 0x") + kDigits[one.stream_type >> 4] + kDigits[one.stream_type & 15] + " on PID " +
         std::to_string(one.pid);
}

const char* why_no_frame(const SoundCounts& before, const SoundCounts& now) {
  if (now.unsupported != before.unsupported) return "several blocks in a frame of ADTS, or USAC";
  if (now.malformed != before.malformed) return "its frames are damaged";
  if (now.untimed != before.untimed) return "no PTS";
  return "no frame in what it sends";
}

}  // namespace

void FaultBook::note(InputFault fault, std::string newest) {
  FaultTally& tally = tally_of(kept_, fault);
  ++tally.count;
  tally.newest = std::move(newest);
}

void FaultBook::watch_pictures(bool any, bool independent, Instant now) {
  if (independent) {
    key_frame_at_ = now;
    lacks_key_frames_ = false;
  }
  if (!any) return;
  if (!key_frame_at_) key_frame_at_ = now;
  if (now - *key_frame_at_ < kKeyFrameWait) return;
  key_frame_at_ = now;
  lacks_key_frames_ = true;
  note(InputFault::kNoKeyFrame);
}

void FaultBook::watch_samples(bool any, Instant now) {
  if (any) {
    playable_at_ = now;
    lacks_all_ = false;
  }
  if (!playable_at_) playable_at_ = now;
  if (now - *playable_at_ < kPlayableWait) return;
  playable_at_ = now;
  lacks_all_ = true;
  note(InputFault::kNothingPlayable);
}

void FaultBook::watch_sounds(const TrackSet& set, Instant now) {
  sounds_.resize(set.tracks().size());
  for (std::size_t i = 0; i < sounds_.size(); ++i) watch_sound(set.tracks()[i], sounds_[i], now);
}

void FaultBook::watch_sound(const TrackSet::Track& track, SoundWatch& watch, Instant now) {
  const SoundCounts* const counts = track.sound_counts();
  if (counts == nullptr || !track.is_mapped) return void(watch = {});
  if (std::exchange(watch.packets, track.packets) == track.packets) return;
  const bool has_frames = counts->frames != watch.before.frames;
  const bool has_paused = now - std::exchange(watch.packet_at, now) >= kPlayableWait;
  if (has_frames) watch.lacks_frames = false;
  const bool is_due = watch.since && !has_frames && !has_paused && now - *watch.since >= kPlayableWait;
  if (watch.since && !has_frames && !has_paused && !is_due) return;
  if (is_due) {
    watch.lacks_frames = true;
    note(InputFault::kUnreadableSound,
         text_of({track.pid, track.stream_type}) + ": " + why_no_frame(watch.before, *counts));
  }
  watch.since = now;
  watch.before = *counts;
}

void FaultBook::note_left_out(const TrackSet& set) {
  for (const TrackSet::LeftOut& one : set.left_out()) {
    if (left_out_.size() == kLeftOutMax || std::ranges::find(left_out_, one) != left_out_.end()) continue;
    left_out_.push_back(one);
    note(InputFault::kUnknownStream, text_of(one));
  }
}

void FaultBook::keep(const TrackSet& set) { add_counts(kept_, set); }

InputFaults FaultBook::with(const std::optional<TrackSet>& set) const {
  InputFaults all = kept_;
  if (set) add_counts(all, *set);
  return all;
}

std::string span_text(Micros span) {
  const std::int64_t tenths = (std::llabs(span.count) + 50'000) / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

const char* name_of(InputFault fault) noexcept {
  switch (fault) {
    case InputFault::kForeignDatagram:
      return "foreign_datagram";
    case InputFault::kNotTransport:
      return "not_transport_stream";
    case InputFault::kBrokenPacket:
      return "broken_packet";
    case InputFault::kScrambled:
      return "scrambled";
    case InputFault::kLostPackets:
      return "lost_packets";
    case InputFault::kBrokenTable:
      return "broken_table";
    case InputFault::kBrokenUnit:
      return "broken_unit";
    case InputFault::kTimeJump:
      return "time_jump";
    case InputFault::kNoKeyFrame:
      return "no_key_frame";
    case InputFault::kLongGop:
      return "long_gop";
    case InputFault::kNothingPlayable:
      return "nothing_playable";
    case InputFault::kUnknownStream:
      return "unknown_stream";
    case InputFault::kTrackLate:
      return "track_late";
    case InputFault::kTrackGone:
      return "track_gone";
    case InputFault::kTrackRefused:
      return "track_refused";
    case InputFault::kBitRate:
      return "bit_rate";
    case InputFault::kTimeStep:
      return "time_step";
    case InputFault::kHostClock:
      return "host_clock";
    case InputFault::kSoundLate:
      return "sound_late";
    case InputFault::kAheadOfTime:
      return "ahead_of_time";
    case InputFault::kBehindTime:
      return "behind_time";
    case InputFault::kFormatChange:
      return "format_change";
    case InputFault::kLanguageChange:
      return "language_change";
    case InputFault::kUnreadableSound:
      return "unreadable_sound";
    case InputFault::kCount:
      break;
  }
  return "?";
}

}  // namespace fanlight::packager
