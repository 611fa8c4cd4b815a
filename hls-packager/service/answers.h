// Small answers made for one request: the list of streams, the metrics.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"
#include "service/stream_board.h"

namespace fanlight::packager {

// GET /api/streams.json
[[nodiscard]] std::string streams_json(std::span<const StreamStanding> streams);

// GET /healthz
struct Health {
  std::uint16_t status = 200;
  std::string text{};
};
// `board_age`: since the packaging thread told last how the streams stand.
[[nodiscard]] Health health_of(Micros board_age);

// That no cache keeps. `allow_origin`: whose pages may read it.
[[nodiscard]] HttpResponse made_answer(std::string_view allow_origin, std::uint16_t status, std::string_view type,
                                       SharedBytes text);
[[nodiscard]] HttpResponse made_answer(std::string_view allow_origin, std::uint16_t status, std::string_view type,
                                       std::string_view text);

}  // namespace fanlight::packager
