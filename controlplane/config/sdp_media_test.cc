#include "config/sdp_media.h"

#include <gtest/gtest.h>

#include "config/destination_sdp.h"
#include "config/srtp_key.h"

namespace fanlight::control {
namespace {

std::string text_of(std::string_view media) {
  return "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nc=IN IP4 192.0.2.7\nt=0 0\n" + std::string{media};
}
Result<MediaDescription, SdpFault> described(std::string_view media, std::string_view wanted = "") {
  const auto session = parse_sdp(text_of(media));
  if (!session) return session.error();
  const auto chosen = choose_media(*session, wanted);
  if (!chosen) return chosen.error();
  return describe_media(*session, **chosen);
}
MediaDescription good(std::string_view media, std::string_view wanted = "") {
  const auto found = described(media, wanted);
  EXPECT_TRUE(found) << found.error().why;
  return found ? *found : MediaDescription{};
}
std::string fault(std::string_view media, std::string_view wanted = "") {
  const auto found = described(media, wanted);
  return found ? "" : std::to_string(found.error().line) + ": " + found.error().why;
}

TEST(SdpMediaTest, APayloadWithAClockAndParameters) {
  const MediaDescription found = good(
      "m=video 5004 RTP/AVP 96\na=rtpmap:97 no/1000\na=rtpmap:96 H264/90000\n"
      "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QAC6zZX4==,aOvjyyLA\n");
  EXPECT_EQ(found.address, *Endpoint::parse("192.0.2.7:5004"));
  EXPECT_EQ(found.rtcp, RtcpWay::kNextPort);
  EXPECT_EQ(found.format, (MediaFormat{.media = "video",
                                       .encoding = "H264",
                                       .clock_rate = 90'000,
                                       .fmtp = "packetization-mode=1; sprop-parameter-sets=Z2QAC6zZX4==,aOvjyyLA",
                                       .payload_type = 96}));
  EXPECT_FALSE(found.source || found.ssrc);
}

TEST(SdpMediaTest, AudioHasChannels) {
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/44100/2\na=fmtp:97 mode=AAC-hbr").format.text(),
            "MPEG4-GENERIC/44100/2");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/44100/2"),
            "6: mpeg4-generic without a=fmtp:97 … mode=…, which says how to take it apart");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 97\na=rtpmap:97 mpeg4-generic/44100/2\na=fmtp:97 mode=;config=1210"),
            "8: mpeg4-generic without a=fmtp:97 … mode=…, which says how to take it apart");
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 97\na=rtpmap:97 L16/48000").format.channels, 0u);
}

TEST(SdpMediaTest, SomeTypesNeedNoMap) {
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 10").format.text(), "L16/44100/2");
  EXPECT_EQ(good("m=video 5004 RTP/AVP 26").format.text(), "JPEG/90000");
  EXPECT_TRUE(good("m=video 5004 RTP/AVP 33").format.is_transport_stream());
  EXPECT_TRUE(good("m=video 5004 RTP/AVP 96\na=rtpmap:96 mp2t/90000").format.is_transport_stream());
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96"), "6: payload type 96 needs an a=rtpmap: it means nothing by itself");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 19"), "6: payload type 19 needs an a=rtpmap: it means nothing by itself");
}

TEST(SdpMediaTest, WhereRtcpComes) {
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=rtcp-mux").rtcp, RtcpWay::kSamePort);
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=rtcp:5005 IN IP4 192.0.2.7").rtcp, RtcpWay::kNextPort);
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=rtcp:5004").rtcp, RtcpWay::kSamePort);
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=rtcp:6000"),
            "7: RTCP on port 6000; it comes to RTP's port or the one behind it");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=rtcp:5005 IN IP4 192.0.2.9"),
            "7: RTCP at 192.0.2.9; it comes to RTP's address, 192.0.2.7");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=rtcp:5005 IN IP4 host"),
            "7: no a=rtcp:PORT IN IP4 ADDRESS: 5005 IN IP4 host");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=rtcp:x"), "7: no port behind a=rtcp: x");
}

TEST(SdpMediaTest, FromWhom) {
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=source-filter: incl IN IP4 * 192.0.2.1").source,
            IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(good("a=source-filter: incl IN IP4 * 192.0.2.9\nm=audio 5004 RTP/AVP 0").source,
            IpAddress::parse("192.0.2.9"))
      << "of the whole session";
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=ssrc:4294967295 cname:x\na=ssrc:5 cname:y").ssrc, 0xFFFF'FFFF);
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=source-filter: excl IN IP4 * 192.0.2.1"),
            "7: no incl IN IP4 GROUP SOURCE: excl IN IP4 * 192.0.2.1");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=source-filter: incl IN IP4 * 192.0.2.1 192.0.2.2"),
            "7: several sources; a feed has one, or anybody's");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=source-filter: incl IN IP6 * 2001:db8::1"),
            "7: 2001:db8::1 is not of the family of 192.0.2.7");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=ssrc:x"), "7: no SSRC behind a=ssrc: x");
}

