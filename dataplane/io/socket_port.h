// SocketPort: kernel UDP, the default port. recvmmsg into the receive pool, sendmmsg out of it, one UDP_SEGMENT message
// for every run of packets to one viewer (design D2). Answers leave from the address that was called.
//
// One thread, but for rejoin_groups(). Nothing is allocated after open().
#pragma once

#include <poll.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/port.h"
#include "io/receive_batch.h"
#include "io/send_batch.h"
#include "io/udp_socket.h"

namespace fanlight::io {

// An address that datagrams of feeds come to; one worker has it.
struct FeedDoor {
  Endpoint address;
  std::vector<GroupMembership> groups{};  // Of a group's address.
};

struct SocketPortOptions {
  std::vector<Endpoint> listen;        // "[::]:p" takes IPv4 too, unless "0.0.0.0:p" is listed as well.
  PacketPool* receive_pool = nullptr;  // Room for more than kDatagramBytesMax. Outlives the port.
  int doorbell = -1;                   // An eventfd of the caller's; a write to it ends wait().
  int receive_buffer_bytes = 8 << 20;
  int send_buffer_bytes = 4 << 20;
  std::vector<FeedDoor> feeds{};  // Doors behind those of `listen`, on worker 0. What they need may come later.
  // Several workers listen on the same endpoints, each with sockets of its own, opened in the order of their numbers.
  std::size_t workers = 1;
  std::size_t worker = 0;
};

class SocketPort {
 public:
  static Result<std::unique_ptr<SocketPort>> open(const SocketPortOptions& options);

  // Sentences for the log: what buffers were granted and how to raise them.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }
  // Where door `door` listens: its real port when 0 was asked for.
  [[nodiscard]] const Endpoint& bound(std::size_t door) const noexcept { return sockets_[door].bound(); }

  // As the kernel granted them to a door.
  [[nodiscard]] std::size_t receive_buffer_bytes(std::size_t door) const noexcept {
    return sockets_[door].receive_buffer_bytes();
  }
  [[nodiscard]] std::size_t send_buffer_bytes(std::size_t door) const noexcept {
    return sockets_[door].send_buffer_bytes();
  }

  // Where a feed's group is a member no more, or not yet, since its interface has come or was made anew. Slow: for
  // another thread than the one that receives; one at a time.
  void rejoin_groups();

  // --- io::Port
  [[nodiscard]] std::size_t receive(std::span<Arrival> arrivals) noexcept;
  [[nodiscard]] std::size_t transmit(std::span<Departure> departures) noexcept;
  [[nodiscard]] std::size_t transmit_fresh(const FreshRun& run) noexcept;
  void address(const Path& path, Envelope& envelope) noexcept;
  void wait(Micros span) noexcept;
  [[nodiscard]] const PortCounters& counters() const noexcept { return counters_; }

 private:
  explicit SocketPort(const SocketPortOptions& options)
      : receive_batch_(*options.receive_pool), doorbell_(options.doorbell) {}
  [[nodiscard]] Result<Done> open_door(const UdpSocketOptions& options);
  // Sends what the batch describes; answers how many departures left from the front. Fewer than all: see `blocked` and
  // `plain_packets_`.
  [[nodiscard]] std::size_t send_batch(UdpSocket& socket) noexcept;
  void note_refused(const Envelope& envelope, bool on_v6_socket, int reason) noexcept;
  [[nodiscard]] std::size_t tell_refused(std::span<Arrival> arrivals) noexcept;
  [[nodiscard]] std::size_t count_sent(std::size_t first, std::size_t messages) noexcept;
  void prepare_polls() noexcept;

  std::vector<UdpSocket> sockets_;
  std::vector<pollfd> polls_;  // One per socket, the doorbell last.
  std::vector<std::string> notes_;
  ReceiveBatch receive_batch_;
  SendBatch send_batch_;
  PortCounters counters_;
  std::size_t next_door_ = 0;
  std::size_t plain_packets_ = 0;  // So many departures from the front must go one by one.
  // Destinations that the host would not send to, until the worker hears of them. Others are heard of when they are
  // refused again.
  static constexpr std::size_t kRefusedMax = 16;
  std::array<Path, kRefusedMax> refused_{};
  std::size_t refused_count_ = 0;
  int doorbell_;
  bool is_dry_ = false;
};
static_assert(Port<SocketPort>);

}  // namespace fanlight::io
