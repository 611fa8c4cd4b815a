#include "io/send_batch.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace fanlight::io {

void SendBatch::gather(std::span<const Departure> departures, bool on_v6_socket, bool may_segment) noexcept {
  size_ = 0;
  iovecs_used_ = 0;
  const std::uint16_t door = departures.front().envelope->door;
  while (!departures.empty() && departures.front().envelope->door == door && has_room()) {
    const Envelope& envelope = *departures.front().envelope;
    const std::size_t segment_bytes = departures.front().packet.total_bytes();
    mmsghdr& message = messages_[size_];
    message.msg_hdr.msg_iov = &iovecs_[iovecs_used_];
    const Run run = gather_run(departures, may_segment);
    message.msg_hdr.msg_iovlen = static_cast<std::size_t>(&iovecs_[iovecs_used_] - message.msg_hdr.msg_iov);
    address(envelope, on_v6_socket, run.is_segmented() ? static_cast<std::uint16_t>(segment_bytes) : 0);
    runs_[size_++] = run;
    departures = departures.subspan(run.packets);
  }
}

// All segments of a run are equally long; only the last may be shorter.
SendBatch::Run SendBatch::gather_run(std::span<const Departure> departures, bool may_segment) noexcept {
  const Departure& first = departures.front();
  const std::size_t segment_bytes = first.packet.total_bytes();
  const std::size_t most = may_segment && segment_bytes > 0 ? kSegmentsPerRun : 1;
  Run run;
  for (const Departure& departure : departures) {
    const std::size_t bytes = departure.packet.total_bytes();
    if (run.packets > 0 && (departure.envelope != first.envelope || bytes > segment_bytes || bytes == 0)) break;
    if (run.packets > 0 && (run.bytes + bytes > kRunBytes || iovecs_used_ + kIovecsPerPacket > kIovecs)) break;
    append(departure.packet);
    ++run.packets;
    run.bytes += static_cast<std::uint32_t>(bytes);
    if (run.packets == most || bytes < segment_bytes) break;
  }
  return run;
}

void SendBatch::append(const PacketRef& packet) noexcept {
  std::size_t segments = 0;
  packet.for_each_segment([&](ByteSpan segment) {
    CHECK(++segments <= kIovecsPerPacket);
    // The kernel only reads what it sends; struct iovec has no way to say so.
    iovecs_[iovecs_used_++] = {const_cast<std::byte*>(segment.data()), segment.size()};
  });
}

// Name and control message are read by the kernel where they stand, in the envelope; only UDP_SEGMENT, which varies
// from send to send, makes a copy of the latter.
void SendBatch::address(const Envelope& envelope, bool on_v6_socket, std::uint16_t segment_bytes) noexcept {
  msghdr& header = messages_[size_].msg_hdr;
  auto* head = const_cast<std::byte*>(envelope.head.data());
  header.msg_name = head;
  header.msg_namelen = address_bytes(on_v6_socket);
  std::byte* source = head + header.msg_namelen;
  const std::size_t source_bytes = envelope.head_bytes - header.msg_namelen;
  if (segment_bytes == 0) {
    header.msg_control = source;
    header.msg_controllen = source_bytes;
    return;
  }
  MutableByteSpan control = controls_[size_].bytes;
  std::memcpy(control.data(), source, source_bytes);
  write_segment_size(segment_bytes, control.subspan(source_bytes));
  header.msg_control = control.data();
  header.msg_controllen = source_bytes + kSegmentControlBytes;
}

int SendBatch::send(int fd, std::size_t first) noexcept {
  return sendmmsg(fd, messages_.data() + first, static_cast<unsigned>(size_ - first), MSG_DONTWAIT);
}

}  // namespace fanlight::io
