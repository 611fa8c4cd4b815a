// What a track is, as far as a player has to know before the first sample: its codec, its configuration record, its
// size. When any of it changes, a new init segment is due. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fanlight::packager {

enum class Codec : std::uint8_t { kH264, kH265, kAac, kAc3, kEac3, kOpus };

struct FrameRate {
  std::uint32_t frames = 0;  // In so many ...
  std::uint32_t seconds = 1;
  friend bool operator==(const FrameRate&, const FrameRate&) = default;
};

// H.264 tables E-3 to E-5, H.265 the same; 2 is "unspecified". A transfer of 16 is PQ, of 18 HLG.
struct Colours {
  std::uint8_t primaries = 2;
  std::uint8_t transfer = 2;
  std::uint8_t matrix = 2;
  bool is_full_range = false;
  friend bool operator==(const Colours&, const Colours&) = default;
};

struct PictureFormat {
  std::uint32_t width = 0;  // Luma samples after cropping.
  std::uint32_t height = 0;
  std::uint16_t aspect_width = 1;  // Of a sample.
  std::uint16_t aspect_height = 1;
  std::optional<FrameRate> rate{};  // As the parameter sets say, or as it was measured where they do not.
  Colours colours{};
  friend bool operator==(const PictureFormat&, const PictureFormat&) = default;
};

struct SoundFormat {
  std::uint32_t sample_rate = 0;  // What is heard: with SBR twice what is coded.
  std::uint16_t channels = 0;
  std::uint32_t samples_per_frame = 0;  // Usually; Opus may vary from frame to frame.
  friend bool operator==(const SoundFormat&, const SoundFormat&) = default;
};

struct TrackFormat {
  Codec codec = Codec::kH264;
  std::string name;  // RFC 6381, as CODECS has it: "avc1.64001f", "mp4a.40.2".
  // What stands in the sample entry's own box: avcC, hvcC, dac3, dec3, dOps; of AAC the AudioSpecificConfig.
  std::vector<std::byte> record;
  std::variant<PictureFormat, SoundFormat> media;
  friend bool operator==(const TrackFormat&, const TrackFormat&) = default;

  [[nodiscard]] bool is_video() const noexcept { return std::holds_alternative<PictureFormat>(media); }
  // Ticks a second of the track's timestamps: 90,000 for pictures, the sampling rate for sound.
  [[nodiscard]] std::uint32_t timescale() const noexcept {
    const auto* sound = std::get_if<SoundFormat>(&media);
    return sound != nullptr ? sound->sample_rate : 90'000;
  }
};

}  // namespace fanlight::packager