TEST(SdpMediaTest, TheKeyOfSrtp) {
  const std::string key = "AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
  const std::string secure = "m=audio 5004 RTP/SAVP 0\n";
  EXPECT_EQ(good(secure + "a=crypto:1 " + key + "|2^20\n").srtp, *parse_srtp_key(key + "|2^20"));
  EXPECT_TRUE(good("m=audio 5004 RTP/SAVPF 0\na=crypto:1 " + key).srtp);
  EXPECT_TRUE(good(secure).is_secure);
  EXPECT_FALSE(good(secure).srtp);
  EXPECT_FALSE(good("m=audio 5004 RTP/AVPF 0").is_secure);
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=crypto:1 " + key).srtp, *parse_srtp_key(key)) << "as ffmpeg has it";
  EXPECT_TRUE(good("m=audio 5004 RTP/AVP 0\na=crypto:1 " + key).is_secure);
  EXPECT_EQ(fault(secure + "a=crypto:1 " + key + "\na=crypto:2 " + key),
            "8: another a=crypto; there is nobody to choose with: leave the one that is used");
  EXPECT_EQ(fault("a=crypto:1 " + key + "\n" + secure), "6: a=crypto in front of all m=; it belongs behind one");
  EXPECT_EQ(fault(secure + "a=crypto:1 " + key + "|1:4").substr(0, 49),
            "7: a=crypto with a master key identifier (MKI); a");
  EXPECT_EQ(fault(secure + "a=crypto:1 AES_XX inline:x").substr(0, 43),
            "7: a=crypto with crypto suite \"AES_XX\"; acc");
  for (const std::string wrong : {"a=crypto:", "a=crypto:x ", "a=crypto:1000000000 "})
    EXPECT_EQ(fault(secure + wrong + key), "7: no number behind a=crypto: (a=crypto:1 SUITE inline:…)") << wrong;
  EXPECT_NE(fault(secure + "a=crypto").find("no number behind a=crypto:"), std::string::npos);
  EXPECT_EQ(fault("m=audio 5004 UDP/TLS/RTP/SAVP 0"),
            "6: UDP/TLS/RTP/SAVP is none of RTP/AVP, RTP/AVPF, RTP/SAVP, RTP/SAVPF");
}

TEST(SdpMediaTest, OneOfSeveralIsNamed) {
  constexpr std::string_view kTwo = "m=video 5004 RTP/AVP 33\nm=audio 5006 RTP/AVP 0\n";
  EXPECT_EQ(good(kTwo, "audio").address.port, 5006);
  EXPECT_EQ(good(kTwo, "2").address.port, 5006);
  EXPECT_EQ(fault(kTwo), "7: another m=; say which one is meant: media = \"audio\", or its number, media = \"2\"");
  constexpr std::string_view kAlike = "m=video 5004 RTP/AVP 33\nm=video 5006 RTP/AVP 33\n";
  EXPECT_EQ(fault(kAlike), "7: another m=; say which one is meant by its number: media = \"2\"");
  EXPECT_EQ(fault(kAlike, "video"), "7: another m=video; say which one is meant by its number: media = \"2\"");
  EXPECT_EQ(fault(kTwo, "text"), "6: no m=text in all of it");
  EXPECT_EQ(fault(kTwo, "3"), "6: no m=3 in all of it");
  EXPECT_EQ(fault(""), "1: no m=, so it describes nothing");
}

