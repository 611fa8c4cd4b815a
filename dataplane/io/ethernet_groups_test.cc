// Groups that come in on a device: what is said of them, what arrives, and what the device is told.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "io/ethernet_fixture.h"
#include "net/checksum.h"
#include "net/test_group_frames.h"

namespace fanlight::io {
namespace {

constexpr IpAddress kGroupV4 = IpAddress::v4(239, 1, 2, 3);

class EthernetGroupsTest : public EthernetPortTest {
 protected:
  [[nodiscard]] std::vector<GroupJoin> joins() const override {
    return {{IpAddress::v4(239, 1, 2, 4), net::test::kPeerV4}, {kGroupV4}};
  }
  std::vector<Bytes> reports_out() {
    std::vector<Bytes> frames = all_frames_out(wire_);
    std::erase_if(frames, [](const Bytes& frame) { return !is_report(frame); });
    return frames;
  }
  // A general question that wants its answer now.
  static Bytes urgent_query() {
    Bytes frame = from_hex(net::test::kIgmpQuery);
    frame[39] = std::byte{0};
    store_be16(frame.data() + 40, 0);
    store_be16(frame.data() + 40, net::checksum_of(net::sum_of(ByteSpan{frame}.subspan(38))));
    return frame;
  }
  static Bytes datagram_to_group() {
    Bytes frame = from_hex(net::test::kUdpV4);
    const net::MacAddress mac = net::group_mac_of(kGroupV4);
    std::memcpy(frame.data(), mac.data(), mac.size());
    std::memcpy(frame.data() + 30, kGroupV4.bytes.data() + 12, 4);
    store_be16(frame.data() + 24, 0);
    store_be16(frame.data() + 24, net::checksum_of(net::sum_of(ByteSpan{frame}.subspan(14, 20))));
    store_be16(frame.data() + 40, 0);  // No sum.
    return frame;
  }
};

TEST_F(EthernetGroupsTest, WhenTheLinkIsUpItsGroupsAreSaid) {
  static_cast<void>(port_->receive(arrivals_));
  const std::vector<Bytes> reports = reports_out();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(load_be16(reports[0].data() + 38 + 6), 2) << "records";
  EXPECT_EQ(reports[1], from_hex(net::test::kMldSolicited));
}

TEST_F(EthernetGroupsTest, AQuestionIsAnswered) {
  static_cast<void>(port_->receive(arrivals_));
  static_cast<void>(all_frames_out(wire_));
  EXPECT_EQ(feed(urgent_query()), 0u);
  EXPECT_EQ(counted(Verdict::kIgmp), 1u);
  usleep(12'000);
  EXPECT_EQ(port_->receive(arrivals_), 0u);
  const std::vector<Bytes> answers = reports_out();
  EXPECT_EQ(std::ranges::count(answers, from_hex(net::test::kIgmpState)), 1);
}

TEST_F(EthernetGroupsTest, ADatagramToAGroupArrivesWithItsAddress) {
  settle();
  ASSERT_EQ(feed(datagram_to_group()), 1u);
  EXPECT_EQ(arrivals_[0].path.local, (Endpoint{kGroupV4, 9000}));
  EXPECT_EQ(arrivals_[0].path.remote, (Endpoint{net::test::kPeerV4, 40000}));
}

TEST_F(EthernetPortTest, AGroupThatNobodyJoinedIsNotForUs) {
  settle();
  Bytes frame = from_hex(net::test::kUdpV4);
  const net::MacAddress mac = net::group_mac_of(kGroupV4);
  std::memcpy(frame.data(), mac.data(), mac.size());
  EXPECT_EQ(feed(frame), 0u);
  EXPECT_EQ(counted(Verdict::kNotForUs), 1u);
}

TEST_F(EthernetGroupsTest, AtTheEndItsGroupsAreLeft) {
  settle();
  static_cast<void>(all_frames_out(wire_));
  arrivals_ = {};
  port_.reset();
  const std::vector<Bytes> said = reports_out();
  ASSERT_EQ(said.size(), 4u) << "each family's, twice";
  EXPECT_EQ(load_be16(said[0].data() + 38 + 6), 2);
  EXPECT_EQ(said[0][38 + 8], std::byte{6}) << "BLOCK_OLD_SOURCES";
  EXPECT_EQ(said[0], said[1]);
}

TEST_F(EthernetGroupsTest, MoreGroupsThanThereIsRoomForAreRefusedWithASentence) {
  EthernetLinkOptions link{
      .device = ethernet_.get(), .receive_pool = pool_.get(), .interface = net::test::our_interface()};
  link.header_pool = link.copy_pool = pool_.get();
  link.interface.ipv6 = {};
  link.joins = {{*IpAddress::parse("ff15::1")}};
  const auto port = EthernetPort::open({.links = {link}});
  ASSERT_FALSE(port.has_value());
  EXPECT_EQ(port.error().what, "The DPDK device \"" + device_ +
                                   "\" cannot join ff15::1: it has 128 groups, of each 64 sources at most, of families "
                                   "that it has an address of.");
}

class EthernetGroupsWorkersTest : public EthernetGroupsTest {
 protected:
  [[nodiscard]] std::uint16_t workers() const override { return 2; }
};

// The question comes to worker 1; worker 0 answers it, once.
TEST_F(EthernetGroupsWorkersTest, WorkerZeroSpeaksForAll) {
  const auto second = open_port(1);
  static_cast<void>(port_->receive(arrivals_));
  static_cast<void>(second->receive(arrivals_));
  static_cast<void>(all_frames_out(wire_));
  EXPECT_TRUE(all_frames_out(wire(1)).empty());
  put(wire(1), urgent_query());
  static_cast<void>(second->receive(arrivals_));
  EXPECT_TRUE(all_frames_out(wire(1)).empty());
  static_cast<void>(port_->receive(arrivals_));
  usleep(12'000);
  static_cast<void>(port_->receive(arrivals_));
  const std::vector<Bytes> answers = reports_out();
  EXPECT_EQ(std::ranges::count(answers, from_hex(net::test::kIgmpState)), 1);
  put(wire(1), datagram_to_group());
  EXPECT_EQ(second->receive(arrivals_), 1u);
}

}  // namespace
}  // namespace fanlight::io
