#include "service/answers.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace fanlight::packager {
namespace {

// Fifteen times as long as the board's news are apart: whom that happens to viewers have lost already.
constexpr Micros kBoardAgeMax = seconds(3);

}  // namespace

Health health_of(Micros board_age) {
  if (board_age <= kBoardAgeMax) return {200, "ok\n"};
  return {503, "packaging stands: no news of the streams for " + std::to_string(board_age.count / 1'000'000) + " s\n"};
}

std::string streams_json(std::span<const StreamStanding> streams) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const StreamStanding& one : streams) {
    if (one.is_member) continue;
    nlohmann::ordered_json line;
    const std::string folder = "/live/" + one.name;
    line["name"] = one.name;
    line["state"] = name_of(one.state);
    line["why"] = one.why;
    line["hls"] = folder + "/index.m3u8";
    line["dash"] = one.has_dash ? nlohmann::ordered_json(folder + "/manifest.mpd") : nlohmann::ordered_json();
    line["latency_target_s"] = static_cast<double>(one.hold_back.count) / 1e6;
    line["codecs"] = one.codecs;
    if (one.picture) line["video"] = {{"width", one.picture->width}, {"height", one.picture->height}};
    if (one.picture && one.picture->rate) {
      const FrameRate rate = *one.picture->rate;
      line["video"]["fps"] = std::round(1'000.0 * rate.frames / rate.seconds) / 1'000;
    }
    list.push_back(std::move(line));
  }
  return list.dump(1) + "\n";
}

HttpResponse made_answer(std::string_view allow_origin, std::uint16_t status, std::string_view type, SharedBytes text) {
  HttpResponse response{.status = status};
  response.fields = {{"content-type", std::string(type)},
                     {"cache-control", "no-store"},
                     {"access-control-allow-origin", std::string(allow_origin)}};
  response.body.size = text.size();
  response.body.pieces.push_back(std::move(text));
  return response;
}

HttpResponse made_answer(std::string_view allow_origin, std::uint16_t status, std::string_view type,
                         std::string_view text) {
  return made_answer(allow_origin, status, type, SharedBytes::copy_of(text));
}

}  // namespace fanlight::packager
