#include "micro/house.h"

#include <cstring>

namespace fanlight::bench {
namespace {

constexpr std::size_t kHistorySlots = 1024;
constexpr std::size_t kPayloadBytes = 1316;
// A viewer that reports each other packet and acknowledges nothing would be refused, and cut after 10 s of its clock.
constexpr ViewerBounds kUnbounded{.repair_percent = 100, .cuts_slow = false};

}  // namespace

House::House(std::size_t viewers, std::uint32_t window_packets)
    : stream(kHistorySlots, viewers, {.latency_max = seconds(5), .bounds = kUnbounded}),
      relay({.sessions_max = viewers + 1, .publishers_max = 1, .key = {1, 2}}, {headers, copies}, mailbox,
            io::AnyPort::of(port)) {
  CHECK(mailbox.commands.try_push(Command{command::AddStream{kStream, &stream}}));
  viewers_.reserve(viewers);
  publisher_ = open(Role::kPublisher, viewers, {1}, kFlowWindowPackets);
  for (std::size_t i = 0; i < viewers; ++i) viewers_.push_back(open(Role::kViewer, i, first_seq_of(i), window_packets));
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

SocketId House::open(Role role, std::size_t caller, SeqNo first_seq, std::uint32_t window_packets) {
  CHECK(mailbox.commands.try_push(Command{opening(kStream, {.role = role,
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

void House::publish() {
  std::array<std::byte, wire::kHeaderBytes + kPayloadBytes> datagram{};
  ++published_;
  wire::write_data_header(std::span(datagram).first<wire::kHeaderBytes>(),
                          {.seq = {published_ & kSeqMask},
                           .message = published_,
                           .time = {static_cast<std::uint32_t>(now.us)},
                           .destination = publisher_});
  io::Arrival packet = arrival(viewers_.size(), datagram);
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
