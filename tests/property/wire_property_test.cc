// Whatever the fields, what was written is what is read; whatever the bytes, reading them ends.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "wire/srt_ack.h"
#include "wire/srt_handshake.h"
#include "wire/srt_header.h"
#include "wire/srt_key_message.h"
#include "wire/srt_nak.h"

namespace fanlight::wire {
namespace {

using Bytes = std::vector<std::byte>;

template <class T>
T any() {
  return *rc::gen::arbitrary<T>();
}
std::uint32_t word() { return *rc::gen::inRange<std::uint32_t>(0, 0xFFFF'FFFF); }
SeqNo seq() { return {word() & kSeqMask}; }
Micros wire_span() { return {word()}; }

Bytes bytes(std::size_t size) {
  const auto raw = *rc::gen::container<std::vector<std::uint8_t>>(size, rc::gen::inRange<std::uint8_t>(0, 255));
  Bytes out(size);
  std::transform(raw.begin(), raw.end(), out.begin(), [](std::uint8_t b) { return std::byte{b}; });
  return out;
}

// Text as a stream ID has it: no zero, which would be padding.
std::string text(int size_max) {
  return *rc::gen::container<std::string>(*rc::gen::inRange(0, size_max + 1), rc::gen::inRange<char>(1, 127));
}

RC_GTEST_PROP(HeaderProperty, DataHeadersComeBack, ()) {
  const DataHeader header{.seq = seq(),
                          .boundary = static_cast<Boundary>(*rc::gen::inRange(0, 4)),
                          .in_order = any<bool>(),
                          .key = static_cast<KeyFlag>(*rc::gen::inRange(0, 4)),
                          .retransmitted = any<bool>(),
                          .message = word() & kMessageNumberMask,
                          .time = {word()},
                          .destination = SocketId{word()}};
  std::array<std::byte, kHeaderBytes> out;
  write_data_header(out, header);
  RC_ASSERT(parse_data_header(out) == header);
  RC_ASSERT(!parse_control_header(out));
  RC_ASSERT(peek_destination(out) == header.destination);
}

RC_GTEST_PROP(HeaderProperty, ControlHeadersComeBack, ()) {
  const ControlHeader header{.type = static_cast<ControlType>(*rc::gen::inRange(0, 0x8000)),
                             .subtype = any<std::uint16_t>(),
                             .info = word(),
                             .time = {word()},
                             .destination = SocketId{word()}};
  std::array<std::byte, kHeaderBytes + 4> out;
  RC_ASSERT(write_bare_control(out, header) == out.size());
  RC_ASSERT(parse_control_header(out) == header);
  RC_ASSERT(!parse_data_header(out));
}

RC_GTEST_PROP(AckProperty, EveryFormComesBack, ()) {
  Ack ack{.first_missing = seq()};
  if (any<bool>()) {
    ack.rtt = AckRtt{.rtt = wire_span(), .variance = wire_span(), .window_packets = word()};
    if (any<bool>())
      ack.rates = AckRates{.receive_speed = PacketsPerSecond{word()},
                           .capacity = PacketsPerSecond{word()},
                           .receive_rate = BytesPerSecond{word()}};
  }
  const std::uint32_t number = word();
  Bytes out(64);
  out.resize(write_ack(out, ack, number, {word()}, SocketId{word()}));
  RC_ASSERT(parse_control_header(out)->type == ControlType::kAck);
  RC_ASSERT(parse_control_header(out)->info == number);
  RC_ASSERT(parse_ack(ByteSpan(out).subspan(kHeaderBytes)) == ack);
}

SeqRange range() {
  const SeqNo first = seq();
  const auto more = *rc::gen::oneOf(rc::gen::just(0u), rc::gen::inRange(0u, 0x4000'0000u));
  return {first, {(first.raw + more) & kSeqMask}};
}

RC_GTEST_PROP(LossReportProperty, RangesComeBackInOrderUntilTheyNoLongerFit, ()) {
  Bytes out(static_cast<std::size_t>(*rc::gen::inRange(0, 200)));
  LossReportWriter writer(out, {}, {});
  std::vector<SeqRange> written;
  for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
    const SeqRange next = range();
    if (!writer.add(next)) break;
    written.push_back(next);
  }
  RC_ASSERT(writer.written() <= out.size());
  RC_ASSERT((writer.written() == 0) == written.empty());
  if (written.empty()) return;

  const ByteSpan content = ByteSpan(out).first(writer.written()).subspan(kHeaderBytes);
  RC_ASSERT(is_well_formed_loss_report(content));
  LossReportReader reader(content);
  for (const SeqRange& expected : written) RC_ASSERT(reader.next() == expected);
  RC_ASSERT(!reader.next());
}

RC_GTEST_PROP(DropRequestProperty, ComesBack, ()) {
  const DropRequest request{.message = word() & kMessageNumberMask, .range = {seq(), seq()}};
  Bytes out(24);
  RC_ASSERT(write_drop_request(out, request, {}, {}) == out.size());
  RC_ASSERT(parse_drop_request(*parse_control_header(out), ByteSpan(out).subspan(kHeaderBytes)) == request);
}

RC_GTEST_PROP(KeyMessageProperty, ComesBackAndEveryOtherLengthIsRefused, ()) {
  const KeyFlag keys = *rc::gen::element(KeyFlag::kEven, KeyFlag::kOdd, KeyFlag::kBoth);
  const std::size_t key_bytes = *rc::gen::element<std::size_t>(16, 24, 32);
  const Bytes salt = bytes(kSaltBytes);
  const Bytes wrapped = bytes((keys == KeyFlag::kBoth ? 2 : 1) * key_bytes + 8);
  KeyMessage message{.keys = keys,
                     .cipher = *rc::gen::element(Cipher::kAesCtr, Cipher::kAesGcm),
                     .key_bytes = key_bytes,
                     .wrapped = wrapped};
  std::ranges::copy(salt, message.salt.begin());
  Bytes out(kKeyMessageBytesMax);
  const std::size_t size = write_key_message(out, message);
  const auto read = parse_key_message(ByteSpan(out).first(size));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->keys == keys && read->cipher == message.cipher && read->key_bytes == key_bytes);
  RC_ASSERT(read->salt == message.salt);
  RC_ASSERT(std::ranges::equal(read->wrapped, wrapped));

  const auto other = static_cast<std::size_t>(*rc::gen::inRange(0, 160));
  out.resize(std::max<std::size_t>(out.size(), 160));
  RC_ASSERT(parse_key_message(ByteSpan(out).first(other)).has_value() == (other == size));
}

IpAddress peer_ip() {
  if (any<bool>()) {
    const auto octet = [] { return *rc::gen::inRange<std::uint8_t>(0, 255); };
    return IpAddress::v4(octet(), octet(), octet(), octet());
  }
  IpAddress ip;
  std::ranges::transform(bytes(16), ip.bytes.begin(), [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  ip.bytes[15] |= 1;  // Three zero words at the end would say IPv4.
  return ip;
}

Handshake handshake() {
  return {.version = word(),
          .encryption = any<std::uint16_t>(),
          .extension = any<std::uint16_t>(),
          .first_seq = {word()},
          .mss = word(),
          .window_packets = word(),
          .request = any<std::int32_t>(),
          .socket = SocketId{word()},
          .cookie = word(),
          .peer_ip = peer_ip()};
}

RC_GTEST_PROP(HandshakeProperty, ComesBackWithAllItsBlocks, ()) {
  const std::string stream_id = text(512), congestion = text(16), filter = text(64);
  const Bytes key_message = bytes(4 * static_cast<std::size_t>(*rc::gen::inRange(0, 27)));
  HandshakePacket packet{.handshake = handshake(),
                         .is_response = any<bool>(),
                         .stream_id = stream_id,
                         .congestion = congestion,
                         .filter = filter,
                         .key_message = key_message};
  if (any<bool>()) packet.capabilities = HsCapabilities{word(), word(), any<std::uint16_t>(), any<std::uint16_t>()};
  Bytes out(1500);
  out.resize(write_handshake_packet(out, packet, {word()}, SocketId{word()}));
  const ByteSpan content = ByteSpan(out).subspan(kHeaderBytes);
  RC_ASSERT(parse_handshake(content) == packet.handshake);
  const auto read = parse_handshake_extensions(content.subspan(kHandshakeBytes));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->capabilities == packet.capabilities);
  RC_ASSERT(read->is_response == (packet.capabilities && packet.is_response));
  RC_ASSERT(read->stream_id.value_or("") == stream_id);
  RC_ASSERT(read->congestion.value_or("") == congestion);
  RC_ASSERT(read->filter.value_or("") == filter);
  RC_ASSERT(std::ranges::equal(read->key_message, key_message));
}

// What the sanitizers watch: any bytes, in a block of exactly their size.
RC_GTEST_PROP(ParserProperty, AnyBytesAreReadToAnEnd, ()) {
  const Bytes any_bytes = bytes(static_cast<std::size_t>(*rc::gen::inRange(0, 300)));
  RC_ASSERT(parse_data_header(any_bytes).has_value() + parse_control_header(any_bytes).has_value() ==
            (any_bytes.size() >= kHeaderBytes));
  static_cast<void>(parse_ack(any_bytes));
  static_cast<void>(is_well_formed_loss_report(any_bytes));
  static_cast<void>(parse_drop_request({}, any_bytes));
  static_cast<void>(parse_key_message(any_bytes));
  static_cast<void>(parse_handshake_extensions(any_bytes));
  RC_ASSERT(parse_handshake(any_bytes).has_value() == (any_bytes.size() >= kHandshakeBytes));
}

// Bytes that begin as something sensible get further in than random ones.
RC_GTEST_PROP(ParserProperty, ADamagedHandshakeIsReadToAnEnd, ()) {
  const Bytes key_message = bytes(56);
  Bytes out(1500);
  out.resize(write_handshake_packet(out,
                                    {.handshake = handshake(),
                                     .capabilities = HsCapabilities{},
                                     .stream_id = "#!::r=live/stage,m=publish",
                                     .key_message = key_message},
                                    {}, {}));
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i)
    out[*rc::gen::inRange<std::size_t>(0, out.size())] = std::byte{*rc::gen::inRange<std::uint8_t>(0, 255)};
  out.resize(*rc::gen::inRange<std::size_t>(kHeaderBytes + kHandshakeBytes, out.size() + 1));
  const auto read = parse_handshake_extensions(ByteSpan(out).subspan(kHeaderBytes + kHandshakeBytes));
  if (read) RC_ASSERT(read->key_message.size() <= out.size());
}

}  // namespace
}  // namespace fanlight::wire
