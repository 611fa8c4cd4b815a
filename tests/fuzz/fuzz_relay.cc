// A relay under fire: whatever comes in and whatever control wants, every datagram leaves with one verdict, and when
// all is over every buffer is back in its pool.
// The input is a list of operations: one byte says which, the bytes behind it say how.
#include <cstdint>

#include "base/check.h"
#include "crypto/test_srtp.h"
#include "wire/rtcp.h"
#include "worker/relay_fixture.h"

namespace fanlight {
namespace {

class Input {
 public:
  explicit Input(ByteSpan bytes) : bytes_(bytes) {}
  [[nodiscard]] bool is_empty() const { return at_ >= bytes_.size(); }
  std::uint8_t u8() { return is_empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes_[at_++]); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(u8() << 8 | u8()); }
  std::uint32_t u32() { return std::uint32_t{u16()} << 16 | u16(); }
  std::vector<std::byte> take(std::size_t n) {
    n = std::min(n, bytes_.size() - at_);
    const auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += n;
    return {from, from + static_cast<std::ptrdiff_t>(n)};
  }

 private:
  ByteSpan bytes_;
  std::size_t at_ = 0;
};

const Endpoint kFeed{IpAddress::v4(192, 0, 2, 1), 5'004};
const Endpoint kSecondFeed{IpAddress::v4(192, 0, 2, 1), 6'004};

class World : RelayFixture {
 public:
  void operate(Input& in) {
    const std::uint8_t what = in.u8();
    if (what >= 240) return call_out(what % 4, in);  // Came later: older inputs keep their meaning.
    if (what >= 236) return feed_in(what % 4, in);
    if (what >= 232) return send_out(what % 4, in);
    switch (what % 16) {
      case 0:
        return conclude(in);
      case 1:
        return open_one(in, Role::kPublisher);
      case 2:
        return open_one(in, Role::kViewer);
      case 3:
        return publish(in);
      case 4:
        return hear_ack(in);
      case 5:
        return hear_nak(in);
      case 6:
        return hear_bare(in);
      case 7:
        return hear_raw(in);
      case 8:
        return hear_for_session(in);
      case 9:
        return pass(millis(in.u8()));
      case 10:
        return pass(millis(in.u8() * 20));
      case 11:
        port.take_max = in.u8() % 4 == 0 ? SIZE_MAX : in.u8();
        return;
      case 12:
        return say_if_room(command::CloseSession{session(in), CloseReason::kKicked});
      case 13:
        return say_if_room(command::AskReport{in.u8(), in.u8() % 2 == 0 ? SocketId{} : session(in)});
      case 14:
        return remove_or_add(in);
      default:
        return publish_many(in);
    }
  }
  void finish() {
    port.take_max = SIZE_MAX;
    pass(millis(1));
    CHECK(mailbox.commands.try_push(Command{command::Stop{}}));
    for (int i = 0; i < 20 && !relay.is_stopped(); ++i) pass(millis(20));
    CHECK(relay.is_stopped());
    pass(millis(1));
    stream.history().clear();
    CHECK(headers.available() == headers.capacity());
    CHECK(copies.available() == copies.capacity());
    CHECK(received.available() == received.capacity());
    CHECK(stream.viewers() == 0);
  }

 private:
  void pass(Micros span) {
    const std::uint64_t before = judged();
    const std::size_t heard = burst.size();
    for (const Said& said : breathe(span)) note_request(said);
    CHECK(judged() - before == heard);
    note_events();
  }
  std::uint64_t judged() const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < kVerdictCount; ++i) total += mailbox.counters.read(Verdict(i));
    return total;
  }
  void note_events() {
    Event event;
    while (mailbox.events.try_pop(event)) {
      if (const auto* opened = std::get_if<event::SessionOpened>(&event))
        known_[opened->request.raw() % 16] = opened->socket;
      if (const auto* connected = std::get_if<event::CallConnected>(&event))
        known_[connected->request.raw() % 16] = connected->socket;
      if (std::get_if<event::StreamRetired>(&event)) is_added_ = false;
    }
  }
  template <class C>
  void say_if_room(C&& one) {
    Command command{std::forward<C>(one)};
    (void)mailbox.commands.try_push(std::move(command));
  }
  // One of 16 callers; each has one address and one socket ID of its own.
  static Endpoint address(std::uint8_t who) { return caller(static_cast<std::uint16_t>(5000 + who % 16)); }
  SocketId session(Input& in) { return known_[in.u8() % 16]; }
  void hear_bounded(const Endpoint& from, ByteSpan datagram) {
    if (burst.size() == kReceiveBurst) pass({});
    if (received.available() > 0) hear(from, datagram);
  }

  void conclude(Input& in) {
    const std::uint8_t who = in.u8();
    const auto type = static_cast<std::int32_t>(in.u8() % 4) - 2;
    hear_bounded(address(who), handshake({.handshake = {.version = 4u + in.u8() % 2,
                                                        .extension = in.u8(),
                                                        .first_seq = {in.u16()},
                                                        .request = type,
                                                        .socket = SocketId{who % 16u},
                                                        .cookie = in.u16(),
                                                        .peer_ip = {}}}));
  }
  void open_one(Input& in, Role role) {
    const std::uint8_t who = in.u8();
    auto one = opening(role, address(who), SocketId{who % 16u + 16u}, SeqNo{in.u32() & kSeqMask});
    one.window_packets = in.u16();
    one.mss = std::uint32_t{1500} - in.u8();
    one.send_latency = millis(in.u8());
    one.peer_rexmit = who % 2 == 0;
    if (who % 4 == 3) one.ciphers = ciphers();
    first_seq_[who % 16] = one.first_seq;
    say_if_room(std::move(one));
  }
  // The socket that a call of ours waits at.
  void note_request(const Said& said) {
    const auto handshake =
        said.is(wire::ControlType::kHandshake) ? wire::parse_handshake(said.content()) : std::nullopt;
    if (handshake && handshake->version == 4 && handshake->request == 1 && handshake->cookie == 0)
      calling_[said.to.port % 16] = handshake->socket;
  }
  void call_out(int what, Input& in) {
    const std::uint8_t who = in.u8();
    if (what == 0) return open_call(who, in);
    wire::HandshakePacket packet{.handshake = {.extension = wire::kInductionMagic,
                                               .first_seq = first_seq_[who % 16],
                                               .mss = std::uint32_t{1500} - in.u8(),
                                               .window_packets = in.u16(),
                                               .request = what == 1 ? 1 : -1,
                                               .socket = SocketId{who % 16u + 16u}}};
    if (what == 3) packet.handshake.request = 1000 + in.u16();
    const std::vector<std::byte> key_message(72, std::byte{7});
    if (what == 2) {
      packet.capabilities = wire::HsCapabilities{.flags = in.u8(), .sender_delay_ms = in.u8()};
      packet.is_response = true;
      if (in.u8() % 2 == 1) packet.key_message = key_message;
    }
    hear_bounded(address(who), handshake(packet, calling_[address(who).port % 16]));
  }
  void open_call(std::uint8_t who, Input& in) {
    command::OpenCall one;
    one.request = RequestId{who % 16u + 32u};
    one.path = {.remote = address(who), .local = {}};
    one.role = in.u8() % 2 == 0 ? Role::kPublisher : Role::kViewer;
    one.stream = kStream;
    one.first_seq = {in.u32() % kSeqMask};
    one.latency_max = seconds(1);
    one.kit = std::make_unique<CallKit>();
    if (who % 4 == 3) {
      one.kit->ciphers = ciphers();
      one.kit->key_message.fill(std::byte{7});
      one.kit->key_message_bytes = 72;
      one.kit->key_bytes = 16;
    }
    first_seq_[who % 16] = one.first_seq;
    say_if_room(std::move(one));
  }
  void feed_in(int what, Input& in) {
    const std::uint8_t who = in.u8();
    if (what == 0) {
      FeedTerms terms{.kind = who % 4 == 3 ? FeedKind::kTransportStream : FeedKind::kRtp, .local = kFeed};
      if (who % 2 == 1) terms.rtcp = RtcpWay::kSamePort;
      if (who % 16 >= 8) {
        terms.nack = true;
        terms.rtx_payload_type = 97;
        terms.second = FeedLeg{.local = kSecondFeed};
      }
      command::OpenFeed open{
          .request = RequestId{who % 16u}, .stream = kStream, .terms = terms, .doors = {}, .latency = millis(in.u8())};
      if (who >= 192) open.srtp = std::make_unique<crypto::SrtpReader>(srtp_master());
      return say_if_room(std::move(open));
    }
    std::vector<std::byte> bytes(1'400);
    if (what == 1) {
      bytes.assign(12 + 188, std::byte{who});
      wire::write_rtp_header(std::span(bytes).first<12>(),
                             {.payload_type = who % 32 == 31 ? std::uint8_t{97} : wire::kPayloadTypeMp2t,
                              .seq = in.u16(),
                              .timestamp = in.u32(),
                              .ssrc = who % 4u});
      bytes[12] = std::byte{0x47};
      if (who >= 192) bytes = crypto::protect(srtp_sender_, bytes, load_be16(bytes.data() + 2));
    } else if (what == 2) {
      bytes = in.take(in.u16() % 1600);
    } else {
      const std::size_t report = wire::write_sender_report(bytes, {.ssrc = who % 4u, .time = {in.u8(), 0}});
      bytes.resize(report + (in.u8() % 8 == 0 ? wire::write_bye(std::span(bytes).subspan(report), who % 4u) : 0));
      if (who >= 192) bytes = crypto::protect_control(srtp_sender_, bytes, ++srtcp_index_);
    }
    hear_bounded(address(who), bytes);
    if (!burst.empty())
      burst.back().path.local = what == 3 && who % 2 == 0 ? Endpoint{kFeed.ip, 5'005}
                                : who % 8 == 7            ? kSecondFeed
                                                          : kFeed;
  }
  static crypto::SrtpMaster srtp_master() { return crypto::some_master(crypto::SrtpSuite::kAesCm128HmacSha1Tag80); }
  // Destinations, half of them under one of two SRTP keys, and what their receivers say.
  void send_out(int what, Input& in) {
    const std::uint8_t who = in.u8();
    const Endpoint to{address(who).ip, static_cast<std::uint16_t>(7'000 + 2 * (who % 8))};
    if (what == 0) {
      DestinationTerms terms{.remote = to};
      if (who % 4 == 1) terms.rtcp = RtcpWay::kSamePort;
      return say_if_room(command::OpenDestination{.request = RequestId{who % 16u},
                                                  .stream = kStream,
                                                  .terms = terms,
                                                  .path = {.remote = to, .local = {}},
                                                  .random = in.u8(),
                                                  .srtp = who % 2 == 0 ? &keys_[who / 2 % 2] : nullptr});
    }
    if (what == 1) {
      hear_bounded(to, {});
      if (!burst.empty()) burst.back().undelivered = io::Undelivered::kUnreachable;
      return;
    }
    std::vector<std::byte> bytes(200);
    std::size_t written = wire::write_receiver_report(bytes, who % 4u, {.ssrc = ssrc_of(who)});
    if (in.u8() % 4 == 0) written += wire::write_bye(std::span(bytes).subspan(written), who % 4u);
    if (what == 3) written = keys_[who / 2 % 2].keys().protect_control(bytes, written, in.u16());
    bytes.resize(written);
    if (in.u8() % 8 == 0 && !bytes.empty()) bytes[in.u8() % bytes.size()] ^= std::byte{1};
    hear_bounded({to.ip, static_cast<std::uint16_t>(to.port + 1)}, bytes);
  }
  // Of the newest group, which may be that one's.
  std::uint32_t ssrc_of(std::uint8_t who) {
    const SrtpOut* srtp = stream.release().srtp();
    return srtp != nullptr ? srtp->groups().back()->ssrc() : known_[who % 16].raw();
  }
  static std::unique_ptr<crypto::SessionCiphers> ciphers() {
    auto one = std::make_unique<crypto::SessionCiphers>();
    one->even.emplace(crypto::Key(std::vector<std::byte>(16, std::byte{5})), wire::Salt{});
    return one;
  }
  void publish(Input& in) {
    const std::uint8_t who = in.u8();
    auto packet = data(known_[who % 16], SeqNo{(first_seq_[who % 16].raw + in.u16()) & kSeqMask}, in.u8());
    packet[4] = std::byte(in.u8());
    hear_bounded(address(who), packet);
  }
  void publish_many(Input& in) {
    const std::uint8_t who = in.u8();
    const std::uint32_t first = in.u16();
    for (std::uint32_t i = in.u8() % 64; i > 0; --i) {
      auto packet = data(known_[who % 16], SeqNo{(first_seq_[who % 16].raw + first + i) & kSeqMask}, 188);
      if (who % 4 == 3) packet[4] |= std::byte{0x08};
      hear_bounded(address(who), packet);
    }
  }
  SeqNo near(Input& in, std::uint8_t who) {
    return {(first_seq_[who % 16].raw + static_cast<std::uint32_t>(static_cast<std::int16_t>(in.u16()))) & kSeqMask};
  }
  void hear_ack(Input& in) {
    const std::uint8_t who = in.u8();
    auto packet = ack(known_[who % 16], near(in, who), in.u8(), in.u16(), micros(in.u16()));
    if (in.u8() % 4 == 0) packet.resize(20);
    hear_bounded(address(who), packet);
  }
  void hear_nak(Input& in) {
    const std::uint8_t who = in.u8();
    std::vector<std::byte> bytes(kDatagramBytesMax);
    wire::LossReportWriter writer(bytes, {}, known_[who % 16]);
    for (std::uint8_t n = in.u8() % 32; n > 0; --n) {
      const SeqNo first = near(in, who);
      if (!writer.add({first, {(first.raw + in.u16()) & kSeqMask}})) break;
    }
    bytes.resize(writer.written());
    hear_bounded(address(who), bytes);
  }
  void hear_bare(Input& in) {
    const std::uint8_t who = in.u8();
    const auto type = static_cast<wire::ControlType>(in.u8() % 10);
    hear_bounded(address(who), bare(known_[who % 16], type, in.u8()));
  }
  void hear_raw(Input& in) {
    const Endpoint from = address(in.u8());
    hear_bounded(from, in.take(in.u16() % 1600));
  }
  // A good destination, anything else.
  void hear_for_session(Input& in) {
    const std::uint8_t who = in.u8();
    auto bytes = in.take(in.u16() % 1600);
    if (bytes.size() >= wire::kHeaderBytes) store_be32(bytes.data() + 12, known_[who % 16].raw());
    hear_bounded(address(who), bytes);
  }
  void remove_or_add(Input& in) {
    if (in.u8() % 4 != 0) return;
    if (is_added_) {
      say_if_room(command::RemoveStream{kStream});
    } else {
      is_added_ = true;
      say_if_room(command::AddStream{kStream, &stream});
    }
  }

  // The second wears out.
  static crypto::SrtpMaster master(std::uint64_t packets_max) {
    return {crypto::SrtpSuite::kAeadAes128Gcm, crypto::SecretBytes(std::vector<std::byte>(28, std::byte{3})),
            packets_max};
  }
  std::array<crypto::SrtpSendingKey, 2> keys_{crypto::SrtpSendingKey{master(crypto::kSrtpIndexEnd)},
                                              crypto::SrtpSendingKey{master(100)}};
  std::array<SocketId, 16> known_{};
  std::array<SocketId, 16> calling_{};
  std::array<SeqNo, 16> first_seq_{};
  crypto::SrtpKeys srtp_sender_{srtp_master()};
  std::uint32_t srtcp_index_ = 0;
  bool is_added_ = true;
};

}  // namespace
}  // namespace fanlight

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanlight;
  auto world = std::make_unique<World>();
  Input input(std::as_bytes(std::span{data, size}));
  while (!input.is_empty()) world->operate(input);
  world->finish();
  return 0;
}
