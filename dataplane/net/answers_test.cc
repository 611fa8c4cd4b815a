#include "net/answers.h"

#include <gtest/gtest.h>

#include "net/test_frames.h"

namespace fanlight::net {
namespace {

using namespace test;

Bytes answer_to(const Bytes& frame, std::size_t room = kFrameBytesMax) {
  Bytes out(room);
  out.resize(write_answer(our_interface(), frame, judge_frame(our_interface(), frame), out));
  return out;
}

TEST(AnswersTest, MatchTheReferenceByteForByte) {
  EXPECT_EQ(answer_to(from_hex(kArpRequest)), from_hex(kArpAnswer));
  EXPECT_EQ(answer_to(from_hex(kNs)), from_hex(kNaAnswer));
  EXPECT_EQ(answer_to(from_hex(kEchoV4)), from_hex(kEchoV4Answer));
  EXPECT_EQ(answer_to(from_hex(kEchoV6)), from_hex(kEchoV6Answer));
}

TEST(AnswersTest, AnAddressProbeIsAnsweredToAllNodes) { EXPECT_EQ(answer_to(from_hex(kNsDad)), from_hex(kNaToAll)); }

TEST(AnswersTest, AnswersAndOtherPeoplesQuestionsAreNotAnswered) {
  EXPECT_TRUE(answer_to(from_hex(kArpReply)).empty());
  EXPECT_TRUE(answer_to(from_hex(kNa)).empty());
  EXPECT_TRUE(answer_to(from_hex(kUdpV4)).empty());
  EXPECT_TRUE(answer_to(from_hex(kUnreachableV4)).empty());
  Bytes question = from_hex(kArpRequest);
  question.back() = std::byte{99};
  EXPECT_TRUE(answer_to(question).empty());
}

TEST(AnswersTest, OurOwnQuestionComingBackIsNotAnswered) {
  EXPECT_TRUE(answer_to(from_hex(kArpGratuitous)).empty());
  Bytes probe = from_hex(kNsDad);
  std::memcpy(probe.data() + kMacBytes, kOurMac.data(), kMacBytes);
  EXPECT_TRUE(answer_to(probe).empty());
}

TEST(AnswersTest, PaddingIsNotEchoed) {
  for (const auto& [question, answer] : {std::pair{kEchoV4, kEchoV4Answer}, {kEchoV6, kEchoV6Answer}}) {
    Bytes padded = from_hex(question);
    padded.resize(padded.size() + 9, std::byte{0xEE});
    EXPECT_EQ(answer_to(padded), from_hex(answer));
  }
}

TEST(AnswersTest, AnEchoLargerThanAFrameIsNotAnswered) {
  FrameView view = judge_frame(our_interface(), from_hex(kEchoV4));
  const Bytes frame(view.payload_offset + 1'481);
  Bytes out(2'000);
  view.payload_size = 1'480;
  EXPECT_EQ(write_answer(our_interface(), frame, view, out), kFrameBytesMax);
  view.payload_size = 1'481;
  EXPECT_EQ(write_answer(our_interface(), frame, view, out), 0u);
}

TEST(AnswersTest, NothingIsWrittenThatDoesNotFit) {
  for (const auto hex : {kArpRequest, kNs, kNsDad, kEchoV4, kEchoV6}) {
    const std::size_t size = answer_to(from_hex(hex)).size();
    for (std::size_t room = 0; room < size; ++room) EXPECT_TRUE(answer_to(from_hex(hex), room).empty()) << room;
  }
}

TEST(AnswersTest, AnnouncementsMatchTheReference) {
  Bytes out(100);
  out.resize(write_announcement(our_interface(), kOurV4, out));
  EXPECT_EQ(out, from_hex(kArpGratuitous));
  out.resize(100);
  out.resize(write_announcement(our_interface(), kOurV6, out));
  EXPECT_EQ(out, from_hex(kNaToAll));
  EXPECT_EQ(write_announcement(our_interface(), kPeerV4, out), 0u);
}

}  // namespace
}  // namespace fanlight::net
