// A socket port with its pools, and strangers' plain sockets around it. For the tests beside the code.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "io/memory_plan.h"
#include "io/socket_port.h"
#include "io/test_eal.h"

namespace fanlight::io {

inline Endpoint endpoint(const char* text) { return *Endpoint::parse(text); }

// A stranger's plain UDP socket.
class Caller {
 public:
  explicit Caller(const char* local = "127.0.0.1:0") {
    const Endpoint at = endpoint(local);
    is_v6_ = !at.ip.is_v4();
    fd_ = socket(is_v6_ ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    SocketAddress address = SocketAddress::of(at, is_v6_, 0);
    EXPECT_EQ(bind(fd_, address.raw(), address.size), 0);
  }
  ~Caller() { close(fd_); }
  // `interface_index`: the link of a link-local `to`.
  void say(const std::string& text, const Endpoint& to, std::uint32_t interface_index = 0) {
    SocketAddress address = SocketAddress::of(to, is_v6_, interface_index);
    EXPECT_EQ(sendto(fd_, text.data(), text.size(), 0, address.raw(), address.size), ssize_t(text.size()));
  }
  struct Heard {
    std::string text;
    Endpoint from;
  };
  void ask_for_ttl() {
    const int on = 1;
    EXPECT_EQ(is_v6_ ? setsockopt(fd_, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on)
                     : setsockopt(fd_, IPPROTO_IP, IP_RECVTTL, &on, sizeof on),
              0);
  }
  // Of the next datagram; -1 when there is none.
  int hear_ttl() {
    char room[2048];
    alignas(cmsghdr) char control[128];
    iovec io{room, sizeof room};
    msghdr message{};
    message.msg_iov = &io;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(fd_, &message, 0) < 0) return -1;
    int ttl = -1;
    if (const cmsghdr* c = CMSG_FIRSTHDR(&message)) std::memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
    return ttl;
  }
  // Empty text when nothing is there.
  Heard hear() {
    char room[65536];
    SocketAddress from;
    from.size = sizeof from.storage;
    const ssize_t got = recvfrom(fd_, room, sizeof room, 0, from.raw(), &from.size);
    return got < 0 ? Heard{} : Heard{std::string(room, std::size_t(got)), from.endpoint()};
  }

 private:
  int fd_ = -1;
  bool is_v6_ = false;
};

class SocketPortTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(need_eal());
    pool_ = std::make_unique<PacketPool>(512, kReceiveRoomBytes);
    headers_ = std::make_unique<PacketPool>(512, 256);
  }
  void TearDown() override {
    port_.reset();
    arrivals_ = {};
    departures_.clear();
    EXPECT_EQ(pool_->available(), pool_->capacity());
    EXPECT_EQ(headers_->available(), headers_->capacity());
  }

  void listen(std::vector<Endpoint> endpoints, int send_buffer_bytes = 1 << 20) {
    Result<std::unique_ptr<SocketPort>> port = SocketPort::open({.listen = std::move(endpoints),
                                                                 .receive_pool = pool_.get(),
                                                                 .doorbell = doorbell_,
                                                                 .send_buffer_bytes = send_buffer_bytes});
    ASSERT_TRUE(port.has_value()) << port.error().what;
    port_ = *std::move(port);
  }
  std::size_t receive() {
    port_->wait(millis(500));
    return port_->receive(arrivals_);
  }
  Endpoint door(const char* ip, std::size_t index = 0) { return {*IpAddress::parse(ip), port_->bound(index).port}; }

  Envelope envelope_to(const Path& path) {
    Envelope envelope;
    port_->address(path, envelope);
    return envelope;
  }
  // A header of 16 'h' with `payload` chained behind.
  void depart(const Envelope& envelope, const std::string& payload) {
    PacketRef body = headers_->take();
    ASSERT_TRUE(body.resize(payload.size()));
    std::memcpy(body.bytes().data(), payload.data(), payload.size());
    PacketRef packet = dress(*headers_, body, 16);
    std::memset(packet.bytes().data(), 'h', 16);
    departures_.push_back({std::move(packet), &envelope});
  }
  static std::string dressed(const std::string& payload) { return std::string(16, 'h') + payload; }
  static std::string text_of(const PacketRef& packet) {
    return {reinterpret_cast<const char*>(packet.bytes().data()), packet.bytes().size()};
  }

  void caller_gets_an_answer_from_where_it_called(Caller& caller, const Endpoint& called,
                                                  std::uint32_t interface_index = 0) {
    caller.say("hello", called, interface_index);
    ASSERT_EQ(receive(), 1u);
    EXPECT_EQ(text_of(arrivals_[0].packet), "hello");
    EXPECT_EQ(arrivals_[0].path.local, called);
    EXPECT_EQ(arrivals_[0].path.interface_index, interface_index);
    const Envelope envelope = envelope_to(arrivals_[0].path);
    depart(envelope, "answer");
    ASSERT_EQ(port_->transmit(departures_), 1u);
    departures_.clear();
    const Caller::Heard heard = caller.hear();
    EXPECT_EQ(heard.text, dressed("answer"));
    EXPECT_EQ(heard.from, called);
  }

  int doorbell_ = -1;
  std::unique_ptr<PacketPool> pool_;
  std::unique_ptr<PacketPool> headers_;
  std::unique_ptr<SocketPort> port_;
  std::array<Arrival, kReceiveBurst> arrivals_;
  std::vector<Departure> departures_;
};

}  // namespace fanlight::io
