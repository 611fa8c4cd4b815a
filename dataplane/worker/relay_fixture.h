// A relay without a port: what it says is kept, what it hears is made here. For the tests beside the code, and for the
// fuzzer, which hands it worse.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "io/dressed_run.h"
#include "stream/stream.h"
#include "wire/srt_ack.h"
#include "wire/srt_handshake.h"
#include "wire/srt_nak.h"
#include "wire/ts_packet.h"
#include "worker/relay.h"

namespace fanlight {

// One datagram that left, its segments joined.
struct Said {
  Endpoint to;
  std::vector<std::byte> bytes;

  [[nodiscard]] std::optional<wire::ControlHeader> control() const { return wire::parse_control_header(bytes); }
  [[nodiscard]] std::optional<wire::DataHeader> data() const { return wire::parse_data_header(bytes); }
  [[nodiscard]] bool is(wire::ControlType type) const { return control() && control()->type == type; }
  [[nodiscard]] ByteSpan content() const { return std::span(bytes).subspan(wire::kHeaderBytes); }
};

// The envelope's head is the address in plain; `take_max` is how much the device takes at a time.
struct KeepingPort {
  std::vector<Said> said;
  std::size_t take_max = SIZE_MAX;
  std::size_t fresh_max = SIZE_MAX;  // Of one slice.
  PacketPool headers{kTransmitQueue, kHeaderRoomBytes};
  PacketPool copies{64, kCopyRoomBytes};
  io::PortCounters figures;
  Path addressed{};  // Last.

  std::size_t receive(std::span<io::Arrival>) noexcept { return 0; }
  std::size_t transmit(std::span<io::Departure> departures) noexcept {
    const std::size_t taken = std::min(departures.size(), take_max);
    for (io::Departure& departure : departures.first(taken)) {
      Said one;
      std::memcpy(&one.to, departure.envelope->head.data(), sizeof one.to);
      departure.packet.for_each_segment([&](ByteSpan s) { one.bytes.insert(one.bytes.end(), s.begin(), s.end()); });
      said.push_back(std::move(one));
      departure.packet.reset();
    }
    return taken;
  }
  std::size_t transmit_fresh(const FreshRun& run) noexcept {
    return io::transmit_dressed(*this, headers, copies, run, fresh_max);
  }
  void address(const Path& path, Envelope& envelope) noexcept {
    static_assert(sizeof path.remote <= sizeof envelope.head);
    std::memcpy(envelope.head.data(), &path.remote, sizeof path.remote);
    addressed = path;
  }
  void wait(Micros) noexcept {}
  [[nodiscard]] const io::PortCounters& counters() noexcept { return figures; }
};
static_assert(io::Port<KeepingPort>);

class RelayFixture {
 public:
  static constexpr std::size_t kSessions = 16;
  static constexpr std::size_t kSrtDoors = 2;
  static constexpr StreamIndex kStream{0};
  static constexpr SeqNo kIsn{1000};

