#include "io/send_batch.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace fanlight::io {

void SendBatch::gather(std::span<const Departure> departures, bool on_v6_socket, bool may_segment) noexcept {
  size_ = 0;
  iovecs_used_ = 0;
  sealed_used_ = 0;
  const std::uint16_t door = departures.front().envelope->door;
  while (!departures.empty() && departures.front().envelope->door == door && has_room()) {
    const Envelope& envelope = *departures.front().envelope;
    const std::size_t segment_bytes = departures.front().packet.total_bytes();
    iovec* const first = &iovecs_[iovecs_used_];
    const Run run = gather_run(departures, may_segment);
    close_message(first, envelope, on_v6_socket, run, segment_bytes);
    departures = departures.subspan(run.packets);
  }
}

void SendBatch::gather_fresh(const FreshRun& run, std::size_t skip, std::size_t most, bool on_v6_socket,
                             bool may_segment) noexcept {
  size_ = 0;
  iovecs_used_ = 0;
  sealed_used_ = 0;
  const std::size_t packets = run.packets.size();
  const std::size_t header_bytes = header_bytes_of(run.dress());
  const std::size_t end = std::min(run.packets_done + skip + most, packets * run.viewers.size());
  const std::uint16_t door = run.viewers[(run.packets_done + skip) / packets]->door;
  for (std::size_t at = run.packets_done + skip; at < end && has_room();) {
    const Envelope& envelope = *run.viewers[at / packets];
    if (envelope.door != door) break;
    const std::size_t segment_bytes = header_bytes + run.packets[at % packets].payload.bytes().size();
    iovec* const first = &iovecs_[iovecs_used_];
    const Run gathered = gather_fresh_run(run, at, end - at, may_segment);
    close_message(first, envelope, on_v6_socket, gathered, segment_bytes);
    at += gathered.packets;
  }
  if (run.is_sealed()) CHECK(cipher_batch_.run());  // It refuses a packet without key or bytes, and has none.
}

void SendBatch::close_message(const iovec* first, const Envelope& envelope, bool on_v6_socket, const Run& run,
                              std::size_t segment_bytes) noexcept {
  msghdr& header = messages_[size_].msg_hdr;
  header.msg_iov = const_cast<iovec*>(first);
  header.msg_iovlen = static_cast<std::size_t>(&iovecs_[iovecs_used_] - first);
  address(envelope, on_v6_socket, run.is_segmented() ? static_cast<std::uint16_t>(segment_bytes) : 0);
  runs_[size_] = run;
  runs_[size_++].envelope = &envelope;
}

// As gather_run(), of one viewer's packets from departure `first` on.
SendBatch::Run SendBatch::gather_fresh_run(const FreshRun& fresh, std::size_t first, std::size_t most,
                                           bool may_segment) noexcept {
  const std::span<FreshPacket> packets = fresh.packets.subspan(first % fresh.packets.size());
  const std::size_t viewer = first / fresh.packets.size();
  const Envelope& envelope = *fresh.viewers[viewer];
  const std::size_t header_bytes = header_bytes_of(envelope.dress);
  const std::size_t segment_bytes = header_bytes + packets.front().payload.bytes().size();
  most = std::min(most, may_segment ? kSegmentsPerRun : 1);
  Run run;
  for (const FreshPacket& packet : packets) {
    const std::size_t bytes = header_bytes + packet.payload.bytes().size();
    const bool fits = bytes <= segment_bytes && run.bytes + bytes <= kRunBytes && iovecs_used_ + 2 <= kIovecs;
    if (run.packets > 0 && !(fits && sealed_used_ < kSealed)) break;
    if (fresh.is_sealed()) {
      append_sealed(envelope, packet, fresh.seals[viewer]);
    } else {
      append_fresh(envelope, packet);
    }
    ++run.packets;
    run.bytes += static_cast<std::uint32_t>(bytes);
    if (run.packets == most || bytes < segment_bytes) break;
  }
  return run;
}

void SendBatch::append_fresh(const Envelope& envelope, const FreshPacket& packet) noexcept {
  std::array<std::byte, kFreshHeaderBytes>& header = headers_[iovecs_used_];
  stamp_clear(header.data(), envelope, packet);
  iovecs_[iovecs_used_++] = {header.data(), header_bytes_of(envelope.dress)};
  const ByteSpan payload = packet.payload.bytes();
  iovecs_[iovecs_used_++] = {const_cast<std::byte*>(payload.data()), payload.size()};
}

void SendBatch::append_sealed(const Envelope& envelope, const FreshPacket& packet, const Seal& seal) noexcept {
  Sealed& sealed = sealed_[sealed_used_++];
  const ByteSpan clear = packet.payload.bytes();
  stamp_fresh(sealed.header.data(), envelope, packet, seal.key_flag);
  cipher_batch_.add(*seal.key, envelope.offset.seq_of(packet.pos), clear, sealed.text.data());
  if (cipher_batch_.size() == crypto::CipherBatch::kMax) CHECK(cipher_batch_.run());
  static_assert(offsetof(Sealed, text) == offsetof(Sealed, header) + kFreshHeaderBytes);
  iovecs_[iovecs_used_++] = {sealed.header.data(), kFreshHeaderBytes + clear.size()};
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
// from send to send, and a TTL, which few have, make a copy of the latter.
void SendBatch::address(const Envelope& envelope, bool on_v6_socket, std::uint16_t segment_bytes) noexcept {
  msghdr& header = messages_[size_].msg_hdr;
  auto* head = const_cast<std::byte*>(envelope.head.data());
  header.msg_name = head;
  header.msg_namelen = address_bytes(on_v6_socket);
  std::byte* source = head + header.msg_namelen;
  const std::size_t source_bytes = envelope.head_bytes - header.msg_namelen;
  if (segment_bytes == 0 && envelope.ttl == 0) {
    header.msg_control = source;
    header.msg_controllen = source_bytes;
    return;
  }
  MutableByteSpan control = controls_[size_].bytes;
  std::memcpy(control.data(), source, source_bytes);
  std::size_t bytes = source_bytes;
  if (envelope.ttl != 0) {
    write_ttl(envelope.ttl, head, on_v6_socket, control.subspan(bytes));
    bytes += kTtlControlBytes;
  }
  if (segment_bytes != 0) {
    write_segment_size(segment_bytes, control.subspan(bytes));
    bytes += kSegmentControlBytes;
  }
  header.msg_control = control.data();
  header.msg_controllen = bytes;
}

int SendBatch::send(int fd, std::size_t first) noexcept {
  return sendmmsg(fd, messages_.data() + first, static_cast<unsigned>(size_ - first), MSG_DONTWAIT);
}

}  // namespace fanlight::io
