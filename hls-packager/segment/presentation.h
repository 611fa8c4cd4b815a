// From the bytes of a transport stream to segments of its tracks: the demuxer, a track for each elementary stream that
// players can be given, one timeline for them all, and the cuts. Bytes in, segments out; no clock, no socket.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "media/picture_track.h"
#include "media/sound_track.h"
#include "segment/segmenter.h"
#include "ts/demuxer.h"

namespace fanlight::packager {

class Presentation {
 public:
  struct Options {
    std::optional<std::uint16_t> program{};  // Empty: the first with pictures; when none has, the first with sound.
    std::int64_t segment_ticks = 2 * kMediaClock;
  };
  struct Track {
    std::uint16_t pid = 0;
    std::string language;
    std::variant<PictureTrack, SoundTrack<AdtsSound>, SoundTrack<LatmSound>, SoundTrack<Ac3Sound>,
                 SoundTrack<OpusSound>>
        content;
    [[nodiscard]] bool is_video() const noexcept { return std::holds_alternative<PictureTrack>(content); }
    [[nodiscard]] const std::vector<TrackFormat>& formats() const noexcept {
      return std::visit([](const auto& track) -> const std::vector<TrackFormat>& { return track.formats(); }, content);
    }
  };
  // What of the program no track is made of.
  struct LeftOut {
    std::uint16_t pid = 0;
    std::uint8_t stream_type = 0;
    friend bool operator==(const LeftOut&, const LeftOut&) = default;
  };

  explicit Presentation(const Options& options)
      : demuxer_({.program = options.program}), segmenter_({.segment_ticks = options.segment_ticks}) {}

  void handle(ByteSpan bytes, std::vector<CutSegment>& done);
  void finish(std::vector<CutSegment>& done);

  // By CutSegment::track. The first video track leads, without one the first.
  [[nodiscard]] const std::deque<Track>& tracks() const noexcept { return tracks_; }
  [[nodiscard]] const std::vector<LeftOut>& left_out() const noexcept { return left_out_; }
  [[nodiscard]] const Segmenter& segmenter() const noexcept { return segmenter_; }
  [[nodiscard]] const Demuxer& demuxer() const noexcept { return demuxer_; }

 private:
  static constexpr std::size_t kTracksMax = 32;

  void take_events(std::vector<CutSegment>& done);
  void take_map(const ProgramMap& map);
  void open_track(const ProgramStream& stream, bool leads);
  void take_unit(const ElementaryUnit& unit, std::vector<CutSegment>& done);
  void cut(std::size_t track, std::vector<CutSegment>& done);

  Demuxer demuxer_;
  Timeline timeline_;
  Segmenter segmenter_;
  std::deque<Track> tracks_;
  std::vector<LeftOut> left_out_;
  // Emptied at once.
  std::vector<DemuxEvent> events_;
  std::vector<TimedSample> samples_;
};

}  // namespace fanlight::packager
