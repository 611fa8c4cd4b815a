// The streams that control hands to workers: made within the memory plan, owned here whoever holds the token.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "contract/commands.h"

namespace fanlight::control {

class StreamStore final : public StreamFactory {
 public:
  StreamStore(std::size_t slots, std::size_t viewers_max) : slots_free_(slots), viewers_max_(viewers_max) {}
  ~StreamStore() override;

  [[nodiscard]] Stream* make(const StreamOptions& options) override;
  void take_back(Stream* stream) override;

 private:
  std::size_t slots_free_;  // Of the plan's history slots.
  std::size_t viewers_max_;
  std::unordered_map<Stream*, std::unique_ptr<Stream>> streams_;
};

}  // namespace fanlight::control
