// Datagrams in sendmmsg's form, from departures or from a fresh run that is stamped here. Consecutive packets to one
// viewer become one message that the kernel cuts into datagrams (UDP_SEGMENT): 2/4/8 of them cost 0.49/0.28/0.18 µs
// each against 0.9–1.0 alone. Packets for sealed viewers are encrypted into buffers of the batch's own, few enough to
// stay near until the kernel has copied them. Nothing is allocated after construction.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "contract/limits.h"
#include "crypto/packet_cipher.h"
#include "io/port.h"
#include "io/socket_address.h"

namespace fanlight::io {

class SendBatch {
 public:
  struct Run {
    std::uint32_t packets = 0;
    std::uint32_t bytes = 0;
    const Envelope* envelope = nullptr;  // Whose they are.
    [[nodiscard]] bool is_segmented() const { return packets > 1; }
  };

  // Describes departures from the front, all through the door of the first, until something is full. The departures
  // must stay where they are until sent.
  void gather(std::span<const Departure> departures, bool on_v6_socket, bool may_segment) noexcept;

  // The same for a fresh run: headers are stamped into the batch, payloads stay where they are or are encrypted into
  // the batch. `skip` departures have left before; at most `most` are described.
  void gather_fresh(const FreshRun& run, std::size_t skip, std::size_t most, bool on_v6_socket,
                    bool may_segment) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const Run& run(std::size_t message) const noexcept { return runs_[message]; }
  // Sends messages [first, size); answers how many went, or -1 with errno about the first.
  [[nodiscard]] int send(int fd, std::size_t first) noexcept;

 private:
  static constexpr std::size_t kMessages = 64;
  static constexpr std::size_t kSegmentsPerRun = 64;  // UDP_MAX_SEGMENTS of kernels before 6.9.
  static constexpr std::size_t kRunBytes = 65'000;    // An IP packet's 65,535 less all headers.
  static constexpr std::size_t kIovecs = 1024;        // Also the most that one message may have.
  static constexpr std::size_t kIovecsPerPacket = 8;
  static constexpr std::size_t kSealed = 64;  // 96 KiB.

  [[nodiscard]] bool has_room() const noexcept {
    return size_ < kMessages && iovecs_used_ + kIovecsPerPacket <= kIovecs && sealed_used_ < kSealed;
  }
  [[nodiscard]] Run gather_run(std::span<const Departure> departures, bool may_segment) noexcept;
  [[nodiscard]] Run gather_fresh_run(const FreshRun& run, std::size_t first, std::size_t most,
                                     bool may_segment) noexcept;
  void append(const PacketRef& packet) noexcept;
  void append_fresh(const Envelope& envelope, const FreshPacket& packet) noexcept;
  void append_sealed(const Envelope& envelope, const FreshPacket& packet, const Seal& seal) noexcept;
  // The message from `first` on, addressed.
  void close_message(const iovec* first, const Envelope& envelope, bool on_v6_socket, const Run& run,
                     std::size_t segment_bytes) noexcept;
  void address(const Envelope& envelope, bool on_v6_socket, std::uint16_t segment_bytes) noexcept;

  std::size_t size_ = 0;
  std::size_t iovecs_used_ = 0;
  std::array<Run, kMessages> runs_{};
  std::array<mmsghdr, kMessages> messages_{};
  std::array<iovec, kIovecs> iovecs_{};
  std::array<std::array<std::byte, kFreshHeaderBytes>, kIovecs> headers_;  // At the iovec's index.
  // The ciphertext begins with a cache line.
  struct alignas(64) Sealed {
    std::array<std::byte, 64 - kFreshHeaderBytes> unused;
    std::array<std::byte, kFreshHeaderBytes> header;
    std::array<std::byte, kPayloadBytesMax> text;
  };
  crypto::CipherBatch cipher_batch_;
  std::size_t sealed_used_ = 0;
  std::array<Sealed, kSealed> sealed_;
  struct alignas(cmsghdr) Control {
    std::array<std::byte, kSourceControlBytesMax + kTtlControlBytes + kSegmentControlBytes> bytes;
  };
  std::array<Control, kMessages> controls_{};
};

}  // namespace fanlight::io
