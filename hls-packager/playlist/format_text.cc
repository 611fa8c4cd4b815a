#include "playlist/format_text.h"

#include "playlist/text.h"

namespace fanlight::packager {

std::string format_text(const TrackFormat& format) {
  if (const auto* sound = std::get_if<SoundFormat>(&format.media))
    return format.name + " (" + std::to_string(sound->channels) +
           (sound->channels == 1 ? " channel, " : " channels, ") + std::to_string(sound->sample_rate) + " Hz)";
  const auto& picture = std::get<PictureFormat>(format.media);
  return format.name + " (" + std::to_string(picture.width) + "x" + std::to_string(picture.height) +
         (picture.rate ? ", " + rate_text(*picture.rate) + " pictures a second)" : ")");
}

std::string format_change_text(const TrackFormat& before, const TrackFormat& now) {
  const std::string was = format_text(before), is = format_text(now);
  return was == is ? is + ", of other parameters" : is + " after " + was;
}

}  // namespace fanlight::packager