  explicit RelayFixture(std::size_t header_buffers = 256, std::uint8_t worker = 1, Mesh* mesh = nullptr,
                        const StreamOptions& options = {.latency_max = seconds(2)},
                        std::vector<FeedAddress> feed_addresses = {})
      : headers(header_buffers, kHeaderRoomBytes),
        stream(256, kSessions, options),
        relay({.worker = worker,
               .sessions_max = kSessions,
               .publishers_max = 2,
               .fec_feeds = 1,
               .key = {7, 8},
               .mesh = mesh,
               .srt_doors = kSrtDoors,
               .adopted = &adopted,
               .feed_addresses = std::move(feed_addresses),
               .own_doors = {{IpAddress{}, 9'000}}},
              {headers, copies}, mailbox, io::AnyPort::of(port)) {
    say(command::AddStream{kStream, &stream});
  }

  PacketPool headers;
  PacketPool copies{256, kCopyRoomBytes};
  PacketPool received{512, kCopyRoomBytes};
  PacketPool adopted{512, 0};
  Stream stream;
  Mailbox mailbox;
  KeepingPort port;
  Relay relay;
  Instant now{1'000'000'000};
  std::vector<io::Arrival> burst;

  static Endpoint caller(std::uint16_t port_number) { return {IpAddress::v4(192, 0, 2, 7), port_number}; }

  template <class C>
  void say(C&& one) {
    Command command{std::forward<C>(one)};
    CHECK(mailbox.commands.try_push(std::move(command)));
  }
  void hear(const Endpoint& from, ByteSpan datagram) {
    PacketRef packet = received.take();
    CHECK(packet && packet.resize(datagram.size()));
    if (!datagram.empty()) std::memcpy(packet.bytes().data(), datagram.data(), datagram.size());
    burst.push_back({std::move(packet), {.remote = from, .local = {IpAddress::v4(192, 0, 2, 1), 9000}}});
  }
  // A breath as worker.h takes it; answers what left in it.
  std::vector<Said> breathe(Micros later = {}) {
    now = now + later;
    relay.take_commands(now);
    relay.admit(now, burst);
    burst.clear();
    relay.take_handovers(now);
    relay.fire_due_timers(now);
    relay.service_touched(now);
    relay.give_handovers();
    relay.fan_out(now);
    relay.report(now);
    relay.queue().flush(port);
    return std::exchange(port.said, {});
  }
  // What became of a breath's datagrams, verdict by verdict; what was said in it goes to `answers`.
  std::vector<Verdict> judge(std::vector<Said>& answers, Micros later = {}) {
    std::array<std::uint64_t, kVerdictCount> before;
    for (std::size_t i = 0; i < kVerdictCount; ++i) before[i] = mailbox.counters.read(Verdict(i));
    answers = breathe(later);
    std::vector<Verdict> verdicts;
    for (std::size_t i = 0; i < kVerdictCount; ++i)
      verdicts.insert(verdicts.end(), mailbox.counters.read(Verdict(i)) - before[i], Verdict(i));
    return verdicts;
  }
  // Breathes as the worker would until `span` has gone by; answers all that left.
  std::vector<Said> run_for(Micros span) {
    const Instant end = now + span;
    std::vector<Said> all = breathe();
    do {
      const Instant due = std::clamp(relay.next_deadline(now), now + millis(1), end);
      for (Said& one : breathe(due - now)) all.push_back(std::move(one));
    } while (now < end);
    return all;
  }
  template <class E>
  std::optional<E> next_event() {
    Event event;
    while (mailbox.events.try_pop(event))
      if (auto* one = std::get_if<E>(&event)) return std::move(*one);
    return std::nullopt;
  }

  static std::vector<std::byte> handshake(const wire::HandshakePacket& packet, SocketId destination = {}) {
    std::vector<std::byte> bytes(kDatagramBytesMax);
    bytes.resize(wire::write_handshake_packet(bytes, packet, {}, destination));
    return bytes;
  }
  // Whole TS packets, if they are so long together.
  static std::vector<std::byte> ts_payload(std::uint32_t number, std::size_t payload_bytes = 188) {
    std::vector<std::byte> bytes(payload_bytes, std::byte(number));
    for (std::size_t at = 0; at < bytes.size(); at += wire::kTsPacketBytes) bytes[at] = std::byte{0x47};
    return bytes;
  }
  static std::vector<std::byte> data(SocketId to, SeqNo seq, std::size_t payload_bytes = 188) {
    std::vector<std::byte> bytes(wire::kHeaderBytes);
    const std::vector<std::byte> payload = ts_payload(seq.raw, payload_bytes);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    const wire::DataHeader header{.seq = seq, .time = {seq.raw * 1000}, .destination = to};
    wire::write_data_header(std::span(bytes).first<wire::kHeaderBytes>(), header);
    return bytes;
  }
  static std::vector<std::byte> bare(SocketId to, wire::ControlType type, std::uint32_t info = 0) {
    std::vector<std::byte> bytes(20);
    (void)wire::write_bare_control(bytes, {type, 0, info, {}, to});
    return bytes;
  }
  static std::vector<std::byte> ack(SocketId to, SeqNo first_missing, std::uint32_t number,
                                    std::uint32_t window_packets = 8192, Micros rtt = millis(20)) {
    std::vector<std::byte> bytes(64);
    const wire::Ack ack{first_missing, wire::AckRtt{rtt, rtt / 4, window_packets}, {}};
    bytes.resize(wire::write_ack(bytes, ack, number, {}, to));
    return bytes;
  }
  static std::vector<std::byte> nak(SocketId to, std::initializer_list<wire::SeqRange> ranges) {
    std::vector<std::byte> bytes(kDatagramBytesMax);
    wire::LossReportWriter writer(bytes, {}, to);
    for (const wire::SeqRange& range : ranges) CHECK(writer.add(range));
    bytes.resize(writer.written());
    return bytes;
  }

  // What control would say to let a caller in; the response is as control makes it.
  static command::OpenSession opening(Role role, const Endpoint& from, SocketId peer, SeqNo first_seq = kIsn) {
    command::OpenSession open;
    open.request = RequestId{peer.raw()};
    open.path = {.remote = from, .local = {IpAddress::v4(192, 0, 2, 1), 9000}};
    open.peer = peer;
    open.role = role;
    open.stream = kStream;
    open.first_seq = first_seq;
    open.receive_latency = millis(120);
    open.send_latency = millis(120);
    open.window_packets = 8192;
    const std::size_t bytes = wire::write_handshake_packet(
        open.response,
        {.handshake =
             {.extension = wire::kExtHsReq, .first_seq = first_seq, .request = -1, .socket = {}, .peer_ip = {}},
         .capabilities = wire::HsCapabilities{.flags = 0x3F, .receiver_delay_ms = 120, .sender_delay_ms = 120},
         .is_response = true},
        {}, peer);
    open.response_bytes = static_cast<std::uint16_t>(bytes);
    return open;
  }
  // The session's socket ID, or 0 when it was refused. A viewer says at once that it is there.
  SocketId open(command::OpenSession&& command) {
    const std::optional<Endpoint> viewer_at =
        command.role == Role::kViewer ? std::optional(command.path.remote) : std::nullopt;
    const SocketId socket = open_unheard(std::move(command));
    if (!viewer_at || socket == SocketId{}) return socket;
    hear(*viewer_at, bare(socket, wire::ControlType::kKeepAlive));
    breathe();
    return socket;
  }
  SocketId open_unheard(command::OpenSession&& command) {
    say(std::move(command));
    breathe();
    const auto opened = next_event<event::SessionOpened>();
    return opened ? opened->socket : SocketId{};
  }

  // Everything that left for one address, in order.
  static std::vector<Said> to(const std::vector<Said>& said, const Endpoint& whom) {
    std::vector<Said> theirs;
    std::copy_if(said.begin(), said.end(), std::back_inserter(theirs), [&](const Said& s) { return s.to == whom; });
    return theirs;
  }
  static std::size_t count(const std::vector<Said>& said, wire::ControlType type) {
    return static_cast<std::size_t>(std::count_if(said.begin(), said.end(), [&](const Said& s) { return s.is(type); }));
  }
  static std::vector<std::uint32_t> sequences(const std::vector<Said>& said) {
    std::vector<std::uint32_t> numbers;
    for (const Said& one : said)
      if (one.data()) numbers.push_back(one.data()->seq.raw);
    return numbers;
  }
};

}  // namespace fanlight
