#include "http/admission.h"

#include <gtest/gtest.h>

namespace fanlight::packager {
namespace {

using Verdict = Admission::Verdict;

IpAddress at(std::uint8_t last) { return IpAddress::v4(192, 0, 2, last); }

IpAddress of_network(std::uint8_t network, std::uint8_t host) {
  IpAddress address{};
  address.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host};
  return address;
}

TEST(AdmissionTest, OneAddressHasItsShare) {
  Admission admission({.connections_max = 10, .connections_per_address_max = 2});
  const Admission::Answer one = admission.admit(at(1)), two = admission.admit(at(1));
  EXPECT_EQ(one.household, two.household);
  EXPECT_EQ(admission.admit(at(1)).verdict, Verdict::kTooManyOfAddress);
  EXPECT_EQ(admission.admit(at(2)).verdict, Verdict::kLetIn);
  admission.leave(*one.household);
  EXPECT_EQ(admission.admit(at(1)).verdict, Verdict::kLetIn);
}

TEST(AdmissionTest, ANetworkOfIpV6IsOneAddress) {
  Admission admission({.connections_per_address_max = 1});
  EXPECT_EQ(admission.admit(of_network(1, 1)).verdict, Verdict::kLetIn);
  EXPECT_EQ(admission.admit(of_network(1, 2)).verdict, Verdict::kTooManyOfAddress);
  EXPECT_EQ(admission.admit(of_network(2, 1)).verdict, Verdict::kLetIn);
}

TEST(AdmissionTest, WhoLeavesMakesRoom) {
  Admission admission({.connections_max = 2});
  const Admission::Answer one = admission.admit(at(1));
  EXPECT_EQ(admission.admit(at(2)).verdict, Verdict::kLetIn);
  EXPECT_EQ(admission.admit(at(3)).verdict, Verdict::kTooMany);
  admission.leave(*one.household);
  EXPECT_EQ(admission.admit(at(3)).verdict, Verdict::kLetIn);
}

}  // namespace
}  // namespace fanlight::packager
