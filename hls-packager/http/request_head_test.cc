#include "http/request_head.h"

#include <gtest/gtest.h>

#include <string>

#include "http/field_text.h"
#include "http/request_fields.h"

namespace fanlight::packager {
namespace {

using Found = HeadEnd::Found;

Found look(std::string_view bytes) { return HeadEnd().look(bytes); }

// 0, or the refusal's status; that a head ends where it should is asked first.
std::uint16_t parse(std::string_view bytes, RequestHead& head) {
  HeadEnd end;
  if (end.look(bytes) != Found::kEnd || end.size() != bytes.size()) return 400;
  return parse_request_head(bytes, head);
}
std::uint16_t status_of(std::string_view bytes) {
  RequestHead head;
  return parse(bytes, head);
}
std::uint16_t status_with(std::string_view fields) {
  return status_of("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
}

constexpr std::string_view kPlayer =
    "GET /live/v0.m3u8?_HLS_msn=7&_HLS_part=2 HTTP/1.1\r\nHost: example.org:8080\r\nConnection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0\r\nAccept: */*\r\nRange: bytes=0-9\r\nAccept-Encoding: gzip, deflate\r\n"
    "If-None-Match: \"a\"\r\n\r\n";

TEST(RequestHeadTest, HoldsWhatTheHandlerIsAsked) {
  RequestHead head;
  ASSERT_EQ(parse(kPlayer, head), 0);
  EXPECT_EQ(head.request.method, HttpMethod::kGet);
  EXPECT_EQ(head.request.path, "/live/v0.m3u8");
  EXPECT_EQ(head.request.query, "_HLS_msn=7&_HLS_part=2");
  EXPECT_TRUE(head.request.accepts_gzip);
  EXPECT_EQ(head.request.range, "bytes=0-9");
  EXPECT_EQ(head.request.if_none_match, "\"a\"");
  EXPECT_EQ(head.host, "example.org:8080");
  EXPECT_TRUE(head.keeps_alive);
}

TEST(RequestHeadTest, EndsAtTheSameByteHoweverItComes) {
  const std::string bytes = std::string(kPlayer) + "GET /next";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    HeadEnd end;
    const Found early = end.look(std::string_view(bytes).substr(0, cut));
    ASSERT_EQ(early, cut < kPlayer.size() ? Found::kNotYet : Found::kEnd) << cut;
    if (early == Found::kNotYet) {
      ASSERT_EQ(end.look(bytes), Found::kEnd) << cut;
    }
    ASSERT_EQ(end.size(), kPlayer.size()) << cut;
  }
}

TEST(RequestHeadTest, EachByteMayComeAlone) {
  HeadEnd end;
  for (std::size_t n = 1; n < kPlayer.size(); ++n) ASSERT_EQ(end.look(kPlayer.substr(0, n)), Found::kNotYet) << n;
  EXPECT_EQ(end.look(kPlayer), Found::kEnd);
}

TEST(RequestHeadTest, BareLineFeedsAreFoundBeforeTheHeadEnds) {
  EXPECT_EQ(look("GET / HTTP/1.1\n"), Found::kMalformed);
  EXPECT_EQ(look("GET / HTTP/1.1\r\nHost: a\n"), Found::kMalformed);
  EXPECT_EQ(look("GET / HTTP/1.1\r\n\n"), Found::kMalformed);
  EXPECT_EQ(look("\n"), Found::kMalformed);
  EXPECT_EQ(look("\r\n"), Found::kMalformed) << "an empty line in front of the request";
}

TEST(RequestHeadTest, BareCarriageReturnsEndNothing) {
  EXPECT_NE(status_of("GET / HTTP/1.1\rHost: a\r\n\r\n"), 0);
  EXPECT_EQ(status_with("A: b\rContent-Length: 5\r\n"), 400);
  EXPECT_EQ(status_with("A: b\r\r\n"), 400);
  EXPECT_EQ(status_with("\r\r\n"), 400);
}

TEST(RequestHeadTest, RequestLinesAreExact) {
  for (const std::string_view line : {"GET  / HTTP/1.1",        " GET / HTTP/1.1",
                                      "GET / HTTP/1.1 ",        "GET /  HTTP/1.1",
                                      "GET\t/ HTTP/1.1",        "GET /",
                                      "GET / http/1.1",         "GET / HTTP/1.10",
                                      "GET / HTTP/1.",          "GET / HTTP/",
                                      "GET HTTP/1.1",           "GET",
                                      "G(T / HTTP/1.1",         "GET a HTTP/1.1",
                                      "GET * HTTP/1.1",         "GET /#a HTTP/1.1",
                                      "GET /\x01 HTTP/1.1",     "GET /\xC3\xA4 HTTP/1.1",
                                      "GET http:///a HTTP/1.1", "GET http://a@b/ HTTP/1.1",
                                      "GET /a b HTTP/1.1"})
    EXPECT_NE(status_of(std::string(line) + "\r\nHost: a\r\n\r\n"), 0) << line;
  for (const std::string_view version : {"HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/1.10", "HTTP/1.", "HTTP/"})
    EXPECT_NE(status_of("GET / " + std::string(version) + "\r\nHost: a\r\n\r\n"), 0) << version;
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
}

TEST(RequestHeadTest, OnlyMethodsThatReadAreTaken) {
  for (const std::string_view method : {"POST", "PUT", "DELETE", "CONNECT", "TRACE", "PATCH", "get", "GETS"})
    EXPECT_EQ(status_of(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n"), 405) << method;
  RequestHead head;
  ASSERT_EQ(parse("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", head), 0);
  EXPECT_EQ(head.request.method, HttpMethod::kHead);
  ASSERT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", head), 0);
  EXPECT_EQ(head.request.path, "*");
}

TEST(RequestHeadTest, TheTargetMayNameTheHost) {
  RequestHead head;
  ASSERT_EQ(parse("GET HTTP://example.org:80/a?b HTTP/1.1\r\nHost: other\r\n\r\n", head), 0);
  EXPECT_EQ(head.request.path, "/a");
  EXPECT_EQ(head.request.query, "b");
  EXPECT_EQ(head.host, "example.org:80");
  ASSERT_EQ(parse("GET http://example.org HTTP/1.1\r\nHost: example.org\r\n\r\n", head), 0);
  EXPECT_EQ(head.request.path, "/");
}

TEST(RequestHeadTest, OneHostIsWanted) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
  for (const std::string_view host : {"", "a b", "a,b", "a/b", "u@a", "[::1", "[]", "a:b", "a:123456", ":80", "[::1]a"})
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 400) << host;
  for (const std::string_view host : {"a", "a.b:1", "192.0.2.1", "[2001:db8::1]", "[::1]:443", "a_b-c", "a:"})
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 0) << host;
}

TEST(RequestHeadTest, FieldsAreExact) {
  for (const std::string_view fields :
       {"A : b\r\n", "A\t: b\r\n", " A: b\r\n", "A: b\r\n c\r\n", "A: b\r\n\tc\r\n", ": b\r\n", "A\r\n", "A b: c\r\n",
        "A(: b\r\n", "A: \x01\r\n", "A: b\x7F\r\n", "Caf\xE9: b\r\n"})
    EXPECT_EQ(status_with(fields), 400) << fields;
  EXPECT_EQ(status_with(std::string_view("A: b\0c\r\n", 8)), 400) << "NUL";
  EXPECT_EQ(status_with("A:b\r\nB:\r\nC: \t d \t\r\nD: \xE9\r\n"), 0);
  RequestHead head;
  ASSERT_EQ(parse("GET / HTTP/1.1\r\nHOST: a\r\nrAnGe:\t bytes=1- \t\r\n\r\n", head), 0);
  EXPECT_EQ(head.request.range, "bytes=1-");
}

TEST(RequestHeadTest, BodiesAreRefused) {
  EXPECT_EQ(status_with("Content-Length: 5\r\n"), 413);
  EXPECT_EQ(status_with("Content-Length: 18446744073709551615\r\n"), 413);
  EXPECT_EQ(status_with("Content-Length: 18446744073709551616\r\n"), 400);
  EXPECT_EQ(status_with("Content-Length: 0\r\n"), 0);
  EXPECT_EQ(status_with("Transfer-Encoding: chunked\r\n"), 413);
  EXPECT_EQ(status_with("Transfer-Encoding: identity\r\n"), 413);
  EXPECT_EQ(status_with("Expect: 100-continue\r\nContent-Length: 5\r\n"), 417);
}

TEST(RequestHeadTest, WhatSmugglersSendIsMalformed) {
  EXPECT_EQ(status_with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400);
  EXPECT_EQ(status_with("Content-Length: 0\r\nContent-Length: 0\r\n"), 400);
  EXPECT_EQ(status_with("Content-Length: 0\r\nContent-Length: 5\r\n"), 400);
  for (const std::string_view length : {"+0", "-1", "0x0", "0,0", "0 0", "", " ", "0;"})
    EXPECT_EQ(status_with("Content-Length: " + std::string(length) + "\r\n"), 400) << length;
  EXPECT_EQ(status_with("Content-Length : 0\r\n"), 400);
  EXPECT_EQ(status_with("Transfer-Encoding : chunked\r\n"), 400);
  EXPECT_EQ(status_with("X: a\rTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestHeadTest, ConnectionSaysWhetherItStays) {
  const auto keeps_alive = [](std::string_view version, std::string_view field) {
    RequestHead head;
    const std::string bytes = "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(field) + "\r\n";
    EXPECT_EQ(parse(bytes, head), 0);
    return head.keeps_alive;
  };
  EXPECT_TRUE(keeps_alive("1.1", ""));
  EXPECT_FALSE(keeps_alive("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps_alive("1.1", "Connection: keep-alive, Close\r\n"));
  EXPECT_FALSE(keeps_alive("1.0", ""));
  EXPECT_TRUE(keeps_alive("1.0", "connection: Keep-Alive\r\n"));
}

TEST(RequestHeadTest, FieldsAreCounted) {
  std::string fields;
  for (std::size_t i = 1; i < kRequestFieldsMax; ++i) fields += "A: b\r\n";
  EXPECT_EQ(status_with(fields), 0);
  EXPECT_EQ(status_with(fields + "A: b\r\n"), 431);
}

TEST(RequestFieldsTest, GzipIsAcceptedUnlessTurnedDown) {
  for (const std::string_view value : {"gzip", "deflate, GZIP", "br;q=1.0, gzip;q=0.8", "*", "x-gzip", "gzip;q=0.001",
                                       "gzip ; q=1", "identity, *;q=0.5", "gzip;q=1, *;q=0"})
    EXPECT_TRUE(accepts_gzip(value)) << value;
  for (const std::string_view value : {"", "br", "gzip;q=0", "gzip;q=0.000", "gzip; q=0, *", "*;q=0", "gzipped", ",,"})
    EXPECT_FALSE(accepts_gzip(value)) << value;
}

TEST(RequestFieldsTest, ARangeUnderAConditionIsNone) {  // RFC 9110 §13.1.5
  for (const char* fields : {"Range: bytes=0-9\r\nIf-Range: \"x\"\r\n", "If-Range: \"x\"\r\nRange: bytes=0-9\r\n"}) {
    const std::string text = std::string("GET /a HTTP/1.1\r\nHost: h\r\n") + fields + "\r\n";
    RequestHead head;
    ASSERT_EQ(parse_request_head(text, head), 0) << fields;
    EXPECT_EQ(head.request.range, kNoRange) << fields;
  }
}

TEST(RequestFieldsTest, OfTwoOfAKindTheFirstCounts) {
  HttpRequest request;
  take_request_field("range", "bytes=0-1", request);
  take_request_field("Range", "bytes=2-3", request);
  EXPECT_EQ(request.range, "bytes=0-1");
}

}  // namespace
}  // namespace fanlight::packager
