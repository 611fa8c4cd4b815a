#include "config/sdp.h"

#include <gtest/gtest.h>

namespace fanlight::control {
namespace {

// As ffmpeg 5.1 writes one, with CRLF.
constexpr std::string_view kOfFfmpeg =
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=No Name\r\nc=IN IP4 239.10.0.1/16\r\nt=0 0\r\na=tool:libavformat "
    "LIBAVFORMAT_VERSION\r\n"
    "m=video 5004 RTP/AVP 96\r\nb=AS:200\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
    "m=audio 5006 RTP/AVP 97\r\nc=IN IP6 ff15::1\r\na=rtpmap:97 opus/48000/2\r\n";

std::string fault(std::string_view text) {
  const auto parsed = parse_sdp(text);
  return parsed ? "" : std::to_string(parsed.error().line) + ": " + parsed.error().why;
}
const std::string kHead = "v=0\no=- 0 0 IN IP4 192.0.2.1\ns=x\n";
// `lines` behind a beginning of three lines, and of four.
std::string fault_in(std::string_view lines) { return fault(kHead + std::string{lines}); }
std::string fault_behind(std::string_view lines) { return fault(kHead + "t=0 0\n" + std::string{lines}); }

TEST(SdpTest, TheSessionAndItsMedia) {
  const auto session = parse_sdp(kOfFfmpeg);
  ASSERT_TRUE(session) << session.error().why;
  EXPECT_EQ(session->name, "No Name");
  ASSERT_EQ(session->attributes.size(), 1u);
  EXPECT_EQ(session->attributes[0].name, "tool");
  ASSERT_EQ(session->media.size(), 2u);
  const SdpMedia& video = session->media[0];
  EXPECT_EQ(video.line, 7);
  EXPECT_EQ(video.kind, "video");
  EXPECT_EQ(video.port, 5004);
  EXPECT_EQ(video.protocol, "RTP/AVP");
  EXPECT_EQ(video.formats, std::vector<std::string>{"96"});
  EXPECT_EQ(video.address, IpAddress::parse("239.10.0.1")) << "the session's";
  ASSERT_NE(video.find("fmtp"), nullptr);
  EXPECT_EQ(video.find("fmtp")->value, "96 packetization-mode=1");
  EXPECT_EQ(video.find("fmtp")->line, 10);
  EXPECT_EQ(video.find("rtcp"), nullptr);
  EXPECT_EQ(session->media[1].address, IpAddress::parse("ff15::1")) << "its own";
}

TEST(SdpTest, LinesMayEndAsTheyLike) {
  EXPECT_EQ(fault_behind("m=audio 5004/1 RTP/AVP 0 8\na=sendrecv"), "");
  EXPECT_EQ(fault_in("t=0 0\r\n\r\n\r\n"), "") << "empty ones at the end";
  EXPECT_EQ(fault("\xEF\xBB\xBF" + kHead), "") << "a byte order mark in front";
}

// Mail programs break long lines in two; and who writes a key may write the rest of its line wrong.
TEST(SdpTest, NoMistakeShowsAKey) {
  const std::string key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
  for (const std::string& line : {"a=crypto:1 AES_CM_128_HMAC_SHA1_80\ninline:" + key, key, "crypto:1 inline:" + key,
                                  " a=crypto:1 inline:" + key, "A=crypto:1 inline:" + key, "k=base64:" + key}) {
    EXPECT_EQ(fault_in(line).find(key.substr(0, 4)), std::string::npos) << line;
    EXPECT_EQ(fault(line).find(key.substr(0, 4)), std::string::npos) << line;
  }
}

TEST(SdpTest, EachMistakeIsToldWithItsLine) {
  EXPECT_EQ(fault(""), "1: nothing: the file is empty");
  EXPECT_EQ(fault("SDP:\nv=0"), "1: no TYPE=VALUE");
  EXPECT_EQ(fault("s=x\nv=0"), "1: not v=0, with which a description begins: \"s=\" …");
  EXPECT_EQ(fault("v=1"), "1: not v=0, with which a description begins: \"v=\" …");
  EXPECT_EQ(fault_in("v=0"), "4: v= again");
  EXPECT_EQ(fault_behind("\na=x"), "5: no TYPE=VALUE");
  EXPECT_EQ(fault_in("y=1"), "4: a kind of line that has no place here: \"y=\" …");
  EXPECT_EQ(fault_behind("m=audio 1 RTP/AVP 0\nt=0 0"), "6: a kind of line that has no place here: \"t=\" …");
  EXPECT_EQ(fault_behind("a="), "5: an attribute without a name");
  EXPECT_EQ(fault_behind("a=x:\x01"), "5: a control character");
  EXPECT_EQ(fault_in("c=IN IP4 example.org"), "4: \"example.org\" is no address; names are not resolved");
  EXPECT_EQ(fault_in("c=IN IP6 192.0.2.1"), "4: 192.0.2.1 is not IP6");
  EXPECT_EQ(fault_in("c=192.0.2.1"), "4: no IN IP4 ADDRESS or IN IP6 ADDRESS: \"192.0.2.1\"");
  EXPECT_EQ(fault_in("c=IN IP4 192.0.2.1/16"),
            "4: a TTL or a count behind 192.0.2.1, which is no group (224.0.0.0/4, ff00::/8)");
  EXPECT_EQ(fault_in("c=IN IP4 240.0.0.1"),
            "4: 240.0.0.1 is neither a host's address nor a group's (224.0.0.0/4, ff00::/8)");
  EXPECT_NE(fault_in("c=IN IP4 255.255.255.255"), "");
  EXPECT_EQ(fault_in("c=IN IP4 239.0.0.1/256"), "4: a TTL that is not 0 to 255: \"256\"");
  EXPECT_EQ(fault_in("c=IN IP4 239.0.0.1/16/3"), "4: several groups in one line (\"16/3\"); describe one");
  EXPECT_EQ(fault_in("c=IN IP6 ff15::1/2"), "4: several groups in one line (\"2\"); describe one");
  EXPECT_EQ(fault_behind("m=video RTP/AVP 96"), "5: no KIND PORT PROTOCOL FORMAT: \"video RTP/AVP 96\"");
  EXPECT_EQ(fault_behind("m=video 65536 RTP/AVP 96"), "5: a port that is not one of 0 to 65535: \"65536\"");
  EXPECT_EQ(fault_behind("m=video 5004/2 RTP/AVP 96"), "5: several ports in one line (\"5004/2\"); describe one");
  std::string many = kHead + "t=0 0\n";
  for (int i = 0; i < 33; ++i) many += "m=audio 5004 RTP/AVP 0\n";
  EXPECT_EQ(fault(many), "37: more than 32 media");
  EXPECT_EQ(fault(std::string(70'000, 'a')), "1: more than 64 KiB");
}

// Their order is fixed, and o=, s= and t= are always there: RFC 8866 §5.
TEST(SdpTest, LinesAreThereAndInTheirPlaces) {
  const std::string needed = "; a description has v=, o=, s= and t=, in this order (RFC 8866 §5)";
  EXPECT_EQ(fault("v=0\nc=IN IP4 192.0.2.1\nm=video 5004 RTP/AVP 33"), "2: no o= in front of c=" + needed);
  EXPECT_EQ(fault("v=0\nc=IN IP4 192.0.2.1\no=- 0 0 IN IP4 192.0.2.1\ns=x\nt=0 0"), "2: no o= in front of c=" + needed);
  EXPECT_EQ(fault("v=0\no=- 0 0 IN IP4 192.0.2.1\nt=0 0"), "3: no s= in front of t=" + needed);
  EXPECT_EQ(fault_in("a=x"), "4: no t= in front of a=" + needed);
  EXPECT_EQ(fault_in("m=video 5004 RTP/AVP 33"), "4: no t= in front of m=" + needed);
  EXPECT_EQ(fault_behind("c=IN IP4 192.0.2.1"), "5: c= behind t=; it stands in front of that (RFC 8866 §5)");
  EXPECT_EQ(fault_behind("m=video 5004 RTP/AVP 33\na=x\nc=IN IP4 192.0.2.1"),
            "7: c= behind a=; it stands in front of that (RFC 8866 §5)");
  EXPECT_EQ(
      fault_in(
          "i=x\nu=x\ne=x\ne=y\np=x\nc=IN IP4 192.0.2.1\nb=AS:1\nb=TIAS:1\nt=0 0\nr=1 1 0\nz=0 0\nt=1 1\nk=x\n"
          "a=x\nm=video 5004 RTP/AVP 33\ni=x\nc=IN IP4 192.0.2.2\nb=AS:1\nk=x\na=x\na=y\nm=audio 5006 RTP/AVP 0\ni=x"),
      "");
}

TEST(SdpTest, WhatThereIsOneOfComesOnce) {
  EXPECT_EQ(fault_in("s=y"), "4: s= again");
  EXPECT_EQ(fault_in("c=IN IP4 192.0.2.1\nc=IN IP4 192.0.2.2"), "5: c= again");
  EXPECT_EQ(fault_behind("m=video 5004 RTP/AVP 33\nc=IN IP4 192.0.2.1\nc=IN IP4 192.0.2.2"), "7: c= again");
}

}  // namespace
}  // namespace fanlight::control
