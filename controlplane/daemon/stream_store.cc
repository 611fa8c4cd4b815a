#include "daemon/stream_store.h"

#include "base/check.h"
#include "daemon/dataplane_plan.h"
#include "stream/stream.h"

namespace fanlight::control {

StreamStore::~StreamStore() = default;

Stream* StreamStore::make(const StreamOptions& options) {
  const std::size_t slots = history_slots(options);
  if (slots > slots_free_) return nullptr;
  auto stream = std::make_unique<Stream>(slots, viewers_max_, options);
  slots_free_ -= slots;
  Stream* token = stream.get();
  streams_.emplace(token, std::move(stream));
  return token;
}

void StreamStore::take_back(Stream* stream) {
  const auto place = streams_.find(stream);
  CHECK(place != streams_.end());
  slots_free_ += stream->history().slots();
  streams_.erase(place);
}

}  // namespace fanlight::control
