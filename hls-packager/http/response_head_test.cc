#include "http/response_head.h"

#include <gtest/gtest.h>

#include "http/body.h"

namespace fanlight::packager {
namespace {

constexpr std::string_view kDate = "Thu, 26 Nov 2026 22:23:06 GMT";

std::string written(const HttpResponse& response, const ResponseFraming& framing) {
  std::string out = "what was there";
  write_response_head(response, framing, kDate, out);
  return out;
}

std::string text_of(const OutQueue& out) {
  std::string text(out.size(), '\0');
  EXPECT_EQ(out.copy(std::as_writable_bytes(std::span(text))), text.size());
  return text;
}

TEST(ResponseHeadTest, SaysLengthDateAndFields) {
  HttpResponse response{.status = 206};
  response.fields.emplace_back("content-type", "video/mp4");
  EXPECT_EQ(written(response, {.length = 42}),
            "HTTP/1.1 206 Partial Content\r\ndate: Thu, 26 Nov 2026 22:23:06 GMT\r\ncontent-type: video/mp4\r\n"
            "content-length: 42\r\n\r\n");
}

TEST(ResponseHeadTest, SaysWhatBecomesOfTheConnection) {
  EXPECT_NE(written({}, {.length = 0, .keeps_alive = false}).find("\r\nconnection: close\r\n"), std::string::npos);
  EXPECT_NE(written({}, {.length = 0, .is_http_1_0 = true}).find("\r\nconnection: keep-alive\r\n"), std::string::npos);
  EXPECT_EQ(written({}, {.length = 0}).find("connection:"), std::string::npos);
}

TEST(ResponseHeadTest, OnlyStatusesThatHaveABodySayItsLength) {
  for (const std::uint16_t status : {std::uint16_t{204}, std::uint16_t{304}}) {
    EXPECT_EQ(written({.status = status}, {.length = 0}).find("content-length"), std::string::npos) << status;
  }
  EXPECT_NE(written({.status = 404}, {.length = 0}).find("content-length: 0\r\n"), std::string::npos);
  EXPECT_NE(written({}, {.is_chunked = true}).find("transfer-encoding: chunked\r\n"), std::string::npos);
}

TEST(ResponseHeadTest, AValueCannotBecomeAnotherField) {
  HttpResponse response;
  response.fields.emplace_back("etag", "a\r\nset-cookie: b");
  response.fields.emplace_back("server", "c");
  const std::string head = written(response, {.length = 0});
  EXPECT_EQ(head.find("set-cookie"), std::string::npos);
  EXPECT_NE(head.find("server: c\r\n"), std::string::npos);
}

TEST(ResponseHeadTest, ChunksSayTheirSizeInHexadecimal) {
  std::string out;
  write_chunk_head(0x1F4, out);
  EXPECT_EQ(out, "1f4\r\n");
}

TEST(HttpDateTest, IsTheCalendars) {
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 §5.6.7
  EXPECT_EQ(http_date(951'782'399), "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(http_date(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(http_date(4'107'542'400), "Mon, 01 Mar 2100 00:00:00 GMT");
}

TEST(HttpBodyTest, ARangeGoesOverPieces) {
  const std::string whole = "abcdefghij";
  for (std::size_t offset = 0; offset <= whole.size(); ++offset) {
    for (std::size_t size = 0; offset + size <= whole.size(); ++size) {
      OutQueue out;
      push_body({.pieces = {SharedBytes::copy_of("abc"), SharedBytes::copy_of(""), SharedBytes::copy_of("defg"),
                            SharedBytes::copy_of("hij")},
                 .offset = offset,
                 .size = size},
                {}, out);
      ASSERT_EQ(text_of(out), whole.substr(offset, size)) << offset << ' ' << size;
    }
  }
}

TEST(OutQueueTest, IsConsumedByteByByte) {
  OutQueue out;
  out.push(SharedBytes::copy_of("abc"), {1});
  out.push(SharedBytes::copy_of(""), {2});
  out.push(SharedBytes::copy_of("defg"), {3});
  EXPECT_EQ(out.due(), Instant{1});
  std::string taken;
  while (!out.is_empty()) {
    taken += static_cast<char>(out.front()[0]);
    out.consume(1);
    EXPECT_EQ(out.due(), (taken.size() < 3 ? Instant{1} : taken.size() < 7 ? Instant{3} : Instant::never()));
  }
  EXPECT_EQ(taken, "abcdefg");
  EXPECT_EQ(out.size(), 0U);
  EXPECT_EQ(out.due(), Instant::never());
}

}  // namespace
}  // namespace fanlight::packager
