// A video track: from its PES packets to samples with their place in media time. One PES packet is one access unit, as
// every encoder of live streams has it; two, when they are the fields of a frame.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "codec/captions.h"
#include "codec/coded_picture.h"
#include "codec/h264.h"
#include "codec/h265.h"
#include "media/format_log.h"
#include "media/timed_sample.h"
#include "media/timeline.h"
#include "ts/demuxer.h"

namespace fanlight::packager {

struct PictureCounts {
  std::uint64_t no_time = 0;       // Units without a timestamp; they follow the one before.
  std::uint64_t before_first = 0;  // Pictures that nothing independent was in front of.
  std::uint64_t unreadable = 0;    // Units that are no picture and nothing else we know.
  std::uint64_t out_of_order = 0;  // Decoding times that did not grow; moved behind the one before.
  std::uint64_t odd_times = 0;     // Shown before they are decoded, or long after; shown when decoded.
};

class PictureTrack {
 public:
  using Codec = std::variant<H264Pictures, H265Pictures>;
  explicit PictureTrack(Codec codec)
      : codec_(std::move(codec)),
        captions_(std::holds_alternative<H264Pictures>(codec_) ? CaptionWatch::Units::kH264
                                                               : CaptionWatch::Units::kH265) {}

  // Samples that it completes are appended.
  void handle(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done);
  void finish(std::vector<TimedSample>& done);

  // By TimedSample::format.
  [[nodiscard]] const FormatLog& formats() const noexcept { return formats_; }
  [[nodiscard]] FormatLog& formats() noexcept { return formats_; }
  [[nodiscard]] const CaptionWatch& captions() const noexcept { return captions_; }
  [[nodiscard]] const PictureCounts& counts() const noexcept { return counts_; }

 private:
  static constexpr std::int64_t kWaitMax = 10 * kMediaClock;
  // 25 to 60 frames a second; until two pictures have shown their distance.
  static constexpr std::int64_t kFrameTicksAtFirst = kMediaClock / 30;

  void take_picture(const CodedPicture& picture, const ElementaryUnit& unit, Timeline& timeline,
                    std::vector<TimedSample>& done);
  [[nodiscard]] std::optional<TrackFormat> format_now() const;
  [[nodiscard]] std::int64_t wait_of(const ElementaryUnit& unit, std::int64_t dts);
  void emit(std::vector<TimedSample>& done);

  Codec codec_;
  CaptionWatch captions_;
  FormatLog formats_;
  PictureCounts counts_;
  Timeline::Cursor cursor_;
  std::int64_t frame_ticks_ = kFrameTicksAtFirst;
  std::optional<std::int64_t> last_dts_{};          // Program time.
  std::optional<std::int64_t> last_decode_time_{};  // Media time.
  // A field that the other one may follow: bytes are in the sample, the picture tells which it was.
  std::optional<TimedSample> first_field_{};
  CodedPicture first_picture_{};
};

}  // namespace fanlight::packager
