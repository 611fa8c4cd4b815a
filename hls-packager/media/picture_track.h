// A video track: from its PES packets to samples with their place in media time. Mostly a PES packet is one access
// unit, and a sample as soon as it is there; two, when they are the fields of a frame.
//
// Others are legal as well. Of several pictures in a PES packet the first has its time, and the others follow it. Where
// a picture goes on in the next PES packet it is whole when another one begins: so is each that comes last in its PES
// packet, from the first one on that did go on. Where it goes on in the midst of a NAL unit, access units are gathered
// from the bytes of all packets from there on. Only who still has the packet before can do that without a loss: packets
// are held back for it until the next one, as `Waits` has it, and where one has as much as its length can say.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "codec/access_unit_gatherer.h"
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
  std::uint64_t no_time = 0;       // Pictures without a timestamp; they follow the one before.
  std::uint64_t before_first = 0;  // Pictures that nothing independent was in front of.
  std::uint64_t unreadable = 0;    // Units that are no picture and nothing else we know, and pictures not whole.
  std::uint64_t out_of_order = 0;  // Decoding times that did not grow; moved behind the one before.
  std::uint64_t odd_times = 0;     // Shown before they are decoded, or long after; shown when decoded.
  std::uint64_t no_order = 0;      // Without a timestamp, in a stream that reorders; shown when decoded.
};

class PictureTrack {
 public:
  using Codec = std::variant<H264Pictures, H265Pictures>;
  // Whether a picture waits for the next PES packet, to be whole if it goes on there: live, only a stream's first.
  enum class Waits : std::uint8_t { kNever, kAtFirst, kAlways };
  explicit PictureTrack(Codec codec, Waits waits = Waits::kNever)
      : waits_(waits),
        codec_(std::move(codec)),
        captions_(std::holds_alternative<H264Pictures>(codec_) ? CaptionWatch::Units::kH264
                                                               : CaptionWatch::Units::kH265) {}

  // Samples that it completes are appended.
  void handle(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done);
  void finish(Timeline& timeline, std::vector<TimedSample>& done);
  // Its program had it no more for a while.
  void handle_return() noexcept {
    cursor_ = {};
    told_.reset();
  }

  // By TimedSample::format.
  [[nodiscard]] const FormatLog& formats() const noexcept { return formats_; }
  [[nodiscard]] FormatLog& formats() noexcept { return formats_; }
  [[nodiscard]] const CaptionWatch& captions() const noexcept { return captions_; }
  [[nodiscard]] const PictureCounts& counts() const noexcept { return counts_; }

 private:
  static constexpr std::int64_t kWaitMax = 10 * kMediaClock;
  // 25 to 60 frames a second; until two pictures have shown their distance, where the format does not say it.
  static constexpr std::int64_t kFrameTicksAtFirst = kMediaClock / 30;

  // What a PES packet says of the first picture that begins in it.
  struct Times {
    std::optional<std::int64_t> pts{}, dts{};  // Program time.
    bool is_after_loss = false;
  };

  // Of what is gathered: where the bytes of a PES packet begin that has them.
  struct Mark {
    std::uint64_t at = 0;
    Times times;
  };
  static constexpr std::size_t kMarksMax = 256;
  // PES_packet_length cannot say more than 65,535: who has more to send cuts it a little below.
  static constexpr std::size_t kFullPacketBytes = 65'000;

  [[nodiscard]] bool is_held_back(const PesPacket& packet) const noexcept;
  void take_packet(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done);
  void take_held(Timeline& timeline, std::vector<TimedSample>& done);
  void take_bytes(ByteSpan bytes, Timeline& timeline, std::vector<TimedSample>& done);
  void begin_to_gather();
  void gather(const ElementaryUnit& unit, Timeline& timeline, std::vector<TimedSample>& done);
  void append_piece(const ElementaryUnit& unit);
  void tear_gathered() noexcept;
  void take_gathered(const AccessUnitGatherer::Unit& gathered, Timeline& timeline, std::vector<TimedSample>& done);
  void take_part(const CodedPicture& part, Timeline& timeline, std::vector<TimedSample>& done);
  void take_picture(const CodedPicture& picture, const Times& times, Timeline& timeline);
  void go_on(const CodedPicture& part);
  void leave_out(const Times& times);
  void tear_open() noexcept;
  void adopt_format();
  [[nodiscard]] std::optional<std::int64_t> time_of(const Times& times);
  void learn_distance(const Times& times, const Timeline::Place& place, std::int64_t decode_time);
  [[nodiscard]] std::int64_t wait_of(const Times& times, std::int64_t dts);
  void emit(std::vector<TimedSample>& done);

  Waits waits_;  // At first: it is to come, or has just come.
  Codec codec_;
  CaptionWatch captions_;
  FormatLog formats_;
  PictureCounts counts_;
  Timeline::Cursor cursor_;
  Times times_{};  // Of no picture yet.
  std::int64_t frame_ticks_ = kFrameTicksAtFirst;
  bool knows_distance_ = false;
  bool reorders_ = false;                           // Pictures are shown in another order than decoded.
  std::optional<std::int64_t> last_dts_{};          // Program time.
  std::optional<std::int64_t> last_decode_time_{};  // Media time.
  std::optional<Timeline::Place> told_{};           // Of the newest picture with a time, if none is missing since.
  std::int64_t untold_ = 0;                         // Pictures behind it.
  // What more may follow of: the other field, or more slices. Bytes are in the sample, the picture tells what it is.
  std::optional<TimedSample> open_{};
  CodedPicture open_picture_{};
  bool joins_ = false;                            // Pictures go on in the next PES packet.
  std::optional<ElementaryUnit> held_{};          // The newest packet.
  bool has_begun_ = false;                        // A packet has come.
  std::optional<AccessUnitGatherer> gatherer_{};  // They go on in the midst of a NAL unit.
  std::vector<Mark> marks_;                       // Of access units to come.
  std::optional<std::int64_t> marked_dts_{};
};

}  // namespace fanlight::packager
