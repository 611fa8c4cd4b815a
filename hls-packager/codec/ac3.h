// AC-3 and E-AC-3 from an elementary stream to samples of an `ac-3` or `ec-3` track: ETSI TS 102 366, annex F.
//
// AC-3: a syncframe is a sample. E-AC-3: a sample is 1,536 samples of sound, six blocks, in one syncframe or up to six,
// each with the dependent substreams that add channels to it. It ends where the next begins, at substream 0 of the type
// that depends on none. Waiting for that would cost a frame of delay: once a sample is known to hold so many
// syncframes, the next one is complete when it holds as many. The first program alone is taken (substream 0 and what
// depends on it).
#pragma once

#include <vector>

#include "codec/ac3_header.h"
#include "codec/frame_clock.h"
#include "codec/frame_scanner.h"
#include "codec/sound_frame.h"
#include "codec/track_format.h"

namespace fanlight::packager {

// Sound of one program, as its syncframes say.
struct Ac3Program {
  Ac3Header head;               // Of the first syncframe.
  std::uint8_t dependent = 0;   // Dependent substreams with each syncframe.
  std::uint16_t extra_map = 0;  // Their channels.
  std::uint32_t kbps = 0;
};

// AC3SpecificBox, §F.4, and EC3SpecificBox, §F.6, without their headers.
[[nodiscard]] std::vector<std::byte> write_dac3(const Ac3Header& head);
[[nodiscard]] std::vector<std::byte> write_dec3(const Ac3Program& program);

class Ac3Sound {
 public:
  Ac3Sound() noexcept;

  void handle_pes(ByteSpan payload, std::optional<std::int64_t> pts_90k);
  void handle_gap();
  [[nodiscard]] std::optional<SoundFrame> poll_frame();
  [[nodiscard]] const std::optional<TrackFormat>& format() const noexcept { return format_; }
  [[nodiscard]] const SoundCounts& counts() const noexcept { return counts_; }

 private:
  // Syncframes on their way to a sample.
  struct Gathering {
    Ac3Program program;
    std::optional<std::int64_t> pts;
    std::uint32_t independent = 0;  // Syncframes of substream 0.
    std::uint32_t dependent = 0;
    std::uint32_t blocks = 0;  // Of substream 0.
    std::vector<std::byte> bytes;
  };

  [[nodiscard]] std::optional<SoundFrame> take(const FrameScanner::Frame& syncframe);
  void take_dependent(const Ac3Header& head, const FrameScanner::Frame& syncframe);
  void append(const Ac3Header& head, const FrameScanner::Frame& syncframe);
  void drop_gathering();
  [[nodiscard]] bool is_complete() const noexcept;
  [[nodiscard]] std::optional<SoundFrame> finish();
  void adopt(const Ac3Program& program);

  FrameScanner scanner_;
  FrameClock clock_;
  Gathering gathering_;
  bool is_first_program_ = true;        // The newest independent syncframe is of substream 0.
  std::vector<std::byte> sample_;       // What was polled last.
  std::uint32_t syncframes_known_ = 0;  // In a sample of this format; 0 until the first has ended.
  std::optional<Ac3Program> program_;   // What the format was made from.
  std::optional<TrackFormat> format_;
  bool has_new_format_ = false;
  SoundCounts counts_;
};

}  // namespace fanlight::packager
