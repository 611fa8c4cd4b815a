// Answers to INDUCTIONs, which wait while viewers do: a stranger who is answered some milliseconds later notices
// nothing, and a flood of them stays out of the time in which an audience gets its packets.
#pragma once

#include <array>
#include <cstddef>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"
#include "wire/srt_handshake.h"
#include "worker/replies.h"

namespace fanlight {

class Greetings {
 public:
  static constexpr std::size_t kMax = 256;
  static constexpr Micros kWaitMax = millis(10);  // However long the viewers' turn is.
  static constexpr std::size_t kBytes = wire::kHeaderBytes + wire::kHandshakeBytes;

  // A place for the answer to `path`; with none left, those that wait go out first.
  [[nodiscard]] std::span<std::byte, kBytes> add(Instant now, const Path& path, Replies& replies) noexcept {
    if (count_ == kMax) say(replies);
    if (count_ == 0) oldest_ = now;
    Greeting& greeting = waiting_[count_++];
    greeting.path = path;
    return greeting.datagram;
  }
  void say_unless(bool viewers_wait, Instant now, Replies& replies) noexcept {
    if (count_ > 0 && (!viewers_wait || now - oldest_ >= kWaitMax)) say(replies);
  }

 private:
  struct Greeting {
    Path path;
    std::array<std::byte, kBytes> datagram;
  };
  void say(Replies& replies) noexcept {
    for (std::size_t i = 0; i < count_; ++i) replies.send_to(waiting_[i].path, waiting_[i].datagram);
    count_ = 0;
  }
  std::array<Greeting, kMax> waiting_;
  std::size_t count_ = 0;
  Instant oldest_{};
};

}  // namespace fanlight
