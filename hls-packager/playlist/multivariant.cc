#include "playlist/multivariant.h"

#include <algorithm>

#include "playlist/text.h"

namespace fanlight::packager {
namespace {

std::string language_attribute(const std::string& language) {
  return is_language(language) ? ",LANGUAGE=" + quoted(language) : "";
}

std::string choice_attributes(bool is_default) {
  return std::string(",DEFAULT=") + (is_default ? "YES" : "NO") + ",AUTOSELECT=YES";
}

std::string audio_line(const AudioRendition& audio) {
  const std::string description =
      audio.describes_video ? ",CHARACTERISTICS=" + quoted("public.accessibility.describes-video") : std::string{};
  return "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=" + quoted(audio.group) + ",NAME=" + quoted(audio.name) +
         language_attribute(audio.language) + choice_attributes(audio.is_default) + description +
         ",CHANNELS=" + quoted(std::to_string(audio.channels)) + ",URI=" + quoted(audio.uri) + "\n";
}

std::string captions_line(const ClosedCaptions& captions) {
  return "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=" + quoted(captions.group) + ",NAME=" + quoted(captions.name) +
         language_attribute(captions.language) + choice_attributes(captions.is_default) +
         ",INSTREAM-ID=" + quoted(captions.channel) + "\n";
}

std::string picture_attributes(const PictureFormat& picture) {
  std::string out = ",RESOLUTION=" + std::to_string(picture.width) + "x" + std::to_string(picture.height);
  if (picture.rate) out += ",FRAME-RATE=" + rate_text(*picture.rate);
  const VideoRange range = video_range_of(picture.colours);
  if (range != VideoRange::kSdr) out += range == VideoRange::kPq ? ",VIDEO-RANGE=PQ" : ",VIDEO-RANGE=HLG";
  return out;
}

std::string variant_lines(const Variant& variant) {
  std::string codecs;
  for (const std::string& codec : variant.codecs) codecs += (codecs.empty() ? "" : ",") + codec;
  std::string out = "#EXT-X-STREAM-INF:BANDWIDTH=" + std::to_string(variant.bandwidth) +
                    ",AVERAGE-BANDWIDTH=" + std::to_string(variant.bandwidth_average) + ",CODECS=" + quoted(codecs);
  if (variant.picture) out += picture_attributes(*variant.picture);
  if (!variant.audio_group.empty()) out += ",AUDIO=" + quoted(variant.audio_group);
  if (!variant.captions_group.empty())
    out += ",CLOSED-CAPTIONS=" + quoted(variant.captions_group);
  else if (variant.picture)
    out += ",CLOSED-CAPTIONS=NONE";
  return out + "\n" + variant.uri + "\n";
}

}  // namespace

VideoRange video_range_of(const Colours& colours) {
  constexpr std::uint8_t kPq = 16, kHlg = 18;
  if (colours.transfer == kPq) return VideoRange::kPq;
  return colours.transfer == kHlg ? VideoRange::kHlg : VideoRange::kSdr;
}

std::string write_multivariant_playlist(const MultivariantPlaylist& playlist) {
  // A service of CTA-708 needs the next version. RFC 8216bis §8
  const bool has_services = std::ranges::any_of(
      playlist.captions, [](const ClosedCaptions& captions) { return captions.channel.starts_with("SERVICE"); });
  std::string out = has_services ? "#EXTM3U\n#EXT-X-VERSION:7\n" : "#EXTM3U\n#EXT-X-VERSION:6\n";
  if (playlist.has_independent_segments) out += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  for (const AudioRendition& audio : playlist.audio) out += audio_line(audio);
  for (const ClosedCaptions& captions : playlist.captions) out += captions_line(captions);
  for (const Variant& variant : playlist.variants) out += variant_lines(variant);
  return out;
}

}  // namespace fanlight::packager
