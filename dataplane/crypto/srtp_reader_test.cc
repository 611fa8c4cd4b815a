#include "crypto/srtp_reader.h"

#include <gtest/gtest.h>

#include "crypto/test_srtp.h"

namespace fanlight::crypto {
namespace {

using enum SrtpSuite;
constexpr std::array kAll{kAesCm128HmacSha1Tag80, kAesCm128HmacSha1Tag32, kAeadAes128Gcm, kAeadAes256Gcm};
constexpr std::uint32_t kSsrc = 0xCAFE'BABE;
constexpr std::uint64_t kRollover = 0x1'0000;

// A reader, and a sender that knows its key.
class SrtpReaderTest : public ::testing::Test {
 protected:
  static Bytes clear(std::uint64_t index, std::uint32_t ssrc = kSsrc) {
    Bytes packet = from_hex("8021 0000 00000000 00000000 47000102030405060708");
    store_be16(packet.data() + 2, static_cast<std::uint16_t>(index));
    store_be32(packet.data() + 8, ssrc);
    return packet;
  }
  Bytes secret(std::uint64_t index, std::uint32_t ssrc = kSsrc) const {
    return protect(sender_, clear(index, ssrc), index);
  }
  // Whether a packet of an unknown source is tried with that rollover counter.
  static bool leads_to(const Bytes& packet, std::uint64_t rollovers) {
    const std::uint32_t chosen = load_be32(packet.data() + packet.size() - 4);
    for (std::uint64_t begin = 1; begin <= 32'768; begin *= 8)
      for (std::uint64_t i = 0; i < (begin == 32'768 ? 4 : 1); ++i)
        if (begin + (chosen + i) % (7 * begin) == rollovers) return true;
    return false;
  }
  // A packet behind so many rollovers that is tried with them.
  Bytes searched_with(std::uint64_t rollovers) const {
    std::uint64_t index = rollovers * kRollover + 100;
    while (!leads_to(secret(index), rollovers)) CHECK(++index < (rollovers + 1) * kRollover);
    return secret(index);
  }
  Bytes secret_report(std::uint32_t index, std::uint32_t ssrc = kSsrc) const {
    Bytes report = from_hex("80c90001 00000000");
    store_be32(report.data() + 4, ssrc);
    return protect_control(sender_, report, index);
  }
  Verdict read(Bytes packet, SrtpReader& by) {
    const std::uint16_t seq = load_be16(packet.data() + 2);
    const std::uint32_t ssrc = load_be32(packet.data() + 8);
    const Bytes before = packet;
    const Verdict verdict = by.read(now_, {packet, 12, seq, ssrc});
    if (verdict == Verdict::kUnauthentic || verdict == Verdict::kReplayed) {
      EXPECT_EQ(packet, before);
    }
    if (verdict == Verdict::kAccepted) {
      packet.resize(packet.size() - by.form().rtp_tag_bytes);
      EXPECT_EQ(packet, clear(seq, ssrc));
    }
    return verdict;
  }
  Verdict read(const Bytes& packet) { return read(packet, reader_); }
  Verdict read(std::uint64_t index, std::uint32_t ssrc = kSsrc) { return read(secret(index, ssrc)); }

  Instant now_{1'000'000};
  SrtpMaster master_ = some_master(kAesCm128HmacSha1Tag80);
  SrtpKeys sender_{master_};
  SrtpReader reader_{master_};
};

TEST_F(SrtpReaderTest, EachSuiteIsReadOverARollover) {
  for (const SrtpSuite suite : kAll) {
    const SrtpKeys sender(some_master(suite));
    SrtpReader reader(some_master(suite));
    for (std::uint64_t index = 65'500; index < 65'600; ++index)
      ASSERT_EQ(read(protect(sender, clear(index), index), reader), Verdict::kAccepted) << index;
  }
}

// Around 65535 → 0, with losses and every order: what is behind belongs to the counter before, what is ahead to the
// next.
TEST_F(SrtpReaderTest, WhatIsReorderedAroundARolloverIsFound) {
  for (const std::uint64_t index : {65'533u, 65'536u, 65'534u, 65'540u, 65'535u, 65'538u, 65'539u})
    EXPECT_EQ(read(index), Verdict::kAccepted) << index;
  for (const std::uint64_t index : {65'533u, 65'534u, 65'535u, 65'536u, 65'538u, 65'539u, 65'540u})
    EXPECT_EQ(read(index), Verdict::kReplayed) << index;
  EXPECT_EQ(read(65'540 + 32'000), Verdict::kAccepted) << "half of all numbers less one may be lost in a row";
  EXPECT_EQ(read(65'537), Verdict::kReplayed) << "behind the window";
  EXPECT_EQ(read(3, 9), Verdict::kAccepted);
  EXPECT_EQ(read(65'000, 9), Verdict::kAccepted) << "there is nothing before 0";
  EXPECT_EQ(read(65'540 + 32'000 - kSrtpWindowPackets + 1), Verdict::kAccepted) << "the oldest that may come";
}

TEST_F(SrtpReaderTest, AForgedPacketChangesNothing) {
  ASSERT_EQ(read(100), Verdict::kAccepted);
  for (const std::uint64_t index : {101u, 20'000u, 32'000u}) {
    Bytes forged = secret(index);
    forged.back() ^= std::byte{1};
    EXPECT_EQ(read(forged), Verdict::kUnauthentic);
    forged = secret(index);
    forged[13] ^= std::byte{1};
    EXPECT_EQ(read(forged), Verdict::kUnauthentic);
  }
  EXPECT_EQ(read(clear(102)), Verdict::kUnauthentic) << "not protected at all";
  EXPECT_EQ(read(101), Verdict::kAccepted) << "its number was not used up";
  EXPECT_EQ(read(Bytes(secret(200, 7))), Verdict::kAccepted);
  Bytes foreign = protect(SrtpKeys(some_master(kAesCm128HmacSha1Tag80, std::byte{8})), clear(1, 8), 1);
  EXPECT_EQ(read(foreign), Verdict::kUnauthentic);
  EXPECT_EQ(reader_.read_control(foreign).verdict, Verdict::kForeignSource) << "it has no place";
}

TEST_F(SrtpReaderTest, WhatIsShorterThanHeaderAndTagIsMalformed) {
  Bytes packet = secret(1);
  for (packet.resize(12 + 9); packet.size() >= 12; packet.pop_back()) EXPECT_EQ(read(packet), Verdict::kMalformed);
}

TEST_F(SrtpReaderTest, EachSourceHasItsOwnNumbers) {
  EXPECT_EQ(read(65'535, 1), Verdict::kAccepted);
  EXPECT_EQ(read(65'536, 1), Verdict::kAccepted);
  EXPECT_EQ(read(3, 2), Verdict::kAccepted) << "a new one begins with its counter at 0";
  EXPECT_EQ(read(65'537, 1), Verdict::kAccepted);
  EXPECT_EQ(read(4, 2), Verdict::kAccepted);
}

TEST_F(SrtpReaderTest, TheSourceThatIsSilentLongestMakesRoom) {
  for (std::uint32_t ssrc = 0; ssrc < SrtpReader::kSourcesMax; ++ssrc, now_ = now_ + millis(1))
    ASSERT_EQ(read(5, ssrc), Verdict::kAccepted);
  now_ = now_ + seconds(9);
  ASSERT_EQ(read(6, 0), Verdict::kAccepted);
  EXPECT_EQ(read(5, 1'000), Verdict::kForeignSource) << "all were heard within 10 s";
  now_ = now_ + seconds(1);
  ASSERT_EQ(read(5, 1'000), Verdict::kAccepted);
  EXPECT_EQ(read(5, 0), Verdict::kReplayed);
  EXPECT_EQ(read(5, 2), Verdict::kReplayed);
  EXPECT_EQ(read(5, 1), Verdict::kAccepted) << "whose place was taken";
}

// The relay starts while the sender has been sending for long.
TEST_F(SrtpReaderTest, ALateJoinerFindsTheRolloverCounter) {
  for (const std::uint64_t rollovers : {1, 2, 7, 8, 60, 300}) {
    SrtpReader reader(master_);
    const std::uint64_t begin = rollovers * kRollover + 65'530;
    std::uint64_t index = begin;
    for (; read(secret(index), reader) != Verdict::kAccepted; ++index, now_ = now_ + millis(1))
      ASSERT_LT(index, begin + 100 * rollovers) << "7 for each on average";
    EXPECT_EQ(read(secret(index), reader), Verdict::kReplayed);
    EXPECT_EQ(read(secret(index + 1), reader), Verdict::kAccepted);
  }
}

// The budget is there for every second packet, say, because 2,000 come a second.
TEST_F(SrtpReaderTest, ItIsFoundByEvenNumbersAlone) {
  const std::uint64_t begin = 301 * kRollover + 4'000;
  for (std::uint64_t index = begin; read(index) != Verdict::kAccepted; index += 2, now_ = now_ + millis(1))
    ASSERT_LT(index, begin + 60'000);
}

TEST_F(SrtpReaderTest, ItIsLookedForAsFarAs18Bits) {
  for (const std::uint64_t rollovers : {32'767, 32'768, 262'143}) {
    SrtpReader reader(master_);
    EXPECT_EQ(read(searched_with(rollovers), reader), Verdict::kAccepted) << rollovers;
  }
  EXPECT_FALSE(leads_to(secret(1), 262'144));
}

TEST_F(SrtpReaderTest, ASearchIsNotDisturbedByStrangersAndHasABound) {
  const Bytes right = searched_with(3);
  Bytes forged = right;
  forged[20] ^= std::byte{1};
  for (int i = 0; i < 60; ++i) (void)read(forged);
  EXPECT_EQ(read(right), Verdict::kAccepted) << "what it is tried with follows from itself";

  SrtpReader bounded(master_);
  for (int i = 0; i < 64; ++i) (void)read(forged, bounded);
  EXPECT_EQ(read(right, bounded), Verdict::kUnauthentic);
  now_ = now_ + millis(1);
  EXPECT_EQ(read(right, bounded), Verdict::kAccepted) << "one a millisecond grows back";
}

TEST_F(SrtpReaderTest, AfterALongOutageTheCounterIsFoundAheadAlone) {
  std::uint64_t index = 2 * kRollover;
  while (read(index) != Verdict::kAccepted) ++index;
  const std::uint64_t after = 5 * kRollover + 500;
  for (index = after; index < after + 64; ++index)
    EXPECT_EQ(read(index), Verdict::kUnauthentic) << "the source was heard just now";
  now_ = now_ + millis(250);
  for (index = after + 1; read(index) != Verdict::kAccepted; ++index) ASSERT_LT(index, after + 64);
  now_ = now_ + seconds(60);
  for (std::uint64_t old = 2 * kRollover + 100; old < 2 * kRollover + 200; ++old)
    EXPECT_NE(read(old), Verdict::kAccepted) << "a recording of what did come, or did not";
  EXPECT_EQ(read(index + 1), Verdict::kAccepted);
}

// To start again from 0 with the same SSRC and key is what a recording does.
TEST_F(SrtpReaderTest, ASourceThatBeginsAnewUnderItsSsrcIsARecording) {
  for (std::uint64_t index = 65'000; index < 66'000; ++index) ASSERT_EQ(read(index), Verdict::kAccepted);
  now_ = now_ + seconds(3'600);
  EXPECT_EQ(read(65'000), Verdict::kReplayed);
  EXPECT_EQ(read(10'000), Verdict::kUnauthentic);
  SrtpReader anew(master_);
  EXPECT_EQ(read(secret(10'000), anew), Verdict::kAccepted) << "a feed that is opened again has forgotten";
}

TEST_F(SrtpReaderTest, AShortTagIsNotSearchedWith) {
  const SrtpMaster master = some_master(kAesCm128HmacSha1Tag32);
  const SrtpKeys sender(master);
  SrtpReader reader(master);
  for (std::uint64_t index = kRollover; index < kRollover + 100; ++index)
    EXPECT_EQ(read(protect(sender, clear(index), index), reader), Verdict::kUnauthentic);
}

TEST_F(SrtpReaderTest, AKeyIsWornOutAfterItsPackets) {
  SrtpMaster master = master_;
  master.packets_max = 10;
  SrtpReader reader(master);
  for (std::uint64_t index = 40'000; index < 40'010; ++index)
    ASSERT_EQ(read(secret(index), reader), Verdict::kAccepted);
  EXPECT_EQ(read(clear(50'000), reader), Verdict::kUnauthentic) << "a stranger does not wear it out";
  EXPECT_EQ(read(secret(40'010), reader), Verdict::kKeyWornOut);
  EXPECT_EQ(read(secret(1, 9), reader), Verdict::kKeyWornOut) << "all sources count together";
  SrtpReader late(master);
  EXPECT_EQ(read(searched_with(1), late), Verdict::kKeyWornOut) << "so many were sent before we came";
}

TEST_F(SrtpReaderTest, WhatAnotherReaderTookCounts) {
  SrtpMaster master = master_;
  master.packets_max = 10;
  SrtpReader reader(master);
  for (std::uint64_t index = 0; index < 4; ++index) ASSERT_EQ(read(secret(index), reader), Verdict::kAccepted);
  EXPECT_EQ(reader.taken(), 4u);
  SrtpReader next(master, 0, reader.taken());
  for (std::uint64_t index = 4; index < 10; ++index) ASSERT_EQ(read(secret(index), next), Verdict::kAccepted);
  EXPECT_EQ(read(secret(10), next), Verdict::kKeyWornOut);
  SrtpReader late(master);
  EXPECT_EQ(read(searched_with(1), late), Verdict::kKeyWornOut);
  EXPECT_EQ(late.taken(), 10u) << "its index told";
}

TEST_F(SrtpReaderTest, TheLastIndexIsTheLast) {
  SrtpReader reader(master_);
  SrtpKeys sender(master_);
  EXPECT_EQ(read(secret(7), reader), Verdict::kAccepted);
  EXPECT_EQ(read(secret(kSrtpIndexEnd - 5), reader), Verdict::kUnauthentic) << "far beyond what is looked for";
}

TEST_F(SrtpReaderTest, ControlIsTakenOnceAndFromASourceThatIsKnown) {
  Bytes report = secret_report(0);
  EXPECT_EQ(reader_.read_control(report).verdict, Verdict::kForeignSource);
  ASSERT_EQ(read(1), Verdict::kAccepted);
  const auto judge = [&](Bytes packet) { return reader_.read_control(packet).verdict; };
  Bytes forged = secret_report(5);
  forged[8] ^= std::byte{0x40};
  EXPECT_EQ(judge(forged), Verdict::kUnauthentic);
  const SrtpReader::Control control = reader_.read_control(report);
  EXPECT_EQ(control.verdict, Verdict::kControl);
  report.resize(control.bytes);
  EXPECT_EQ(report, from_hex("80c90001 cafebabe"));
  EXPECT_EQ(judge(secret_report(0)), Verdict::kReplayed);
  EXPECT_EQ(judge(secret_report(5)), Verdict::kControl);
  EXPECT_EQ(judge(secret_report(4)), Verdict::kControl);
  EXPECT_EQ(judge(secret_report(5)), Verdict::kReplayed);
  EXPECT_EQ(judge(secret_report(kSrtcpIndexEnd - 1)), Verdict::kControl);
  EXPECT_EQ(judge(secret_report(6)), Verdict::kReplayed);
  Bytes plain = secret_report(9);
  plain[8] &= std::byte{0x7F};  // E.
  EXPECT_EQ(judge(plain), Verdict::kUnencrypted);
  for (plain.resize(21); !plain.empty(); plain.pop_back()) EXPECT_EQ(judge(plain), Verdict::kMalformed) << plain.size();
}

TEST_F(SrtpReaderTest, OursIsWrittenWithIndicesOfItsOwn) {
  SrtpReader reader(master_, 77);
  for (std::uint32_t i = 77; i < 80; ++i) {
    Bytes report = from_hex("80c90001 00000042");
    report.resize(64);
    report.resize(reader.write_control(report, 8));
    EXPECT_EQ(sender_.peek_control_index(report), i);
    EXPECT_EQ(sender_.unprotect_control(report), 8u);
  }
  ASSERT_EQ(read(secret(1, 0x42), reader), Verdict::kAccepted);
  Bytes report = from_hex("80c90001 00000042");
  report.resize(64);
  EXPECT_EQ(reader.write_control(report, 8), 0u) << "the sender's own SSRC";
}

}  // namespace
}  // namespace fanlight::crypto
