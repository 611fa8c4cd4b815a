#include "fanlight/rtp_outputs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fanlight/tables.h"

namespace fanlight::cli {
namespace {

using nlohmann::json;

// Line by line: a name must not steer a terminal, and a receiver wants its line ends.
std::string printable_lines(std::string_view sdp) {
  std::string out;
  while (!sdp.empty()) {
    const std::size_t end = std::min(sdp.find("\r\n"), sdp.size());
    out += printable(sdp.substr(0, end)) + "\r\n";
    sdp.remove_prefix(std::min(end + 2, sdp.size()));
  }
  return out;
}

std::string_view without_options(std::string_view url) { return url.substr(0, url.find('?')); }

// An address is sent one stream: the options behind it tell nothing apart.
bool is_meant(const RtpOutput& one, std::string_view which) {
  return which == std::to_string(one.id) || without_options(which) == without_options(one.url);
}

std::string list_of(const std::vector<RtpOutput>& outputs, std::string_view stream) {
  std::string list;
  for (const RtpOutput& one : outputs)
    list += "\n  fanlight sdp " + printable(stream) + " " + std::to_string(one.id) + "  # " + printable(one.url);
  return list;
}

}  // namespace

std::vector<RtpOutput> rtp_outputs(const json& answer, std::string_view stream) {
  std::vector<RtpOutput> outputs;
  if (!answer.is_object()) return outputs;
  for (const json& call : answer.value("calls", json::array())) {
    const std::string sdp = call.value("sdp", std::string{});
    if (sdp.empty() || call.value("stream", std::string{}) != stream) continue;
    outputs.push_back({call.value("id", std::uint64_t{0}), call.value("url", std::string{}), printable_lines(sdp)});
  }
  return outputs;
}

Result<RtpOutput> choose_output(const std::vector<RtpOutput>& outputs, std::string_view stream,
                                std::string_view which) {
  const std::string name = printable(stream);
  if (outputs.empty())
    return Error{
        ErrorCode::kNotFound,
        "no RTP of " + name + " goes out; `fanlight viewer add rtp://ADDRESS:PORT --stream " + name + "` sends it"};
  if (which.empty() && outputs.size() == 1) return outputs.front();
  if (which.empty())
    return Error{ErrorCode::kInvalid, "RTP of " + name + " goes out to " + std::to_string(outputs.size()) +
                                          " destinations; say which is meant:" + list_of(outputs, stream)};
  const auto found = std::ranges::find_if(outputs, [&](const RtpOutput& one) { return is_meant(one, which); });
  if (found != outputs.end()) return *found;
  return Error{ErrorCode::kNotFound, printable(which) + " is no destination that RTP of " + name +
                                         " goes out to; there are:" + list_of(outputs, stream)};
}

}  // namespace fanlight::cli
