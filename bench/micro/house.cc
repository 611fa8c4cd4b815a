#include "micro/house.h"

#include <cstring>

namespace fanlight::bench {
namespace {

constexpr std::size_t kHistorySlots = 1024;
constexpr std::size_t kOtherSlots = 64;
constexpr std::size_t kPayloadBytes = 1316;
// A viewer that reports each other packet and acknowledges nothing would be refused, and cut after 10 s of its clock.
constexpr ViewerBounds kUnbounded{.repair_percent = 100, .cuts_slow = false};

}  // namespace

House::House(std::size_t viewers, std::uint32_t window_packets)
    : stream(kHistorySlots, viewers, {.latency_max = seconds(5), .bounds = kUnbounded}),
      other_stream(kOtherSlots, 1, {.latency_max = seconds(5)}),
      relay({.sessions_max = viewers + 3, .publishers_max = 2, .key = {1, 2}}, {headers, copies}, mailbox,
            io::AnyPort::of(port)) {
  CHECK(mailbox.commands.try_push(Command{command::AddStream{kStream, &stream}}));
  viewers_.reserve(viewers);
  publisher_ = open(Role::kPublisher, viewers, {1}, kFlowWindowPackets);
  for (std::size_t i = 0; i < viewers; ++i) viewers_.push_back(open(Role::kViewer, i, first_seq_of(i), window_packets));
  for (std::size_t i = 0; i < viewers; ++i) {  // Who was not heard is not sent the stream.
    std::array<std::byte, 20> sign;
    (void)wire::write_bare_control(sign, {.type = wire::ControlType::kKeepAlive, .destination = viewers_[i]});
    io::Arrival heard = arrival(i, sign);
    relay.admit(now, std::span(&heard, 1));
    relay.service_touched(now);
  }
  now = now + millis(10);  // Data may follow the response now.
  relay.fan_out(now);
  publish();
  CHECK(mailbox.counters.read(Counter::kFreshSent) == viewers);
}

Path House::path_of(std::size_t caller) {
  return {.remote = {IpAddress::v4(10, 9, static_cast<std::uint8_t>(caller / 50'000), 2),
                     static_cast<std::uint16_t>(1'000 + caller % 50'000)},
          .local = {IpAddress::v4(10, 9, 0, 1), 9000}};
}

void House::open_other_stream() {
  CHECK(mailbox.commands.try_push(Command{command::AddStream{kOtherStream, &other_stream}}));
  other_publisher_ = open(Role::kPublisher, viewers() + 1, {1}, kFlowWindowPackets, kOtherStream);
  (void)open(Role::kViewer, viewers() + 2, {1}, 1u << 30, kOtherStream);
}

SocketId House::open(Role role, std::size_t caller, SeqNo first_seq, std::uint32_t window_packets, StreamIndex to) {
  CHECK(mailbox.commands.try_push(Command{opening(to, {.role = role,
                                                       .path = path_of(caller),
                                                       .peer = SocketId{static_cast<std::uint32_t>(caller + 1)},
                                                       .first_seq = first_seq,
                                                       .window_packets = window_packets,
                                                       .ciphers = nullptr})}));
  relay.take_commands(now);
  relay.service_touched(now);
  flush();
  Event event;
  while (mailbox.events.try_pop(event))
    if (const auto* opened = std::get_if<event::SessionOpened>(&event)) return opened->socket;
  CHECK(false);
  return {};
}

io::Arrival House::arrival(std::size_t i, ByteSpan datagram) {
  io::Arrival arrival{whole.take(), path_of(i)};
  CHECK(arrival.packet && arrival.packet.resize(datagram.size()));
  std::memcpy(arrival.packet.bytes().data(), datagram.data(), datagram.size());
  return arrival;
}

io::Arrival House::packet(SocketId publisher, std::size_t caller, std::uint32_t n) {
  std::array<std::byte, wire::kHeaderBytes + kPayloadBytes> datagram{};
  wire::write_data_header(
      std::span(datagram).first<wire::kHeaderBytes>(),
      {.seq = {n & kSeqMask}, .message = n, .time = {static_cast<std::uint32_t>(now.us)}, .destination = publisher});
  return arrival(caller, datagram);
}

void House::publish() {
  io::Arrival packet = next_packet();
  relay.admit(now, {&packet, 1});
  relay.service_touched(now);
  const std::uint64_t wanted = std::uint64_t{published_} * viewers_.size();
  for (std::size_t turns = 0; mailbox.counters.read(Counter::kFreshSent) < wanted; ++turns) {
    CHECK(turns <= viewers_.size());  // Each has its packet by then, or there is one that is cut or skipped.
    relay.fan_out(now);
    flush();
  }
}

}  // namespace fanlight::bench
