#include "fanlight/rtp_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fanlight::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json call(unsigned id, const char* stream, const char* url, const char* sdp) {
  return {{"id", id}, {"stream", stream}, {"url", url}, {"sdp", sdp}};
}

json answer() {
  return {{"calls",
           {call(3, "live/a", "rtp://192.0.2.7:5004", "v=0\r\ns=a\r\n"),
            call(4, "live/b", "rtp://192.0.2.8:5004", "v=0\r\n"),
            {{"id", 5}, {"stream", "live/a"}, {"url", "udp://192.0.2.1:1"}},
            call(6, "live/a", "rtp://239.1.2.3:5004?ttl=8&nack=1", "v=0\r\ns=\x1B[2Jc\r\n")}}};
}

Result<RtpOutput> chosen(std::string_view stream, std::string_view which) {
  return choose_output(rtp_outputs(answer(), stream), stream, which);
}

TEST(RtpOutputsTest, TheOnlyOneNeedsNoName) {
  ASSERT_TRUE(chosen("live/b", ""));
  EXPECT_EQ(chosen("live/b", "")->sdp, "v=0\r\n") << "as a file that receivers read";
}

TEST(RtpOutputsTest, OfSeveralOneIsNamed) {
  EXPECT_EQ(chosen("live/a", "3")->sdp, "v=0\r\ns=a\r\n");
  EXPECT_EQ(chosen("live/a", "rtp://239.1.2.3:5004?ttl=8&nack=1")->id, 6u);
  EXPECT_EQ(chosen("live/a", "rtp://239.1.2.3:5004")->id, 6u);
  EXPECT_EQ(chosen("live/a", "rtp://239.1.2.3:5004?nack=1&ttl=8")->id, 6u) << "as a file may have it";
}

TEST(RtpOutputsTest, WhatIsNotClearIsAskedBack) {
  const Error several = chosen("live/a", "").error();
  EXPECT_THAT(several.what,
              HasSubstr("to 2 destinations; say which is meant:\n  fanlight sdp live/a 3  # rtp://192.0.2.7:5004\n"
                        "  fanlight sdp live/a 6  # rtp://239.1.2.3:5004?ttl=8&nack=1"));
  for (const char* wrong : {"4", "5", "rtp://239.1.2.3", "udp://192.0.2.1:1"})
    EXPECT_THAT(chosen("live/a", wrong).error().what, HasSubstr("is no destination that RTP of live/a goes out to"));
  EXPECT_THAT(chosen("live/c", "").error().what, HasSubstr("no RTP of live/c goes out"));
  EXPECT_TRUE(rtp_outputs(json(nullptr), "live/a").empty());
}

TEST(RtpOutputsTest, ANameSteersNoTerminal) {
  EXPECT_EQ(chosen("live/a", "6")->sdp, "v=0\r\ns=?[2Jc\r\n");
  EXPECT_EQ(chosen("live/a", "\x1B[2J").error().what.find('\x1B'), std::string::npos);
}

}  // namespace
}  // namespace fanlight::cli
