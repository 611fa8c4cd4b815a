// What an access unit of video has become: a sample of a track, or the reason why it is none.
//
// H264Pictures and H265Pictures answer one for each access unit, and where it ends if there is more. A player is given
// the parameter sets in the init segment, so they leave the samples, and with them what has no use there: delimiters,
// filler, ends of sequence. SEI stays: captions (ITU-T T.35) are in it.
//
// A parameter set in front of a picture that is not independent, and not as the init segment has it, stays in the
// sample: most decoders take it from there, and without it none could go on.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace fanlight::packager {

enum class PictureVerdict : std::uint8_t {
  kPicture,
  kNoSlice,          // Nothing in it is a picture: parameter sets or SEI alone.
  kNoParameterSets,  // Refers to sets that have not come, or no IDR with its sets has come yet.
  kContinuation,     // More slices of the picture before.
  kMalformed,        // Its slice header cannot be read, or its first slices are missing.
};

enum class PictureStructure : std::uint8_t { kFrame, kTopField, kBottomField };

struct CodedPicture {
  PictureVerdict verdict = PictureVerdict::kNoSlice;
  ByteSpan bytes{};                // NAL units behind lengths of four bytes; until the next access unit is handed in.
  bool is_independent = false;     // IDR. Neither a CRA nor a recovery point: pictures before them may be shown after.
  bool has_new_format = false;     // format() is not what it was: this picture needs the new init segment. Independent.
  std::uint32_t frame_number = 0;  // H.264's frame_num: the same in both fields of a frame.
  ByteSpan rest{};                 // Behind it, of what was handed in: from the next picture's first unit on.
  PictureStructure structure = PictureStructure::kFrame;  // Fields when they came in access units of their own (PAFF).
};

// Whether `second` completes the frame that `first` began. Then both are one sample: the bytes of `first`, behind them
// those of `second`, with the time, the independence and the format of `first`. `first` must not be a second field
// itself.
[[nodiscard]] inline bool is_second_field(const CodedPicture& first, const CodedPicture& second) noexcept {
  return first.verdict == PictureVerdict::kPicture && second.verdict == PictureVerdict::kPicture &&
         first.structure != PictureStructure::kFrame && second.structure != PictureStructure::kFrame &&
         first.structure != second.structure && first.frame_number == second.frame_number && !second.is_independent;
}

}  // namespace fanlight::packager
