// A stream with its fan-out on heap packets and no relay around it. For the tests beside the code.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "io/dressed_run.h"
#include "stream/fan_out.h"
#include "stream/repair.h"
#include "wire/srt_header.h"
#include "wire/test_bytes.h"

namespace fanlight {

// Takes what leaves apart: the envelope that goes with it, and the header.
struct Departed {
  const Envelope* envelope;
  wire::DataHeader header;
  std::size_t total_bytes;
};

struct CollectingPort {
  std::vector<Departed> departed;
  PacketPool headers{64, kHeaderRoomBytes};
  PacketPool copies{64, kCopyRoomBytes};
  std::size_t take_max = SIZE_MAX;  // Of one slice.
  io::PortCounters figures;
  std::size_t receive(std::span<io::Arrival>) noexcept { return 0; }
  std::size_t transmit(std::span<io::Departure> departures) noexcept {
    for (io::Departure& one : departures) {
      departed.push_back({one.envelope, *wire::parse_data_header(one.packet.bytes()), one.packet.total_bytes()});
      one.packet.reset();
    }
    return departures.size();
  }
  std::size_t transmit_fresh(const FreshRun& run) noexcept {
    return io::transmit_dressed(*this, headers, copies, run, take_max);
  }
  void address(const Path&, Envelope&) noexcept {}
  void wait(Micros) noexcept {}
  [[nodiscard]] const io::PortCounters& counters() noexcept { return figures; }
};

struct StreamFixture {
  explicit StreamFixture(const StreamOptions& options = {.latency_max = seconds(2)})
      : stream(kSlots, kViewers, options) {
    stream.release().lend_from(places);
  }

  static constexpr std::size_t kSlots = 256;
  static constexpr std::size_t kViewers = 2000;

  PacketPool headers{2048, kHeaderRoomBytes};
  PacketPool copies{64, kCopyRoomBytes};
  PacketPool received{512, kCopyRoomBytes};
  WorkerCounters counters;
  TransmitQueue queue;
  Dresser dresser{{headers, copies}, queue, counters};
  CollectingPort port;
  ViewerSlabs slabs{kViewers};
  FanOut fan_out{dresser, slabs, io::AnyPort::of(port)};
  Repair repair{dresser, slabs};
  PlacePool places{kDestinationsMax, 2};
  Stream stream;
  Instant now{1'000'000'000};
  std::vector<std::unique_ptr<Viewer>> viewers;

  // Whole TS packets, if they are so long together.
  static Bytes ts_payload(std::size_t bytes) {
    Bytes payload(bytes);
    for (std::size_t at = 0; at < bytes; at += wire::kTsPacketBytes) payload[at] = std::byte{0x47};
    return payload;
  }
  Verdict publish(std::int64_t pos, std::size_t bytes = 188) { return publish(pos, ts_payload(bytes)); }
  Verdict publish(std::int64_t pos, const Bytes& payload) {
    PacketRef packet = received.take();
    CHECK(packet && packet.resize(payload.size()));
    std::copy(payload.begin(), payload.end(), packet.bytes().begin());
    return stream.admit(now, {pos}, {now.us}, packet);
  }
  void publish_run(std::int64_t first, std::int64_t last) {
    for (std::int64_t pos = first; pos <= last; ++pos) CHECK(publish(pos) == Verdict::kAccepted);
  }
  // A viewer whose first packet is the next one to be served.
  Viewer& join(std::uint32_t window_packets = 8192, SeqNo first_seq = {0}) {
    Viewer& viewer = join_unheard(window_packets, first_seq);
    viewer.sender.handle_sign_of_life(now);
    return viewer;
  }
  Viewer& join_unheard(std::uint32_t window_packets = 8192, SeqNo first_seq = {0}) {
    const PacketPos first = stream.pass().active ? stream.pass().end : stream.served_next();
    viewers.push_back(std::make_unique<Viewer>(
        Viewer::Opening{.stream = &stream, .start_at = now},
        srt::Sender::Options{
            .opened = now, .first_seq = first_seq, .first_pos = first, .window_packets = window_packets}));
    viewers.back()->envelope.time_zero = stream.clock().now(now);
    stream.add_viewer(*viewers.back());
    return *viewers.back();
  }
  // Serves once and takes all that left.
  std::vector<Departed> serve() {
    fan_out.begin_breath();
    outcome = fan_out.serve(now, stream);
    queue.flush(port);
    return std::exchange(port.departed, {});
  }
  static std::vector<std::uint32_t> numbers_of(const std::vector<Departed>& departed, const Viewer& viewer) {
    std::vector<std::uint32_t> numbers;
    for (const Departed& one : departed)
      if (one.envelope == &viewer.envelope) numbers.push_back(one.header.seq.raw);
    return numbers;
  }
  [[nodiscard]] bool is_done() const { return outcome == FanOut::Outcome::kDone; }
  FanOut::Outcome outcome = FanOut::Outcome::kDone;
};

}  // namespace fanlight
