#include "ingest/udp_door.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "wire/rtp_header.h"

namespace fanlight::packager {
namespace {

class Heard final : public IngestSink {
 public:
  void handle_bytes(std::size_t, ByteSpan bytes) override {
    for (const std::byte one : bytes) text += static_cast<char>(one);
  }
  void handle_up(std::size_t) override { text += '<'; }
  void handle_down(std::size_t, std::string_view, Micros) override { text += '>'; }
  std::string text;
};

class Sender {
 public:
  explicit Sender(int to_port) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(static_cast<std::uint16_t>(to_port));
    inet_pton(AF_INET, "127.0.0.1", &address_.sin_addr);
  }
  ~Sender() { close(socket_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void send(std::string_view bytes) const {
    ASSERT_EQ(
        sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address_), sizeof address_),
        static_cast<ssize_t>(bytes.size()));
  }
  void send_rtp(std::uint32_t ssrc, std::uint16_t seq, std::string_view payload) const {
    std::array<std::byte, wire::kRtpHeaderBytes> header;
    wire::write_rtp_header(header, {.seq = seq, .ssrc = ssrc});
    send(std::string(reinterpret_cast<const char*>(header.data()), header.size()) + std::string(payload));
  }

 private:
  int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address_{};
};

// A free port of this host: that of a door which is closed again could be somebody else's by then, so it is asked for
// by number until one is had.
struct OpenDoor {
  explicit OpenDoor(bool has_rtp, UdpDoor::MakeSocket how = UdpDoor::make_socket,
                    IpAddress at = IpAddress::v4(127, 0, 0, 1)) {
    for (port = 42'000; port < 42'200 && !door; ++port) {
      const UdpSource source{{at, static_cast<std::uint16_t>(port)}, has_rtp};
      auto made = std::make_unique<UdpDoor>(0, source, how);
      if (made->open()) door = std::move(made);
    }
    --port;
  }
  int port = 0;
  std::unique_ptr<UdpDoor> door;
};

TEST(UdpDoorTest, WhatComesIsHandedOverUntilNothingComes) {
  const OpenDoor open(false);
  ASSERT_TRUE(open.door);
  const Sender sender(open.port);
  Heard heard;
  sender.send("Gone");
  sender.send("Gtwo");
  open.door->handle_event(Instant{0}, heard);
  open.door->handle_timeout(Instant{1'900'000}, heard);
  EXPECT_EQ(heard.text, "<GoneGtwo");
  open.door->handle_timeout(Instant{2'000'000}, heard);
  EXPECT_EQ(heard.text, "<GoneGtwo>");
}

TEST(UdpDoorTest, TwoSendersAreNoStream) {
  const OpenDoor open(false);
  ASSERT_TRUE(open.door);
  const Sender one(open.port), other(open.port);
  Heard heard;
  one.send("Ga");
  other.send("Gx");
  one.send("Gb");
  open.door->handle_event(Instant{0}, heard);
  EXPECT_EQ(heard.text, "<GaGb");
  EXPECT_EQ(open.door->counts().strangers, 1u);
  open.door->handle_timeout(Instant{2'000'000}, heard);
  other.send("Gx");
  open.door->handle_event(Instant{2'000'001}, heard);
  EXPECT_EQ(heard.text, "<GaGb><Gx");
}

TEST(UdpDoorTest, RtpGoesWithoutItsHeaderAndInOrder) {
  const OpenDoor open(true);
  ASSERT_TRUE(open.door);
  const Sender sender(open.port);
  Heard heard;
  sender.send_rtp(7, 65'535, "Ga");
  sender.send_rtp(7, 0, "Gb");
  sender.send_rtp(7, 65'535, "Ga");  // Twice.
  sender.send_rtp(7, 2, "Gc");       // One is lost.
  sender.send_rtp(9, 1, "Gd");       // The source began anew.
  sender.send("no RTP");
  sender.send_rtp(9, 3, "Gf");
  sender.send_rtp(9, 2, "Ge");  // They changed places.
  sender.send_rtp(9, 5, "Gg");
  open.door->handle_event(Instant{0}, heard);
  EXPECT_EQ(heard.text, "<GaGbGcGdGeGf");
  EXPECT_TRUE(open.door->is_holding());
  open.door->handle_timeout(Instant{0} + RtpOrder::kWait, heard);
  EXPECT_EQ(heard.text, "<GaGbGcGdGeGfGg");
  EXPECT_EQ(open.door->counts().late, 1u);
  EXPECT_EQ(open.door->counts().not_rtp, 1u);
}

TEST(UdpDoorTest, WhatIsNoTransportStreamHoldsNobodyUp) {
  const OpenDoor open(false), rtp(true);
  ASSERT_TRUE(open.door && rtp.door);
  const Sender noise(open.port), sender(open.port), rtp_noise(rtp.port), rtp_sender(rtp.port);
  Heard heard;
  for (const char* bytes : {"x", "", "no sync byte"}) noise.send(bytes);
  rtp_noise.send_rtp(1, 5, "sound");
  sender.send("Ga");
  rtp_sender.send_rtp(2, 5, "Ga");
  open.door->handle_event(Instant{0}, heard);
  rtp.door->handle_event(Instant{0}, heard);
  EXPECT_EQ(heard.text, "<Ga<Ga");
  EXPECT_EQ(open.door->counts().not_ts, 3u);
  EXPECT_EQ(rtp.door->counts().not_ts, 1u);
  sender.send("x");  // Nor does it help who was.
  open.door->handle_event(Instant{1'900'000}, heard);
  open.door->handle_timeout(Instant{2'000'000}, heard);
  EXPECT_EQ(heard.text, "<Ga<Gax>");
}

TEST(UdpDoorTest, PacketsMayBeginAnywhereInADatagram) {
  const OpenDoor open(false);
  ASSERT_TRUE(open.door);
  const Sender sender(open.port);
  Heard heard;
  std::string stream;
  for (int i = 0; i < 9; ++i) stream.append("G").append(187, 'p');
  for (const std::string& datagram : {stream.substr(0, 1316), stream.substr(100, 1316), stream.substr(187, 400)})
    sender.send(datagram);
  std::string noise = stream.substr(100, 1316);
  noise[88 + 188] = 'p';
  sender.send(noise);
  sender.send(stream.substr(100, 150));
  open.door->handle_event(Instant{0}, heard);
  EXPECT_EQ(heard.text.size(), 1u + 1316 + 1316 + 400);
  EXPECT_EQ(open.door->counts().not_ts, 2u);
}

// As ffmpeg sends it without `pkt_size`: as much as a datagram holds, and what is left of each buffer.
TEST(UdpDoorTest, DatagramsOfAnySizeAreTakenOnceAStreamIsHeard) {
  const OpenDoor open(false);
  ASSERT_TRUE(open.door);
  const Sender sender(open.port), other(open.port);
  Heard heard;
  std::string stream;
  for (int i = 0; i < 100; ++i) stream.append("G").append(187, 'p');
  std::size_t at = 0;
  for (const std::size_t size : {1472, 1472, 64, 1472, 20, 1, 324, 1000, 100, 1472, 187, 1316}) {
    sender.send(stream.substr(at, size));
    at += size;
  }
  open.door->handle_event(Instant{0}, heard);
  EXPECT_EQ(heard.text.size(), 1 + at);
  EXPECT_EQ(open.door->counts().not_ts, 0u);
  // One is lost: what follows is found again by itself.
  sender.send(stream.substr(at + 1000, 1472));
  sender.send(stream.substr(at + 2472, 100));
  open.door->handle_event(Instant{1}, heard);
  EXPECT_EQ(heard.text.size(), 1 + at + 1572);
  EXPECT_EQ(open.door->counts().not_ts, 0u);
}

int make_v4_alone(int family) {
  if (family == AF_INET) return UdpDoor::make_socket(family);
  errno = EAFNOSUPPORT;
  return -1;
}

TEST(UdpDoorTest, AKernelWithoutIpv6Listens) {
  for (const IpAddress at : {IpAddress::v4(127, 0, 0, 1), IpAddress::v4(0, 0, 0, 0), IpAddress{}}) {
    const OpenDoor open(false, make_v4_alone, at);
    ASSERT_TRUE(open.door);
    const Sender one(open.port), other(open.port);
    Heard heard;
    one.send("Ga");
    other.send("Gx");
    open.door->handle_event(Instant{0}, heard);
    EXPECT_EQ(heard.text, "<Ga");
    EXPECT_EQ(open.door->counts().strangers, 1u);
  }
}

TEST(UdpDoorTest, AKernelWithoutIpv6SaysThatItHasNoSuchAddress) {
  UdpDoor door(0, {{*IpAddress::parse("::1"), 42'000}, false}, make_v4_alone);
  const auto opened = door.open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().what.find("cannot make a UDP socket"), std::string::npos);
}

TEST(UdpDoorTest, APortThatIsTakenIsSaid) {
  const OpenDoor open(false);
  ASSERT_TRUE(open.door);
  UdpDoor second(0, {{IpAddress::v4(127, 0, 0, 1), static_cast<std::uint16_t>(open.port)}, false});
  const auto opened = second.open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().what.find("127.0.0.1:" + std::to_string(open.port)), std::string::npos);
}

}  // namespace
}  // namespace fanlight::packager
