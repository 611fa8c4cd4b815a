// From the bytes of a transport stream to samples on one media time: the demuxer, and a track for each elementary
// stream that players can be given. Bytes in, samples out; no clock, no socket.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "media/picture_track.h"
#include "media/sound_track.h"
#include "ts/demuxer.h"

namespace fanlight::packager {

struct TrackSample {
  std::size_t track = 0;
  TimedSample sample;
};

// SCTE 35, with its place.
struct TimedSplice {
  std::int64_t media_time = 0;  // 90 kHz; mostly to come.
  std::uint32_t epoch = 0;
  SpliceInfo info;
};

class TrackSet {
 public:
  struct Options {
    std::optional<std::uint16_t> program{};      // Empty: the first with pictures; when none has, the first with sound.
    std::size_t formats_kept = ~std::size_t{0};  // Of each track.
    PictureTrack::Waits waits = PictureTrack::Waits::kNever;
  };
  struct Track {
    std::uint16_t pid = 0;
    std::uint8_t stream_type = 0;
    std::vector<std::byte> descriptors;  // Where they say what it is.
    std::string language;                // As it was told last, and so is the next.
    bool describes_video = false;
    std::variant<PictureTrack, SoundTrack<AdtsSound>, SoundTrack<LatmSound>, SoundTrack<Ac3Sound>,
                 SoundTrack<OpusSound>>
        content;
    bool is_mapped = true;  // The program has it, as it was.
    bool is_free = false;   // Its place may be another's.
    // Whether its times are the program's: by those of the track that leads, once another one has them as well.
    enum class Clock : std::uint8_t { kUnknown, kPrograms, kOther };
    Clock clock = Clock::kUnknown;
    std::optional<std::int64_t> apart_since{};  // Program time, of a clock not known yet.
    std::uint64_t packets = 0;                  // PES packets that were taken.
    [[nodiscard]] bool is_video() const noexcept { return std::holds_alternative<PictureTrack>(content); }
    [[nodiscard]] const FormatLog& formats() const noexcept {
      return std::visit([](const auto& track) -> const FormatLog& { return track.formats(); }, content);
    }
    [[nodiscard]] const SoundCounts* sound_counts() const noexcept;  // None: pictures.
    // It has one of these; the one, once something of it has come.
    [[nodiscard]] std::vector<Codec> codecs() const;
    // Of pictures: those that the map announces, and those that were seen.
    [[nodiscard]] std::vector<CaptionService> captions() const;
  };
  // What of the program no track is made of.
  struct LeftOut {
    std::uint16_t pid = 0;
    std::uint8_t stream_type = 0;
    friend bool operator==(const LeftOut&, const LeftOut&) = default;
  };

  // `timeline`: of the set before, when a stream goes on.
  explicit TrackSet(const Options& options, const Timeline& timeline = {})
      : formats_kept_(options.formats_kept),
        waits_(options.waits),
        demuxer_({.program = options.program}),
        timeline_(timeline) {}

  // Samples are appended, in decode order for each track.
  void handle(ByteSpan bytes, std::vector<TrackSample>& done);
  void finish(std::vector<TrackSample>& done);

  // What came since the last call; of too much the newest.
  [[nodiscard]] std::vector<TimedSplice> take_splices() noexcept { return std::exchange(splices_, {}); }

  // By TrackSample::track. One that the program loses stays, and goes on if it comes back.
  [[nodiscard]] const std::deque<Track>& tracks() const noexcept { return tracks_; }
  // The first video track of the program's first map; when there is none, its first track. Others are cut as it is.
  // When the program loses it, the first of those that it has.
  [[nodiscard]] std::optional<std::size_t> leader() const noexcept { return leader_; }
  // Who led first: what is cut by one leader to the end is cut by that one.
  [[nodiscard]] std::optional<std::size_t> first_leader() const noexcept { return first_leader_; }
  // Nobody has samples of those that the program lost: others may have their places, when there are no more.
  void free_unmapped() noexcept {
    for (Track& track : tracks_) track.is_free |= !track.is_mapped;
  }
  [[nodiscard]] const std::vector<LeftOut>& left_out() const noexcept { return left_out_; }
  // Streams that there was no place for, and those whose clock is another than the program's.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }
  [[nodiscard]] const std::string& refused_newest() const noexcept { return refused_newest_; }
  // So far: pictures and frames of sound that could not be read or are of a kind that no player takes, and pictures of
  // the leader that nothing independent was in front of.
  [[nodiscard]] std::uint64_t unreadable() const noexcept;
  [[nodiscard]] std::uint64_t before_first() const noexcept;
  // Frames of sound, left out for what was in front of a jump.
  [[nodiscard]] std::uint64_t overlapping() const noexcept { return overlapping_; }
  [[nodiscard]] const Demuxer& demuxer() const noexcept { return demuxer_; }
  [[nodiscard]] const Timeline& timeline() const noexcept { return timeline_; }
  void join(const Timeline::Anchor& other) noexcept { timeline_.join(other); }

 private:
  static constexpr std::size_t kTracksMax = 32;
  static constexpr std::size_t kLeftOutMax = 64;
  static constexpr std::size_t kSplicesMax = 64;

  void take_events(std::vector<TrackSample>& done);
  void take_map(const ProgramMap& map, std::vector<TrackSample>& done);
  void unmap(std::size_t track, std::vector<TrackSample>& done);
  void open_track(const ProgramStream& stream);
  void place(Track&& track);
  void choose_leader();
  void take_splice(const SpliceCommand& command);
  [[nodiscard]] bool has_other_clock(Track& track, const ElementaryUnit& unit);
  void take_unit(const ElementaryUnit& unit, std::vector<TrackSample>& done);
  void hand_over(std::size_t track, std::vector<TrackSample>& done);

  std::size_t formats_kept_;
  PictureTrack::Waits waits_;
  Demuxer demuxer_;
  Timeline timeline_;
  std::deque<Track> tracks_;
  std::optional<std::size_t> leader_{}, first_leader_{};
  std::vector<LeftOut> left_out_;
  std::optional<std::int64_t> leader_dts_{};  // Program time, its newest.
  std::uint64_t refused_ = 0, overlapping_ = 0;
  std::string refused_newest_;
  std::uint64_t unreadable_before_ = 0;  // Of tracks whose places are others' now.
  std::vector<TimedSplice> splices_;
  // Emptied at once.
  std::vector<DemuxEvent> events_;
  std::vector<TimedSample> samples_;
};

}  // namespace fanlight::packager
