// What an origin has done, for whoever watches it. Written by the server's thread, read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace fanlight::packager {

enum class RequestKind : std::uint8_t {
  kMultivariant,
  kPlaylist,
  kMpd,
  kInit,
  kSegment,
  kPart,
  kKey,
  kTime,
  kHealth,
  kPreflight,
  kOther,
};
inline constexpr std::size_t kRequestKinds = 11;
[[nodiscard]] const char* name_of(RequestKind kind);

// Every status there is.
inline constexpr std::array<std::uint16_t, 8> kStatuses = {200, 204, 206, 304, 400, 404, 416, 503};

// Has one writer.
class OriginCounter {
 public:
  void add(std::uint64_t n = 1) { value_.store(get() + n, std::memory_order_relaxed); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct OriginCounters {
  // Upper bounds; behind them a bucket for what took longer.
  static constexpr std::array<Micros, 8> kReleaseBounds = {millis(1),  millis(2),  millis(5),   millis(10),
                                                           millis(20), millis(50), millis(100), millis(500)};

  std::array<std::array<OriginCounter, kStatuses.size()>, kRequestKinds> answers{};
  OriginCounter waiting;        // Now.
  OriginCounter refused_waits;  // Too many already.
  OriginCounter expired;        // Waited for what did not come in time.
  // From a publication to the answers that waited for it.
  std::array<OriginCounter, kReleaseBounds.size() + 1> releases{};
  OriginCounter release_us;  // Together.

  void count_answer(RequestKind kind, std::uint16_t status);
  void count_release(Micros took);
};

}  // namespace fanlight::packager
