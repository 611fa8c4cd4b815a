// A desk with a worker that is played by the test: callers are real handshake bytes, commands are read back.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "crypto/aes.h"
#include "session/session_desk.h"
#include "wire/srt_handshake.h"
#include "wire/srt_key_message.h"

namespace fanlight::control {

inline constexpr char kPassphrase[] = "passphrase12345";

// Streams are tokens to the desk: numbered pointers that nobody follows.
class FakeStreams final : public StreamFactory {
 public:
  std::vector<Stream*> make(const StreamOptions& options) override {
    if (is_dry) return {};
    made.push_back(options);
    std::vector<Stream*> streams;
    for (std::size_t worker = 0; worker < workers; ++worker) {
      streams.push_back(reinterpret_cast<Stream*>((made.size() * kWorkersMax + worker) * 64));
      out.insert(streams.back());
    }
    return streams;
  }
  void take_back(Stream* stream) override { EXPECT_EQ(out.erase(stream), 1u); }

  bool is_dry = false;
  std::size_t workers = 1;
  std::vector<StreamOptions> made;
  std::set<Stream*> out;
};

struct Caller {
  std::string stream_id = "live/main";
  std::uint32_t socket = 77;
  std::uint32_t first_seq = 1'000;
  std::uint16_t port = 5'000;
  IpAddress address = IpAddress::v4(192, 0, 2, 9);
  std::uint32_t mss = 1'500;
  std::uint32_t version = 5;
  std::uint16_t extension = wire::kExtHsReq | wire::kExtConfig;
  std::int32_t request = static_cast<std::int32_t>(wire::RequestType::kConclusion);
  bool has_capabilities = true;
  wire::HsCapabilities capabilities{.srt_version = 0x0001'0501, .flags = 0xBF, .receiver_delay_ms = 120};
  std::string congestion = {};
  std::string filter = {};
  std::vector<std::byte> key_message = {};
  std::vector<std::byte> tail = {};  // Raw blocks behind all others.

  [[nodiscard]] Path path() const { return {.remote = {address, port}, .local = {}}; }
  [[nodiscard]] std::vector<std::byte> bytes() const {
    wire::HandshakePacket packet;
    packet.handshake = {.version = version,
                        .extension = extension,
                        .first_seq = {first_seq},
                        .mss = mss,
                        .window_packets = 4'096,
                        .request = request,
                        .socket = SocketId{socket},
                        .cookie = 0xC00C1E};
    if (has_capabilities) packet.capabilities = capabilities;
    packet.stream_id = stream_id;
    packet.congestion = congestion;
    packet.filter = filter;
    packet.key_message = key_message;
    std::vector<std::byte> out(1'472);
    out.resize(wire::write_handshake_packet(out, packet, WireTime{123}, SocketId{}));
    out.insert(out.end(), tail.begin(), tail.end());
    return out;
  }
};

inline Caller viewer(std::string name, std::uint32_t socket = 77) {
  return {.stream_id = std::move(name), .socket = socket};
}
inline Caller publisher(const std::string& name, std::uint32_t socket = 88) {
  return {.stream_id = "#!::r=" + name + ",m=publish,u=ann", .socket = socket};
}

// A key message as a caller makes it: SEK bytes 1, 2, 3 …, for both slots the second key goes on counting.
struct KeyMaterial {
  std::string passphrase = kPassphrase;
  std::size_t key_bytes = 16;
  wire::KeyFlag keys = wire::KeyFlag::kEven;
  std::uint8_t salt = 0xA0;
  std::uint8_t first_byte = 1;
  wire::Cipher cipher = wire::Cipher::kAesCtr;
  std::size_t number = 0;  // One salt for each.

  [[nodiscard]] wire::Salt salt_bytes() const {
    wire::Salt out;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::byte(salt + i);
    out[0] ^= std::byte(number >> 8);
    out[1] ^= std::byte(number);
    return out;
  }
  [[nodiscard]] std::vector<std::byte> plain_keys() const {
    std::vector<std::byte> out(key_bytes * (keys == wire::KeyFlag::kBoth ? 2 : 1));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::byte(first_byte + i);
    return out;
  }
  [[nodiscard]] std::vector<std::byte> bytes() const {
    const std::vector<std::byte> plain = plain_keys();
    std::array<std::byte, 72> wrapped;
    const crypto::Key kek = crypto::derive_kek(passphrase, salt_bytes(), key_bytes);
    const std::size_t size = crypto::wrap_keys(kek, plain, wrapped);
    std::vector<std::byte> out(wire::kKeyMessageBytesMax);
    out.resize(wire::write_key_message(out, {.keys = keys,
                                             .cipher = cipher,
                                             .key_bytes = key_bytes,
                                             .salt = salt_bytes(),
                                             .wrapped = ByteSpan{wrapped}.first(size)}));
    return out;
  }
};

// What a caller reads from an answer.
struct Answer {
  wire::ControlHeader header;
  wire::Handshake handshake;
  std::optional<wire::HandshakeExtensions> extensions;
  std::vector<std::byte> key_message;
  std::size_t bytes = 0;
};
inline Answer read_answer(ByteSpan datagram) {
  Answer answer;
  answer.bytes = datagram.size();
  answer.header = wire::parse_control_header(datagram).value();
  if (answer.header.type != wire::ControlType::kHandshake) return answer;
  const ByteSpan content = datagram.subspan(wire::kHeaderBytes);
  answer.handshake = wire::parse_handshake(content).value();
  answer.extensions = wire::parse_handshake_extensions(content.subspan(wire::kHandshakeBytes));
  if (answer.extensions)
    answer.key_message.assign(answer.extensions->key_message.begin(), answer.extensions->key_message.end());
  return answer;
}
inline Answer read_answer(const command::OpenSession& opening) {
  return read_answer(ByteSpan{opening.response}.first(opening.response_bytes));
}
inline Answer read_answer(const command::SendReply& reply) {
  return read_answer(ByteSpan{reply.datagram}.first(reply.bytes));
}

class DeskTest : public testing::Test {
 protected:
  using Rules = std::vector<StreamRule>;

  static StreamRule rule(std::string name) {
    StreamRule out;
    out.name = std::move(name);
    return out;
  }
  static StreamRule secret_rule(std::string name) {
    StreamRule out = rule(std::move(name));
    out.publish_passphrase = kPassphrase;
    out.view_passphrase = kPassphrase;
    return out;
  }
  // A new desk; what it says at construction is dropped.
  SessionDesk& begin(Rules rules, std::size_t workers = 1, StreamFormats formats = {}) {
    desk_.reset();
    EXPECT_TRUE(streams_.out.size() == held_) << "streams leaked";
    streams_.workers = workers;
    desk_.emplace(
        std::move(rules), streams_, workers, [](const Endpoint& to) { return Path{.remote = to, .local = {}}; },
        [](const Endpoint&) { return false; }, std::move(formats));
    take_commands();
    return *desk_;
  }
  SessionDesk& desk() { return *desk_; }

  // Of all workers, the first one's first; then what waited for the others'.
  std::vector<Command> take_commands() {
    std::vector<Command> out;
    for (std::size_t i = 0; i < 2 * desk_->workers(); ++i)
      for (Command& command : take_commands_of(i % desk_->workers())) out.push_back(std::move(command));
    return out;
  }
  std::vector<Command> take_commands_of(std::size_t worker) {
    std::vector<Command> out;
    while (Command* command = desk_->peek_command(worker)) {
      held_ += std::holds_alternative<command::AddStream>(*command) ? 1 : 0;
      out.push_back(std::move(*command));
      desk_->pop_command(worker);
    }
    return out;
  }
  // The only command waiting must be a What.
  template <class What>
  std::optional<What> take() {
    std::vector<Command> commands = take_commands();
    if (commands.size() != 1 || !std::holds_alternative<What>(commands[0])) return std::nullopt;
    return std::get<What>(std::move(commands[0]));
  }
  template <class What>
  static What* find(std::vector<Command>& commands) {
    for (Command& command : commands)
      if (auto* what = std::get_if<What>(&command)) return what;
    return nullptr;
  }
  std::vector<std::string> take_notices() {
    std::vector<std::string> out;
    while (auto notice = desk_->poll_notice()) out.push_back(notice->text);
    return out;
  }

  void call(const Caller& caller, std::size_t worker = 0) {
    event::ConclusionReceived event{.path = caller.path(), .received = now_ - waited_};
    const std::vector<std::byte> bytes = caller.bytes();
    event.bytes = static_cast<std::uint16_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), event.datagram.begin());
    desk_->handle_event(now_, std::move(event), worker);
  }
  // 0 when the caller was let in, -1 when it heard nothing. Asks anew each time, not with a copy.
  std::int32_t rejection_of(Caller caller) {
    caller.first_seq += ++asked_anew_;
    call(caller);
    std::vector<Command> commands = take_commands();
    auto* reply = find<command::SendReply>(commands);
    if (reply != nullptr) return read_answer(*reply).handshake.request;
    return find<command::OpenSession>(commands) != nullptr ? 0 : -1;
  }
  // Expects the caller to be let in.
  command::OpenSession let_in(const Caller& caller) {
    call(caller);
    std::vector<Command> commands = take_commands();
    auto* opening = find<command::OpenSession>(commands);
    EXPECT_NE(opening, nullptr) << caller.stream_id;
    return opening == nullptr ? command::OpenSession{} : std::move(*opening);
  }
  void opened(const command::OpenSession& opening, std::uint32_t socket) {
    desk_->handle_event(now_, event::SessionOpened{opening.request, SocketId{socket}});
  }
  void closed(const command::OpenSession& opening, CloseReason reason = CloseReason::kPeerShutdown) {
    event::SessionClosed event;
    event.request = opening.request;
    event.reason = reason;
    desk_->handle_event(now_, std::move(event));
  }
  void refused(const command::OpenSession& opening, wire::Reject reason = wire::Reject::kResource) {
    event::SessionRefused event;
    event.reason = reason;
    event.request = opening.request;
    desk_->handle_event(now_, std::move(event));
  }
  void wait(Micros span) {
    now_ = now_ + span;
    desk_->handle_timeout(now_);
  }

  FakeStreams streams_;
  std::size_t held_ = 0;  // Streams that "the worker" has.
  std::optional<SessionDesk> desk_;
  Instant now_{1'000'000};
  std::uint32_t asked_anew_ = 0;
  Micros waited_{};  // Since the worker heard the caller.
};

}  // namespace fanlight::control
