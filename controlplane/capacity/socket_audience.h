// The other end of a trial on kernel sockets: one publisher and N viewers with addresses of their own in 127/8, behind
// one socket, on a thread of its own. It takes what the relay sends while the relay works, so that packets are freed on
// another core, as they are in life; and it speaks only when it is told to, so that what a round costs is known.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/seq.h"
#include "base/strong.h"

namespace fanlight::control {

class SocketAudience {
 public:
  // Numbers of viewers do not count alike.
  static constexpr SeqNo first_seq_of(std::size_t viewer) {
    return {static_cast<std::uint32_t>(viewer * 7919 + 1) & kSeqMask};
  }
  static constexpr std::size_t kPublisher = SIZE_MAX;  // Among speakers.

  // `busy_cpu` is left to the relay when there is another; -1: none is.
  [[nodiscard]] static Result<std::unique_ptr<SocketAudience>> open(const Endpoint& relay, int busy_cpu);
  ~SocketAudience();
  SocketAudience(const SocketAudience&) = delete;
  SocketAudience& operator=(const SocketAudience&) = delete;

  [[nodiscard]] Path publisher_path(std::size_t) const { return path_of(kPublisher); }
  [[nodiscard]] Path viewer_path(std::size_t viewer) const { return path_of(viewer); }
  [[nodiscard]] std::size_t viewers() const { return viewers_.size(); }
  // Bytes of the socket's receive buffer.
  [[nodiscard]] std::size_t buffer_bytes() const { return buffer_bytes_; }
  // The relay's socket IDs of the sessions; there is one publisher.
  void introduce(std::vector<SocketId> publishers, std::vector<SocketId> viewers);

  // So many packets of the publisher, then one ACK from each viewer if `acks`. Returns when they lie in the relay's
  // buffer; what came from the relay before has been taken by then.
  void speak(std::size_t stream, std::size_t packets, bool acks);

 private:
  SocketAudience() = default;
  [[nodiscard]] Result<Done> open_socket(const Endpoint& relay);
  [[nodiscard]] Path path_of(std::size_t speaker) const;
  void run(int busy_cpu);
  [[nodiscard]] bool drain();
  void publish();
  void acknowledge();
  struct Batch;
  void say(std::size_t speaker, std::size_t bytes);
  void flush();

  int fd_ = -1;
  Endpoint relay_;
  std::uint16_t port_ = 0;
  std::size_t buffer_bytes_ = 0;
  SocketId publisher_;
  std::vector<SocketId> viewers_;
  std::uint32_t published_ = 0;
  std::uint32_t ack_number_ = 0;
  std::unique_ptr<Batch> batch_;
  std::size_t packets_ = 0;
  bool acks_ = false;
  enum class Turn : std::uint8_t { kRelay, kAudience, kOver };
  std::atomic<Turn> turn_{Turn::kRelay};
  std::thread thread_;
};

}  // namespace fanlight::control
