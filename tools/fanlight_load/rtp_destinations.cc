#include "fanlight_load/rtp_destinations.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "fanlight/http_client.h"

namespace fanlight::load {

using Json = nlohmann::json;

namespace {

constexpr int kTriesMax = 50;
constexpr unsigned kPauseUs = 100'000;

}  // namespace

Result<std::uint32_t> RtpDestinations::add_one(const Wanted& one) const {
  const Json body{{"role", "viewer"}, {"stream", one.stream}, {"url", one.url}};
  const Result<cli::Answer> answer = cli::exchange(api_, "POST", "/v1/calls", body.dump());
  if (!answer) return answer.error();
  const Json said = Json::parse(answer->body, nullptr, false);
  if (answer->status == 201 && said.is_object() && said.contains("id")) return said["id"].get<std::uint32_t>();
  const bool has_words = said.is_object() && said.contains("error") && said["error"].contains("message");
  return Error{ErrorCode::kFailed, one.url + ": " +
                                       (has_words ? said["error"]["message"].get<std::string>()
                                                  : "the relay answered " + std::to_string(answer->status))};
}

void RtpDestinations::add(const std::atomic<bool>& is_over) {
  for (const Wanted& one : wanted_) {
    if (is_over.load(std::memory_order_relaxed)) return;
    Result<std::uint32_t> id = add_one(one);
    // On devices the relay comes up when we are there.
    for (int tries = 0; !id && id.error().code == ErrorCode::kUnavailable && ids_.empty() && tries < kTriesMax;
         ++tries) {
      if (is_over.load(std::memory_order_relaxed)) return;
      usleep(kPauseUs);
      id = add_one(one);
    }
    if (!id) {
      failure_ = id.error().what;
      has_failed_.store(true, std::memory_order_release);
      return;
    }
    ids_.push_back(*id);
    added_.store(ids_.size(), std::memory_order_release);
  }
}

void RtpDestinations::remove() {
  for (const std::uint32_t id : ids_)
    if (!cli::exchange(api_, "DELETE", "/v1/calls/" + std::to_string(id))) break;
  ids_.clear();
}

}  // namespace fanlight::load
