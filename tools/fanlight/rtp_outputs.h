// The RTP outputs of a stream, and which of them is meant: a session description has one in it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fanlight::cli {

struct RtpOutput {
  std::uint64_t id = 0;
  std::string url;
  std::string sdp;
};

// Of an answer of GET /v1/calls.
[[nodiscard]] std::vector<RtpOutput> rtp_outputs(const nlohmann::json& answer, std::string_view stream);
// `which`: an ID, or a URL with its options or without; empty: there is but one. The error has several lines that a
// terminal can show.
[[nodiscard]] Result<RtpOutput> choose_output(const std::vector<RtpOutput>& outputs, std::string_view stream,
                                              std::string_view which);

}  // namespace fanlight::cli
