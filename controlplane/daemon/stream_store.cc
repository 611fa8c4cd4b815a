#include "daemon/stream_store.h"

#include "base/check.h"
#include "daemon/dataplane_plan.h"
#include "stream/stream.h"

namespace fanlight::control {

StreamStore::~StreamStore() = default;

std::vector<Stream*> StreamStore::make(const StreamOptions& options) {
  const std::size_t slots = history_slots(options);
  if (slots > slots_free_) return {};
  const auto share = std::make_shared<Share>(slots_free_, slots);
  std::vector<Stream*> tokens;
  for (std::size_t worker = 0; worker < workers_; ++worker) {
    auto stream = std::make_unique<Stream>(slots, viewers_max_, options);
    tokens.push_back(stream.get());
    streams_.emplace(tokens.back(), Held{std::move(stream), share});
  }
  return tokens;
}

void StreamStore::take_back(Stream* stream) { CHECK(streams_.erase(stream) == 1); }

}  // namespace fanlight::control
