#include "service/fault_log.h"

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

struct Words {
  const char* what;
  const char* unit;
  const char* advice;
  bool happens_once = false;  // It is an event, which does not go on.
};

// Of what has not become pictures or sound.
Words words_of_bytes(InputFault fault) {
  switch (fault) {
    case InputFault::kForeignDatagram:
      return {"datagrams that the source's URL does not mean", "left out",
              "check it: rtp:// takes RTP, udp:// bare MPEG-TS, and both one sender at a time"};
    case InputFault::kNotTransport:
      return {"what comes is no transport stream", "packets' worth of bytes skipped",
              "check that the source sends MPEG-TS, whole packets in each datagram"};
    case InputFault::kBrokenPacket:
      return {"damaged transport packets", "packets left out",
              "look at the reception in front of the encoder or relay"};
    case InputFault::kScrambled:
      return {"scrambled packets", "packets left out", "send the program in the clear"};
    case InputFault::kLostPackets:
      return {"packets are missing", "jumps of continuity counters",
              "look at the link to the source; more SRT latency repairs more"};
    case InputFault::kBrokenTable:
      return {"damaged program tables", "sections left out", "look at the multiplexer"};
    case InputFault::kBrokenUnit:
      return {"damaged pictures or sound", "units left out",
              "look at what the line of missing packets says, or at the encoder"};
    default:
      return {"?", "?", "?"};
  }
}

// Of the program's clock, and of ours.
Words words_of_clocks(InputFault fault) {
  switch (fault) {
    case InputFault::kTimeJump:
      return {"timestamps jump", "discontinuities", "look at the encoder's clock, or at what splices the stream"};
    case InputFault::kTimeStep:
      return {"timestamps step back by less than a second", "steps of a track",
              "have the encoder, or what splices the stream, set discontinuity_indicator where its clock is another"};
    case InputFault::kHostClock:
      return {"this host's clock was set", "steps",
              "have it right before the packager starts (time-sync.target), and moved slowly after that", true};
    case InputFault::kAheadOfTime:
      return {"what comes runs ahead of its dates", "discontinuities",
              "look at what holds the source up on its way and then lets go, or whether it sends faster than it plays"};
    case InputFault::kBehindTime:
      return {"the source's way takes longer than it did, or its encoder is slower than time", "discontinuities",
              "nothing, if its latency or its route was changed; if it goes on, look at the network and at the "
              "encoder's load and clock",
              true};
    default:
      return {"?", "?", "?"};
  }
}

Words words_of(InputFault fault) {
  switch (fault) {
    case InputFault::kForeignDatagram:
    case InputFault::kNotTransport:
    case InputFault::kBrokenPacket:
    case InputFault::kScrambled:
    case InputFault::kLostPackets:
    case InputFault::kBrokenTable:
    case InputFault::kBrokenUnit:
      return words_of_bytes(fault);
    case InputFault::kTimeJump:
    case InputFault::kTimeStep:
    case InputFault::kHostClock:
    case InputFault::kAheadOfTime:
    case InputFault::kBehindTime:
      return words_of_clocks(fault);
    case InputFault::kNoKeyFrame:
      return {"no key frame for 12 s", "times",
              "have the encoder send an IDR picture each second or two: nobody can begin without one, and an open GOP "
              "has none (x265 open-gop=0, x264 open-gop=0)"};
    case InputFault::kLongGop:
      return {"key frames are further apart than at first", "segments cut without one",
              "keep the encoder's GOP as it was, or start the stream anew"};
    case InputFault::kNothingPlayable:
      return {"bytes come, and nothing that can be played for 10 s", "times",
              "look whether the program has H.264 or H.265, AAC, AC-3 or Opus, in the clear and with key frames"};
    case InputFault::kUnknownStream:
      return {"a codec that players are not given is left out", "streams",
              "send H.264, H.265, AAC, AC-3, E-AC-3 or Opus if it is to be heard or seen", true};
    case InputFault::kTrackLate:
      return {"a track came late", "tracks", "players that run get it behind a discontinuity", true};
    case InputFault::kTrackGone:
      return {"a track has gone, its playlist has ended", "tracks", "look whether the encoder still sends it", true};
    case InputFault::kTrackRefused:
      return {"a track is left out for good", "tracks", "leave it out of the program, or give it the program's clock",
              true};
    case InputFault::kBitRate:
      return {"more bits come than players were told", "times they are told anew",
              "keep the encoder's rate as it was: who plays already may not look again", true};
    case InputFault::kSoundLate:
      return {
          "sound falls behind its pictures", "stretches of 10 s",
          "have the encoder send both together, or, where it is no more than 3 s late, start the stream anew: what it "
          "needs is measured at its start"};
    case InputFault::kFormatChange:
      return {"a track has another format", "changes",
              "have the encoder send one format throughout: pictures in another begin with their next IDR picture, and "
              "sound is silent up to the next segment",
              true};
    case InputFault::kLanguageChange:
      return {"a sound is in another language", "changes",
              "nothing, if it is: it goes on, but who plays already may be told the one before", true};
    case InputFault::kUnreadableSound:
      return {"sound comes that cannot be read for 10 s", "times",
              "have the encoder send AAC (a block in each ADTS frame), AC-3 or Opus, with a PTS on its PES packets"};
    case InputFault::kCount:
      break;
  }
  return {"?", "?", "?"};
}

}  // namespace

void add_datagrams(InputFaults& to, const UdpCounts& door) {
  FaultTally& tally = to[static_cast<std::size_t>(InputFault::kForeignDatagram)];
  tally.count += door.not_rtp + door.not_ts + door.strangers;
  tally.newest = std::to_string(door.not_rtp) + " no RTP, " + std::to_string(door.not_ts) + " no MPEG-TS, " +
                 std::to_string(door.strangers) + " of another sender";
}

std::vector<FaultLog::Line> FaultLog::look(const InputFaults& faults, Instant now, WallTime wall) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < kInputFaults; ++i) look(static_cast<InputFault>(i), faults[i], now, wall, lines);
  return lines;
}

void FaultLog::look(InputFault fault, const FaultTally& tally, Instant now, WallTime wall, std::vector<Line>& lines) {
  One& one = all_[static_cast<std::size_t>(fault)];
  const Words words = words_of(fault);
  const std::uint64_t before = std::exchange(one.seen, tally.count);
  const bool is_new = tally.count != before;
  std::optional<Spell>& spell = one.spell;
  if (is_new && !spell) spell = Spell{.before = before, .since = wall, .logged_at = now - kAgain, .newest_at = now};
  if (!spell) return;
  if (is_new) spell->newest_at = now;
  const std::string counted =
      std::to_string(tally.count - spell->before) + " " + words.unit + " since " + date_text(spell->since);
  if (now - spell->newest_at >= kAgain) {
    if (!words.happens_once) lines.push_back({true, std::string(words.what) + ": none for a minute; " + counted});
    return spell.reset();
  }
  // Not a word where nothing is new since the last.
  if (now - spell->logged_at < kAgain || spell->newest_at < spell->logged_at) return;
  spell->logged_at = now;
  lines.push_back({false, std::string(words.what) + (tally.newest.empty() ? "" : " (" + tally.newest + ")") + ": " +
                              counted + "; " + words.advice});
}

}  // namespace fanlight::packager
