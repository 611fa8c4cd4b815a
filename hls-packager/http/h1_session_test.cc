#include "http/h1_session.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace fanlight::packager {
namespace {

HttpResponse answer(std::string_view body, std::uint16_t status = 200) {
  HttpResponse response{.status = status};
  response.body = {.pieces = {SharedBytes::copy_of(body)}, .offset = 0, .size = body.size()};
  return response;
}

class H1SessionTest : public testing::Test {
 protected:
  void hear(std::string_view text) { session_.handle_bytes(std::as_bytes(std::span(text))); }
  // The path asked for, or nothing.
  std::string poll() {
    HttpRequest request;
    return session_.poll_request(pen(), counts_, request) ? std::string(request.path) : std::string();
  }
  // What was queued since the last call.
  std::string said() {
    std::string text(out_.size(), '\0');
    (void)out_.copy(std::as_writable_bytes(std::span(text)));
    out_.clear();
    return text;
  }
  std::string body_said() {
    const std::string text = said();
    return text.substr(std::min(text.size(), text.find("\r\n\r\n") + 4));
  }
  H1Session::Pen pen() { return {{}, "now", scratch_, out_}; }
  bool respond(HttpResponse&& response) { return session_.respond(pen(), session_.stream(), std::move(response)); }

  H1Session session_;
  ServerCounts counts_;
  OutQueue out_;
  std::string scratch_;
};

TEST_F(H1SessionTest, AnswersOneRequestAfterTheOther) {
  hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\nGET /c");
  EXPECT_EQ(poll(), "/a");
  EXPECT_EQ(poll(), "") << "the first is not answered";
  EXPECT_TRUE(respond(answer("A")));
  EXPECT_EQ(poll(), "/b");
  EXPECT_TRUE(respond(answer("B")));
  EXPECT_EQ(poll(), "");
  EXPECT_TRUE(session_.is_reading_head());
  hear(" HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(poll(), "/c");
  EXPECT_EQ(counts_.requests.value(), 3U);
}

TEST_F(H1SessionTest, HeadsMayBeCutAnywhere) {
  const std::string two = "GET /a HTTP/1.1\r\nHost: h\r\n\r\nHEAD /b HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t cut = 0; cut <= two.size(); ++cut) {
    session_ = {};
    std::string paths;
    for (const std::string_view piece : {std::string_view(two).substr(0, cut), std::string_view(two).substr(cut)}) {
      hear(piece);
      for (std::string path = poll(); !path.empty(); path = poll()) {
        paths += path;
        respond(answer("x"));
      }
    }
    ASSERT_EQ(paths, "/a/b") << cut;
    ASSERT_TRUE(session_.input().size() == 0 || !session_.is_reading_head());
  }
}

TEST_F(H1SessionTest, AnAnswerToHeadHasItsLengthAndNoBody) {
  hear("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  respond(answer("12345"));
  const std::string text = said();
  EXPECT_NE(text.find("content-length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST_F(H1SessionTest, AStreamIsSentInChunks) {
  hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  EXPECT_TRUE(session_.begin(pen(), 1, {}));
  EXPECT_NE(said().find("transfer-encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(session_.append(pen(), 1, SharedBytes::copy_of("hello world!!!!!")));
  EXPECT_TRUE(session_.append(pen(), 1, SharedBytes::copy_of("")));
  EXPECT_EQ(said(), "10\r\nhello world!!!!!\r\n") << "an empty chunk would be the last one";
  EXPECT_TRUE(session_.end(pen(), 1));
  EXPECT_EQ(said(), "0\r\n\r\n");
  EXPECT_FALSE(session_.is_closing());
}

// Whether the kernel is given just that, where it is.
bool is_of(const iovec& queued, ByteSpan bytes) {
  return queued.iov_base == bytes.data() && queued.iov_len == bytes.size();
}

TEST_F(H1SessionTest, ABodyIsQueuedWhereItIs) {
  const SharedBytes one = SharedBytes::copy_of("0123456789"), two = SharedBytes::copy_of("abcdef");
  hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  HttpResponse response{.status = 206};
  response.body = {.pieces = {one, two}, .offset = 2, .size = 11};
  respond(std::move(response));
  std::array<iovec, 8> queued;
  ASSERT_EQ(out_.fill(queued), 3U) << "a head and two pieces";
  EXPECT_TRUE(is_of(queued[1], one.span().subspan(2)));
  EXPECT_TRUE(is_of(queued[2], two.span().first(3)));
  out_.consume(queued[0].iov_len + 5);
  EXPECT_EQ(out_.front().data(), one.span().data() + 7) << "nor is what is left of it when the kernel took some";
}

TEST_F(H1SessionTest, AStreamIsQueuedWhereItIs) {
  const SharedBytes part = SharedBytes::copy_of("0123456789");
  hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  session_.begin(pen(), 1, {});
  session_.append(pen(), 1, SharedBytes(part));
  std::array<iovec, 8> queued;
  ASSERT_EQ(out_.fill(queued), 4U) << "a head, and a chunk's, the part, and its end";
  EXPECT_TRUE(is_of(queued[2], part.span()));
}

TEST_F(H1SessionTest, AStreamEndsWithAnOldClientsConnection) {
  hear("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  poll();
  session_.begin(pen(), 1, {});
  EXPECT_EQ(said().find("chunked"), std::string::npos);
  session_.append(pen(), 1, SharedBytes::copy_of("hello"));
  EXPECT_EQ(said(), "hello");
  session_.end(pen(), 1);
  EXPECT_TRUE(session_.is_closing());
}

TEST_F(H1SessionTest, AStreamForHeadIsItsHead) {
  hear("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  session_.begin(pen(), 1, {});
  said();
  session_.append(pen(), 1, SharedBytes::copy_of("hello"));
  session_.end(pen(), 1);
  EXPECT_EQ(said(), "");
  EXPECT_FALSE(session_.is_closing());
}

TEST_F(H1SessionTest, AnswersToNobodyAreDropped) {
  EXPECT_FALSE(respond(answer("x")));
  hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  EXPECT_FALSE(session_.respond(pen(), 2, answer("x")));
  EXPECT_FALSE(session_.append(pen(), 1, SharedBytes::copy_of("x"))) << "nothing was begun";
  EXPECT_TRUE(respond(answer("x")));
  said();
  EXPECT_FALSE(respond(answer("y"))) << "it was answered";
  EXPECT_EQ(said(), "");
}

TEST_F(H1SessionTest, WhoWantsToLeaveIsAnsweredFirst) {
  hear("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  EXPECT_FALSE(session_.is_closing());
  respond(answer("x"));
  EXPECT_TRUE(session_.is_closing());
  EXPECT_NE(said().find("connection: close\r\n"), std::string::npos);
  EXPECT_EQ(poll(), "");
}

TEST_F(H1SessionTest, FinishMakesTheRequestTheLast) {
  hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  session_.finish();
  EXPECT_FALSE(session_.is_closing());
  respond(answer("x"));
  EXPECT_NE(said().find("connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(session_.is_closing());
  EXPECT_EQ(poll(), "");
}

TEST_F(H1SessionTest, WhatIsRefusedIsTheLast) {
  hear("GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(poll(), "");
  EXPECT_TRUE(said().starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(session_.is_closing());
  EXPECT_TRUE(session_.was_refused());
  hear("GET /c HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(poll(), "");
  EXPECT_EQ(said(), "");
  EXPECT_EQ(counts_.heads_malformed.value(), 1U);
}

TEST_F(H1SessionTest, OneEmptyLineInFrontOfARequestIsPassedOver) {  // RFC 9112 §2.2
  const std::string request = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
  hear("\r\n" + request);
  EXPECT_EQ(poll(), "/a");
  EXPECT_TRUE(respond(answer("A")));
  hear("\r");
  EXPECT_EQ(poll(), "");
  hear("\n");
  EXPECT_EQ(poll(), "");
  hear(request + "\r\n\r\n" + request);
  EXPECT_EQ(poll(), "/a");
  EXPECT_TRUE(respond(answer("A")));
  (void)said();
  EXPECT_EQ(poll(), "") << "two are too many";
  EXPECT_TRUE(said().starts_with("HTTP/1.1 400 "));
}

TEST_F(H1SessionTest, TwoEmptyLinesAreTooManyHoweverTheyCome) {
  hear("\r\n");
  EXPECT_EQ(poll(), "");
  EXPECT_EQ(said(), "");
  hear("\r\n");
  EXPECT_EQ(poll(), "");
  EXPECT_TRUE(said().starts_with("HTTP/1.1 400 "));
}

TEST_F(H1SessionTest, AnotherMethodIsToldWhichThereAre) {
  hear("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(poll(), "");
  const std::string text = said();
  EXPECT_TRUE(text.starts_with("HTTP/1.1 405 "));
  EXPECT_NE(text.find("allow: GET, HEAD, OPTIONS\r\n"), std::string::npos);
}

TEST_F(H1SessionTest, AHeadHasSixteenKibibytes) {
  const std::string start = "GET /a HTTP/1.1\r\nHost: h\r\nA: ";
  const std::size_t room = kRequestHeadBytesMax - start.size() - 4;
  hear(start + std::string(room, 'b') + "\r\n\r\n");
  EXPECT_EQ(poll(), "/a");
  respond(answer("x"));
  said();
  hear(start + std::string(room + 1, 'b') + "\r\n\r\n");
  EXPECT_EQ(poll(), "");
  EXPECT_TRUE(said().starts_with("HTTP/1.1 431 "));
}

TEST_F(H1SessionTest, WhatWaitsBehindARequestIsBounded) {
  hear("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  poll();
  EXPECT_TRUE(session_.wants_bytes());
  hear(std::string(kRequestHeadBytesMax, 'x'));
  EXPECT_FALSE(session_.wants_bytes());
}

}  // namespace
}  // namespace fanlight::packager
