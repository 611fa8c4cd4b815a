#include "fanlight_load/flood.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "fanlight_load/clock.h"
#include "io/socket_address.h"
#include "wire/srt_key_message.h"

namespace fanlight::load {
namespace {

using wire::RequestType;

constexpr Micros kDrain = millis(300);  // For the last answers.
// How much a late turn may catch up: a flood that paused must not become a burst of all it missed.
constexpr std::uint64_t kBehindMax = 1'000;

bool is_loopback_v4(const IpAddress& ip) { return ip.is_v4() && ip.bytes[12] == 127; }

// Sites in turn, each a /24, 250 of them in a /16; then the next host of each. None is a site of our viewers.
Endpoint source_of(const FloodSettings& settings, std::size_t number) {
  if (!is_loopback_v4(settings.relay.ip))
    return {settings.relay.ip.is_v4() ? IpAddress::v4(0, 0, 0, 0) : IpAddress{}, 0};
  const std::size_t site = number % settings.addresses;
  const std::size_t host = number / settings.addresses;
  return {IpAddress::v4(127, static_cast<std::uint8_t>(101 + site / 250), static_cast<std::uint8_t>(1 + site % 250),
                        static_cast<std::uint8_t>(7 + host)),
          0};
}

// A key message of the right form, wrapped under no passphrase of anybody.
std::vector<std::byte> invented_key(std::mt19937_64& random) {
  wire::Salt salt;
  std::array<std::byte, 24> wrapped;
  for (std::byte& one : salt) one = std::byte(random());
  for (std::byte& one : wrapped) one = std::byte(random());
  std::vector<std::byte> out(wire::kKeyMessageBytesMax);
  out.resize(wire::write_key_message(out, {.keys = wire::KeyFlag::kEven, .salt = salt, .wrapped = wrapped}));
  return out;
}

}  // namespace

Result<std::unique_ptr<Flood>> Flood::open(const FloodSettings& settings) {
  std::unique_ptr<Flood> flood(new Flood(settings));
  const Result<Done> opened = flood->open_sockets();
  if (!opened) return opened.error();
  return flood;
}

Flood::~Flood() {
  for (const int socket : sockets_) ::close(socket);
  if (poll_ >= 0) ::close(poll_);
}

Result<Done> Flood::open_sockets() {
  const auto failed = [](const std::string& what) {
    return Error{ErrorCode::kFailed, what + ": " + std::strerror(errno)};
  };
  poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (poll_ < 0) return failed("epoll");
  const bool on_v6 = !settings_.relay.ip.is_v4();
  io::SocketAddress relay = io::SocketAddress::of(settings_.relay, on_v6, 0);
  const std::size_t sources = settings_.addresses * settings_.hosts;
  for (std::size_t i = 0; i < sources; ++i) {
    const int socket = ::socket(on_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return failed("socket " + std::to_string(i + 1) + " of " + std::to_string(sources));
    sockets_.push_back(socket);
    const Endpoint source = source_of(settings_, i);
    io::SocketAddress own = io::SocketAddress::of(source, on_v6, 0);
    if (::bind(socket, own.raw(), own.size) != 0) return failed("bind to " + source.text());
    if (::connect(socket, relay.raw(), relay.size) != 0) return failed("connect to " + settings_.relay.text());
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
    if (::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event) != 0) return failed("epoll");
  }
  return Done{};
}

void Flood::run(const std::atomic<bool>& stop) {
  const double cpu_before = cpu_seconds();
  const Instant start = clock_now();
  const Instant end = start + settings_.duration;
  std::uint64_t done = 0;
  for (Instant now = start; now < end && !stop.load(std::memory_order_relaxed); now = clock_now()) {
    const auto due = static_cast<std::uint64_t>(static_cast<double>((now - start).count) / 1e6 * settings_.per_second);
    if (due > done + kBehindMax) done = due - kBehindMax;
    for (; done < due; ++done) begin_one();
    hear_all();
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  report_.seconds = static_cast<double>((clock_now() - start).count) / 1e6;
  for (const Instant drained = clock_now() + kDrain; clock_now() < drained;) {
    hear_all();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  report_.cpu_seconds = cpu_seconds() - cpu_before;
}

void Flood::begin_one() {
  const int socket = sockets_[begun_ % sockets_.size()];
  const std::uint32_t number = ++begun_ & 0x0FFF'FFFF;
  const double draw = static_cast<double>(random_() >> 11) * 0x1p-53;
  if (draw >= settings_.bogus) {
    ++report_.complete;
    return send_induction(socket, SocketId{number * kKinds + 1 + number % (kKinds - 1)});
  }
  const SocketId peer{number * kKinds};
  if (random_() % 2 == 0) {
    ++report_.inductions;
    send_induction(socket, peer);
  } else {
    ++report_.wrong_cookies;
    send_conclusion(socket, peer, Kind::kGood, static_cast<std::uint32_t>(random_()));
  }
}

void Flood::send_induction(int socket, SocketId peer) {
  send(socket, {.handshake = {.version = 4,
                              .extension = 2,
                              .first_seq = {peer.raw() & kSeqMask},
                              .request = static_cast<std::int32_t>(RequestType::kInduction),
                              .socket = peer},
                .capabilities = {},
                .stream_id = {},
                .congestion = {},
                .filter = {},
                .key_message = {}});
}

void Flood::send_conclusion(int socket, SocketId peer, Kind kind, std::uint32_t cookie) {
  std::vector<std::byte> key;
  if (kind == Kind::kSealed) key = invented_key(random_);
  const std::string& sealed = settings_.sealed.empty() ? settings_.name : settings_.sealed;
  const std::string& name = kind == Kind::kMissing  ? settings_.missing
                            : kind == Kind::kSealed ? sealed
                                                    : settings_.name;
  wire::HandshakePacket packet;
  packet.handshake = {
      .version = 5,
      .encryption = static_cast<std::uint16_t>(key.empty() ? 0 : 2),
      .extension = static_cast<std::uint16_t>(wire::kExtHsReq | wire::kExtConfig | (key.empty() ? 0 : wire::kExtKmReq)),
      .first_seq = {peer.raw() & kSeqMask},
      .request = static_cast<std::int32_t>(RequestType::kConclusion),
      .socket = peer,
      .cookie = cookie};
  packet.capabilities = wire::HsCapabilities{.flags = 0xBF, .receiver_delay_ms = 120};
  packet.stream_id = name;
  packet.key_message = key;
  send(socket, packet);
}

void Flood::send(int socket, const wire::HandshakePacket& packet) {
  std::array<std::byte, 1472> datagram;
  const std::size_t bytes =
      wire::write_handshake_packet(datagram, packet, WireTime{static_cast<std::uint32_t>(clock_now().us)}, SocketId{});
  if (packet.handshake.request == static_cast<std::int32_t>(wire::RequestType::kConclusion))
    shortest_conclusion_ = std::min(shortest_conclusion_, bytes);
  if (::send(socket, datagram.data(), bytes, 0) < 0) ++report_.not_sent;
}

void Flood::hear_all() {
  std::array<epoll_event, 64> events;
  std::array<std::byte, 2048> datagram;
  const int ready = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < ready; ++i) {
    const int socket = events[static_cast<std::size_t>(i)].data.fd;
    for (ssize_t got; (got = ::recv(socket, datagram.data(), datagram.size(), 0)) >= 0;)
      hear(socket, std::span(datagram).first(static_cast<std::size_t>(got)));
  }
}

void Flood::hear(int socket, ByteSpan datagram) {
  const auto header = wire::parse_control_header(datagram);
  if (!header || header->type != wire::ControlType::kHandshake) return;  // What a session we left is sent.
  const auto answer = wire::parse_handshake(datagram.subspan(wire::kHeaderBytes));
  if (!answer) return;
  const auto kind = static_cast<Kind>(header->destination.raw() % kKinds);
  if (answer->extension == wire::kInductionMagic) {
    ++report_.cookies;
    if (datagram.size() > wire::kHeaderBytes + wire::kHandshakeBytes) ++report_.longer_answers;
    if (kind == Kind::kBogus) return;
    ++report_.conclusions;
    return send_conclusion(socket, header->destination, kind, answer->cookie);
  }
  if (datagram.size() > shortest_conclusion_) ++report_.longer_answers;
  if (kind == Kind::kBogus) ++report_.wrong_cookies_answered;
  if (answer->request < 0) ++report_.accepted;
  if (answer->request >= 1000) ++report_.rejected[answer->request];
}

std::string flood_json(const FloodReport& report) {
  nlohmann::json rejected = nlohmann::json::object();
  for (const auto& [code, count] : report.rejected) rejected[std::to_string(code)] = count;
  const nlohmann::json out{{"seconds", report.seconds},
                           {"cpu_s", report.cpu_seconds},
                           {"bogus_inductions", report.inductions},
                           {"wrong_cookies", report.wrong_cookies},
                           {"wrong_cookies_answered", report.wrong_cookies_answered},
                           {"complete", report.complete},
                           {"cookies_answered", report.cookies},
                           {"conclusions", report.conclusions},
                           {"accepted", report.accepted},
                           {"rejected", std::move(rejected)},
                           {"longer_answers", report.longer_answers},
                           {"not_sent", report.not_sent}};
  return out.dump();
}

std::string flood_table(const FloodReport& report) {
  const auto line = [](std::string_view what, std::uint64_t count) {
    std::string text{what};
    text.resize(28, ' ');
    return text + std::to_string(count) + "\n";
  };
  std::string out = line("INDUCTIONs, not used", report.inductions) +
                    line("CONCLUSIONs, bad cookie", report.wrong_cookies) +
                    line("  answered", report.wrong_cookies_answered) + line("whole handshakes", report.complete) +
                    line("  cookie came, concluded", report.conclusions) + line("  accepted", report.accepted);
  for (const auto& [code, count] : report.rejected) out += line("  rejected " + std::to_string(code), count);
  return out + line("answers beyond 64 bytes", report.longer_answers) + line("not sent", report.not_sent);
}

}  // namespace fanlight::load
