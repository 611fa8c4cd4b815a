// The streams that control hands to workers, one for each of them: made within the memory plan, owned here whoever
// holds the token. The packets are shared, so a stream's slots count once, and until the last worker gave its own back.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "contract/commands.h"

namespace fanlight::control {

class StreamStore final : public StreamFactory {
 public:
  StreamStore(std::size_t slots, std::size_t viewers_max, std::size_t workers = 1)
      : slots_free_(slots), viewers_max_(viewers_max), workers_(workers) {}
  ~StreamStore() override;

  [[nodiscard]] std::vector<Stream*> make(const StreamOptions& options) override;
  void take_back(Stream* stream) override;

 private:
  // Gives its slots back when the last of the workers' streams goes.
  struct Share {
    Share(std::size_t& free, std::size_t count) : slots_free(free), slots(count) { slots_free -= slots; }
    ~Share() { slots_free += slots; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    std::size_t& slots_free;
    std::size_t slots;
  };
  struct Held {
    std::unique_ptr<Stream> stream;
    std::shared_ptr<Share> share;
  };
  std::size_t slots_free_;  // Of the plan's history slots.
  std::size_t viewers_max_;
  std::size_t workers_;
  std::unordered_map<Stream*, Held> streams_;
};

}  // namespace fanlight::control
