// A call as a script sees it: what the listener answers, in words.
#include <array>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "engine/srt/caller.h"
#include "runner.h"

namespace fanlight::scenario {
namespace {

using wire::ControlType;

std::string describe(ByteSpan datagram) {
  const auto header = wire::parse_control_header(datagram);
  if (header->type == ControlType::kKeepAlive) return "> keepalive";
  if (header->type == ControlType::kShutdown) return "> shutdown";
  const auto handshake = wire::parse_handshake(datagram.subspan(wire::kHeaderBytes));
  if (handshake->request == static_cast<std::int32_t>(wire::RequestType::kInduction)) return "> induction";
  return "> conclusion cookie " + std::to_string(handshake->cookie);
}

class CallerSubject final : public Subject {
 public:
  explicit CallerSubject(const Script& script)
      : caller_({.opened = {},
                 .socket = SocketId{42},
                 .first_seq = {script.first_seq},
                 .receive_latency = script.latency,
                 .window_packets = script.window_packets}) {}

  // "induction cookie 7", "conclusion", "reject 2404", "data".
  void hear(Instant now, std::string_view text) override {
    std::istringstream words{std::string(text)};
    std::string what;
    std::string key;
    std::int32_t value = 0;
    words >> what;
    if (what == "data") return caller_.handle_early_packet(now);
    wire::HandshakePacket packet{.handshake = {.version = 5, .socket = SocketId{9}}};
    if (what == "induction" && words >> key >> value) {
      packet.handshake.extension = wire::kInductionMagic;
      packet.handshake.request = static_cast<std::int32_t>(wire::RequestType::kInduction);
      packet.handshake.cookie = static_cast<std::uint32_t>(value);
    } else if (what == "conclusion") {
      packet.handshake.extension = wire::kExtHsReq;
      packet.handshake.request = static_cast<std::int32_t>(wire::RequestType::kConclusion);
      packet.capabilities = wire::HsCapabilities{.flags = 0x3F};
      packet.is_response = true;
    } else if (what == "reject" && words >> value) {
      packet.handshake.request = value;
    } else {
      throw std::runtime_error("no listener says \"" + std::string(text) + "\"");
    }
    std::array<std::byte, 1472> bytes;
    const std::size_t size = wire::write_handshake_packet(bytes, packet, {}, SocketId{42});
    const ByteSpan datagram = std::span(bytes).first(size);
    const Verdict verdict =
        caller_.handle_control(now, *wire::parse_control_header(datagram), datagram.subspan(wire::kHeaderBytes));
    if (verdict != Verdict::kControl) said_.push_back("! " + std::string(name_of(verdict)));
  }
  std::vector<std::string> speak(Instant now) override {
    caller_.handle_timeout(now);
    std::array<std::byte, 1472> scratch;
    while (const std::size_t bytes = caller_.poll_control(now, {}, scratch))
      said_.push_back(describe(std::span(scratch).first(bytes)));
    if (const auto event = caller_.poll_event()) said_.push_back(word_for(*event));
    return std::exchange(said_, {});
  }
  [[nodiscard]] Instant next_deadline() const override { return caller_.next_deadline().at; }

 private:
  [[nodiscard]] std::string word_for(PeerEvent event) const {
    if (event == PeerEvent::kConnected) return "! connected";
    if (event == PeerEvent::kConnectTimeout) return "! closed connect_timeout";
    return "! rejected " + std::to_string(static_cast<std::int32_t>(caller_.failure().reason));
  }
  srt::Caller caller_;
  std::vector<std::string> said_;
};

}  // namespace

std::unique_ptr<Subject> make_caller(const Script& script) { return std::make_unique<CallerSubject>(script); }

}  // namespace fanlight::scenario