TEST(SdpMediaTest, WhatIsNoRtpOrNotSent) {
  EXPECT_EQ(fault("m=video 5004 RAW/RAW/UDP 33"), "6: RAW/RAW/UDP is none of RTP/AVP, RTP/AVPF, RTP/SAVP, RTP/SAVPF");
  EXPECT_EQ(fault("m=video 0 RTP/AVP 33"), "6: port 0: the medium is not sent");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 128"), "6: a payload type that is not 0 to 127: 128");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 H264"), "7: no a=rtpmap:TYPE ENCODING/CLOCK: 96 H264");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/"), "7: no a=rtpmap:TYPE ENCODING/CLOCK: 96 H264/");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 x/0"), "7: a clock of less than 1000 ticks a second");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 x/90000/0"), "7: channels that are not 1 to 64: 96 x/90000/0");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96H264/90000"),
            "7: no a=rtpmap:TYPE ENCODING/CLOCK: 96H264/90000");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 33\na=rtpmap:xx MP2T/90000"),
            "7: no a=rtpmap:TYPE ENCODING/CLOCK: xx MP2T/90000");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 33\na=rtpmap:33 H264/90000"),
            "7: H264/90000 as payload type 33, which means MP2T/90000 (RFC 3551 §6)");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 10\na=rtpmap:10 L16/44100/1"),
            "7: L16/44100/1 as payload type 10, which means L16/44100/2 (RFC 3551 §6)");
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 0\na=rtpmap:0 pcmu/8000/1").format.text(), "pcmu/8000/1") << "the same";
  const auto session = parse_sdp("v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\nt=0 0\nm=video 5004 RTP/AVP 33");
  EXPECT_EQ(describe_media(*session, session->media[0]).error().why, "no c= says where it comes");
}

TEST(SdpMediaTest, SomeEncodingsHaveOneClock) {
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 33\na=rtpmap:33 MP2T/48000"),
            "7: MP2T with a clock of 48000; it has 90000 (RFC 2250 §2)");
  EXPECT_EQ(fault("m=video 5004 RTP/AVP 96\na=rtpmap:96 h264/48000"),
            "7: h264 with a clock of 48000; it has 90000 (RFC 6184 §8.2.1)");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 96\na=rtpmap:96 opus/16000/2"),
            "7: opus with a clock of 16000; it has 48000 (RFC 7587 §7)");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 96\na=rtpmap:96 OPUS/48000"),
            "7: OPUS/48000; it is always OPUS/48000/2 (RFC 7587 §7)");
  EXPECT_EQ(good("m=audio 5004 RTP/AVP 96\na=rtpmap:96 OPUS/48000/2").format.text(), "OPUS/48000/2");
}

TEST(SdpMediaTest, OneThingIsSaidOnce) {
  constexpr std::string_view kMedia =
      "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1\n";
  EXPECT_EQ(fault(std::string{kMedia} + "a=rtpmap:96 H265/90000"),
            "9: another a=rtpmap for payload type 96, which says otherwise");
  EXPECT_EQ(fault(std::string{kMedia} + "a=fmtp:96 packetization-mode=0"),
            "9: another a=fmtp for payload type 96, which says otherwise");
  EXPECT_EQ(fault(std::string{kMedia} + "a=rtpmap:96 H264/90000"), "") << "the same again";
}

TEST(SdpMediaTest, WhatIsInactiveIsNotSent) {
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=inactive"), "7: a=inactive: nothing is sent");
  EXPECT_EQ(fault("a=inactive\nm=audio 5004 RTP/AVP 0"), "6: a=inactive: nothing is sent");
  EXPECT_EQ(fault("a=inactive\nm=audio 5004 RTP/AVP 0\na=recvonly"), "") << "the medium's own word counts";
}

// Several streams have one description, each its own group.
TEST(SdpMediaTest, AFilterIsOfItsGroup) {
  EXPECT_EQ(good("a=source-filter: incl IN IP4 192.0.2.8 192.0.2.9\na=source-filter: incl IN IP4 192.0.2.7 192.0.2.1\n"
                 "m=audio 5004 RTP/AVP 0")
                .source,
            IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=source-filter: incl IN IP4 group 192.0.2.1"),
            "7: group is no address; * is any");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 0\na=source-filter: incl IN IP4 * 255.255.255.255"),
            "7: 255.255.255.255 is no sender's address");
}

constexpr std::string_view kWithNack = "m=video 5004 RTP/AVPF 96 97\na=rtpmap:96 H264/90000\na=rtcp-fb:96 nack\n";

TEST(SdpMediaTest, WhetherItsSenderSendsAgain) {
  EXPECT_TRUE(good(kWithNack).nack);
  EXPECT_FALSE(good(kWithNack).rtx_payload_type);
  EXPECT_TRUE(good("m=video 5004 RTP/AVPF 33\na=rtcp-fb:* nack\n").nack);
  EXPECT_TRUE(good("m=video 5004 RTP/SAVPF 33\na=rtcp-fb:* nack\n").nack);
  EXPECT_FALSE(good("m=video 5004 RTP/AVPF 33\na=rtcp-fb:33 nack pli\n").nack) << "asks for a picture";
  EXPECT_FALSE(good("m=video 5004 RTP/AVPF 33\na=rtcp-fb:34 nack\n").nack) << "another type's";
  EXPECT_FALSE(good("m=video 5004 RTP/AVP 33\na=rtcp-fb:33 nack\n").nack) << "RFC 4585 §4.2: of AVPF";
}

