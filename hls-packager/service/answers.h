// Small answers made for one request: the list of streams, the metrics.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "service/stream_board.h"

namespace fanlight::packager {

// GET /api/streams.json
[[nodiscard]] std::string streams_json(std::span<const StreamStanding> streams);

// A body that is written for whoever asks and kept by nobody. `allow_origin`: whose pages may read it.
[[nodiscard]] HttpResponse made_answer(std::string_view allow_origin, std::uint16_t status, std::string_view type,
                                       std::string_view text);

}  // namespace fanlight::packager
