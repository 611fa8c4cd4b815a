// Bytes to fields, and heads to bytes.
#include <benchmark/benchmark.h>

#include <cstring>

#include "net/frame.h"
#include "net/udp_head.h"
#include "packet/envelope.h"
#include "wire/srt_ack.h"
#include "wire/srt_header.h"
#include "wire/srt_nak.h"

namespace fanlight::bench {
namespace {

constexpr Endpoint kLocal{IpAddress::v4(10, 9, 0, 1), 9000};
constexpr Endpoint kRemote{IpAddress::v4(10, 9, 0, 2), 4000};
constexpr net::MacAddress kMac{2, 0, 0, 0, 0, 1};

void parse_data_header(benchmark::State& state) {
  std::array<std::byte, wire::kHeaderBytes> bytes;
  wire::write_data_header(bytes, {.seq = {77}, .time = {1234}, .destination = SocketId{99}});
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes.data());
    benchmark::DoNotOptimize(wire::parse_data_header(bytes));
  }
}
BENCHMARK(parse_data_header);

void parse_ack(benchmark::State& state) {
  std::array<std::byte, 64> bytes;
  const std::size_t size = wire::write_ack(bytes, {{5}, wire::AckRtt{}, wire::AckRates{}}, 1, {}, SocketId{99});
  const ByteSpan content = ByteSpan(bytes).subspan(wire::kHeaderBytes, size - wire::kHeaderBytes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes.data());
    benchmark::DoNotOptimize(wire::parse_control_header(ByteSpan(bytes).first(size)));
    benchmark::DoNotOptimize(wire::parse_ack(content));
  }
}
BENCHMARK(parse_ack);

void parse_nak_of_three_ranges(benchmark::State& state) {
  std::array<std::byte, 64> bytes;
  wire::LossReportWriter writer(bytes, {}, SocketId{99});
  for (const wire::SeqRange range : {wire::SeqRange{{5}, {5}}, wire::SeqRange{{9}, {17}}, wire::SeqRange{{40}, {41}}})
    (void)writer.add(range);
  const ByteSpan content = ByteSpan(bytes).subspan(wire::kHeaderBytes, writer.written() - wire::kHeaderBytes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(bytes.data());
    wire::LossReportReader reader(content);
    while (const std::optional<wire::SeqRange> range = reader.next()) benchmark::DoNotOptimize(*range);
  }
}
BENCHMARK(parse_nak_of_three_ranges);

// An ACK's frame: IP header and UDP checksum looked through.
void judge_frame(benchmark::State& state) {
  constexpr std::size_t kBefore = net::kEthernetBytes + net::kUdpHeadBytesV4;
  std::array<std::byte, 128> frame{};
  const std::size_t size =
      wire::write_ack(std::span(frame).subspan(kBefore), {{5}, wire::AckRtt{}, wire::AckRates{}}, 1, {}, SocketId{99});
  ByteWriter writer{frame};
  net::write_ethernet(writer, {kMac, {2, 0, 0, 0, 0, 2}, net::kEtherTypeIpv4});
  (void)net::write_udp_head(std::span(frame).subspan(net::kEthernetBytes), net::make_udp_head(kRemote, kLocal),
                            static_cast<std::uint16_t>(size), net::PayloadSum{ByteSpan(frame).subspan(kBefore, size)},
                            net::ChecksumMode::kSoftware);
  net::Interface interface;
  interface.mac = kMac;
  interface.ipv4 = kLocal.ip;
  interface.ipv4_prefix = 24;
  interface.udp_ports[0] = kLocal.port;
  if (net::judge_frame(interface, ByteSpan(frame).first(kBefore + size)).verdict != Verdict::kAccepted)
    state.SkipWithError("the frame was refused");
  for (auto _ : state) {
    benchmark::DoNotOptimize(frame.data());
    benchmark::DoNotOptimize(net::judge_frame(interface, ByteSpan(frame).first(kBefore + size)));
  }
}
BENCHMARK(judge_frame);

// What stands in front of a payload: Ethernet, IPv4, UDP with its checksum, SRT.
void stamp_envelope(benchmark::State& state) {
  Envelope envelope;
  const net::UdpHead head = net::make_udp_head(kLocal, kRemote);
  std::memcpy(envelope.head.data(), head.bytes.data(), head.size);
  envelope.head_bytes = head.size;
  const net::PayloadSum payload{ByteSpan(envelope.head)};
  std::array<std::byte, 64> out;
  std::uint32_t seq = 0;
  for (auto _ : state) {
    const MutableByteSpan srt = std::span(out).subspan(net::kEthernetBytes + net::kUdpHeadBytesV4);
    wire::write_data_header(srt.first<wire::kHeaderBytes>(), {.seq = {++seq}, .destination = envelope.peer});
    ByteWriter writer{out};
    net::write_ethernet(writer, {kMac, kMac, net::kEtherTypeIpv4});
    const net::PayloadSum sum = net::PayloadSum{srt.first<wire::kHeaderBytes>()} + payload;
    benchmark::DoNotOptimize(net::write_udp_head(std::span(out).subspan(net::kEthernetBytes),
                                                 ByteSpan(envelope.head).first(envelope.head_bytes), 1332, sum,
                                                 net::ChecksumMode::kSoftware));
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(stamp_envelope);

}  // namespace
}  // namespace fanlight::bench