TEST(SdpMediaTest, HowItSendsAgain) {
  const std::string rtx = std::string{kWithNack} + "a=rtpmap:97 rtx/90000\na=fmtp:97 rtx-time=3000; apt=96\n";
  EXPECT_EQ(good(rtx).rtx_payload_type, 97);
  EXPECT_FALSE(good(rtx).rtx_ssrc);
  const MediaDescription grouped = good(rtx + "a=ssrc-group:FID 1234 5678\na=ssrc:1234 cname:x\na=ssrc:5678 cname:x\n");
  EXPECT_EQ(grouped.ssrc, 1234u);
  EXPECT_EQ(grouped.rtx_ssrc, 5678u);
  EXPECT_EQ(fault(std::string{kWithNack} + "a=rtpmap:97 rtx/90000\n"),
            "9: rtx without a=fmtp:97 apt=TYPE, the one that it sends again");
  EXPECT_FALSE(good(std::string{kWithNack} + "a=rtpmap:97 rtx/90000\na=fmtp:97 apt=98\n").rtx_payload_type);
  EXPECT_EQ(fault(rtx + "a=ssrc-group:FID 1234 x\n"), "11: no SSRCs behind a=ssrc-group:FID 1234 x");
}

// RFC 4855 §3: in whatever letters.
TEST(SdpMediaTest, NamesOfEncodingsAreInWhateverLetters) {
  EXPECT_EQ(good(std::string{kWithNack} + "a=rtpmap:97 RTX/90000\na=fmtp:97 APT=96\n").rtx_payload_type, 97);
  EXPECT_EQ(fault(std::string{kWithNack} + "a=rtpmap:97 Rtx/90000\n"),
            "9: rtx without a=fmtp:97 apt=TYPE, the one that it sends again");
  EXPECT_EQ(fault("m=audio 5004 RTP/AVP 97\na=rtpmap:97 Mpeg4-Generic/44100/2"),
            "6: mpeg4-generic without a=fmtp:97 … mode=…, which says how to take it apart");
}

std::string retransmission_fault(std::string_view media) {
  const auto session = parse_sdp(text_of(media));
  const auto found = session ? judge_retransmission(*session, session->media.at(0)) : std::nullopt;
  return found ? std::to_string(found->line) + ": " + found->why : "";
}

TEST(SdpMediaTest, RetransmissionsOnAPortOfTheirOwnAreNotHeard) {
  EXPECT_EQ(
      retransmission_fault("a=group:FID 1 2\nm=video 5004 RTP/AVPF 96\na=mid:1\na=rtcp-fb:96 nack\n"
                           "m=video 5006 RTP/AVPF 97\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\na=mid:2\n"),
      "11: retransmissions on a port of their own (a=group:FID); a feed hears them on RTP's. nack = false takes the "
      "stream without them");
  EXPECT_EQ(retransmission_fault(kWithNack), "");
}

// As RFC 7104 §4.2 and SMPTE ST 2022-7 senders write it.
std::string two_legs(std::string_view second) {
  return "a=group:DUP S1a S1b\nm=video 30000 RTP/AVP 33\nc=IN IP4 233.252.0.1/127\n"
         "a=source-filter:incl IN IP4 233.252.0.1 198.51.100.1\na=ssrc:1000 cname:x\na=mid:S1a\n" +
         std::string{second};
}
constexpr std::string_view kSecondLeg =
    "m=video 30000 RTP/AVP 33\nc=IN IP4 233.252.0.2/127\na=source-filter:incl IN IP4 233.252.0.2 198.51.100.2\n"
    "a=mid:S1b\n";

Result<std::optional<MediaDescription>, SdpFault> second_of(std::string_view media) {
  const auto session = parse_sdp(text_of(media));
  if (!session) return session.error();
  const auto chosen = choose_media(*session, "");
  if (!chosen) return chosen.error();
  const auto first = describe_media(*session, **chosen);
  if (!first) return first.error();
  return describe_second(*session, **chosen, *first);
}
std::string second_fault(std::string_view media) {
  const auto found = second_of(media);
  return found ? "" : std::to_string(found.error().line) + ": " + found.error().why;
}

