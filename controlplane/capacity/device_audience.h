// The other end of a trial on a device: publishers and viewers at ports of one address, behind a port of their own that
// faces the relay's, on a thread of its own. It takes and speaks as SocketAudience does.
#pragma once

#include <array>
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
#include "io/ethernet_port.h"

namespace fanlight::control {

class DeviceAudience {
 public:
  struct Options {
    std::size_t streams = 1;
    std::size_t viewers = 0;           // Of each stream.
    io::EthernetPort* port = nullptr;  // The audience's thread's alone from open() on.
    PacketPool* pool = nullptr;
    IpAddress own;  // The port's.
    Endpoint relay;
    int busy_cpu = -1;  // Left to the relay when there is another; -1: none is.
  };
  static constexpr std::uint16_t kFirstPublisherPort = 1'000;
  static constexpr std::uint16_t kFirstViewerPort = 2'000;

  static constexpr SeqNo first_seq_of(std::size_t viewer) {
    return {static_cast<std::uint32_t>(viewer * 7919 + 1) & kSeqMask};
  }

  explicit DeviceAudience(const Options& options);
  ~DeviceAudience();
  DeviceAudience(const DeviceAudience&) = delete;
  DeviceAudience& operator=(const DeviceAudience&) = delete;

  [[nodiscard]] Path publisher_path(std::size_t stream) const { return path_of(kFirstPublisherPort + stream); }
  [[nodiscard]] Path viewer_path(std::size_t viewer) const { return path_of(kFirstViewerPort + viewer); }
  void introduce(std::vector<SocketId> publishers, std::vector<SocketId> viewers);
  // Comes back when it lies in the rings before the relay; what came from there before has been taken by then.
  void speak(std::size_t stream, std::size_t packets, bool acks);

 private:
  [[nodiscard]] Path path_of(std::size_t port) const {
    return {.remote = {options_.own, static_cast<std::uint16_t>(port)}, .local = options_.relay};
  }
  [[nodiscard]] Envelope envelope_from(const Path& speaker);
  void run();
  void publish(std::size_t stream);
  void acknowledge(std::size_t stream);
  // `write(span)` writes and sizes the datagram.
  template <class Write>
  void say(const Envelope& envelope, Write&& write);
  void flush();

  Options options_;
  std::vector<Envelope> publisher_envelopes_, viewer_envelopes_;
  std::vector<SocketId> publishers_, viewers_;
  std::vector<std::uint32_t> published_;  // By stream.
  std::uint32_t ack_number_ = 0;
  std::array<io::Arrival, 64> heard_{};
  std::array<io::Departure, 64> said_{};
  std::size_t count_ = 0;  // Of said_.

  std::size_t stream_ = 0, packets_ = 0;
  bool acks_ = false;
  enum class Turn : std::uint8_t { kRelay, kAudience, kOver };
  std::atomic<Turn> turn_{Turn::kRelay};
  std::thread thread_;
};

}  // namespace fanlight::control