TEST(SdpMediaTest, TwoMediaMayBeOneStreamsLegs) {
  const auto second = second_of(two_legs(kSecondLeg));
  ASSERT_TRUE(second && *second) << second.error().why;
  EXPECT_EQ((*second)->address, *Endpoint::parse("233.252.0.2:30000"));
  EXPECT_EQ((*second)->source, IpAddress::parse("198.51.100.2"));
  const auto alone = second_of("m=video 5004 RTP/AVP 33\na=mid:1\n");
  EXPECT_TRUE(alone && !*alone);
}

TEST(SdpMediaTest, WhatTwoLegsCannotBe) {
  EXPECT_EQ(second_fault(two_legs("")), "6: a=group: names S1b, which no a=mid: is");
  EXPECT_EQ(second_fault(two_legs("m=video 30000 RTP/AVP 33\nc=IN IP4 233.252.0.1/127\na=mid:S1b\n")),
            "12: the second leg comes to 233.252.0.1:30000 as well; legs are told apart by where they come");
  EXPECT_EQ(second_fault(two_legs("m=video 30002 RTP/AVP 100\na=rtpmap:100 MP2T/90000\na=mid:S1b\n")),
            "12: the second leg has payload type 100, MP2T/90000, and the first 33, MP2T/90000; both carry the same "
            "packets");
  EXPECT_EQ(second_fault(two_legs(std::string{kSecondLeg} + "a=ssrc:1001 cname:x\n")),
            "12: the second leg has SSRC 1001 and the first 1000; both carry the same packets");
  EXPECT_EQ(second_fault("a=group:DUP 1 2 3\nm=video 1 RTP/AVP 33\na=mid:1\nm=video 3 RTP/AVP 33\na=mid:2\n"
                         "m=video 5 RTP/AVP 33\na=mid:3\n"),
            "6: 3 ways (a=group:DUP); a feed has two legs");
  EXPECT_EQ(second_fault("m=video 30000 RTP/AVP 33\na=ssrc-group:DUP 1000 1010\n"),
            "7: two SSRCs for the same packets (a=ssrc-group:DUP); a feed's legs have one, and an address each "
            "(a=group:DUP)");
  EXPECT_EQ(second_fault(two_legs(std::string{kSecondLeg} + "m=video 9 RTP/AVP 33\na=mid:S1b\n")),
            "17: a=mid:S1b again");
}

// One relay's output is another's input.
TEST(SdpMediaTest, WhatTheRelayWritesItReads) {
  const MediaFormat format{.media = "audio",
                           .encoding = "opus",
                           .clock_rate = 48'000,
                           .channels = 2,
                           .fmtp = "sprop-stereo=1",
                           .payload_type = 97};
  DestinationRule rule = *parse_destination_url("rtp://239.1.2.3:5004?pt=97&source=192.0.2.1&rtcp=same_port");
  rule.stream = "live/audio";
  const std::string text = sdp_of(rule, {.ssrc = 77, .cname = "c0ffee"}, {77, 5}, format);
  const auto session = parse_sdp(text);
  ASSERT_TRUE(session) << text;
  const auto found = describe_media(*session, session->media.at(0));
  ASSERT_TRUE(found) << found.error().why;
  EXPECT_EQ(found->format, format);
  EXPECT_EQ(found->address, *Endpoint::parse("239.1.2.3:5004"));
  EXPECT_EQ(found->source, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(found->ssrc, 77u);
  EXPECT_EQ(found->rtcp, RtcpWay::kSamePort);
}

TEST(SdpMediaTest, LegsAndRetransmissionsOfTheRelayAsWell) {
  DestinationRule rule =
      *parse_destination_url("rtp://239.1.2.3:5004?nack=1&rtx_pt=97&second=239.1.2.4:5004&source=192.0.2.1");
  rule.stream = "live/main";
  const auto session = parse_sdp(sdp_of(rule, {.ssrc = 77, .cname = "c0ffee"}, {77, 5}));
  ASSERT_TRUE(session);
  const auto chosen = choose_media(*session, "");
  ASSERT_TRUE(chosen) << chosen.error().why;
  const auto first = describe_media(*session, **chosen);
  ASSERT_TRUE(first) << first.error().why;
  EXPECT_TRUE(first->nack);
  EXPECT_EQ(first->rtx_payload_type, 97);
  EXPECT_EQ(first->rtx_ssrc, rtx_ssrc_of(77, false));
  const auto second = describe_second(*session, **chosen, *first);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->address, *Endpoint::parse("239.1.2.4:5004"));
}

}  // namespace
}  // namespace fanlight::control
