#include "http/h2_session.h"

#include <gtest/gtest.h>

#include <array>

#include "http/request_fields.h"
#include "http/test_h2_session.h"

namespace fanlight::packager {
namespace {

TEST_F(H2SessionTest, HandsOverWhatIsAsked) {
  client_.ask("GET", "/a?b", {{"accept-encoding", "gzip"}, {"range", "bytes=1-2"}, {"if-none-match", "\"e\""}});
  client_.ask("GET", "/c", {{"range", "bytes=1-2"}, {"if-range", "\"e\""}});
  ASSERT_TRUE(hear());
  HttpRequest request;
  ASSERT_TRUE(session_.poll_request(counts_, stream_, request));
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.query, "b");
  EXPECT_TRUE(request.accepts_gzip);
  EXPECT_EQ(request.range, "bytes=1-2");
  EXPECT_EQ(request.if_none_match, "\"e\"");
  EXPECT_EQ(request.arrived, Instant{1});
  ASSERT_TRUE(session_.poll_request(counts_, stream_, request));
  EXPECT_EQ(request.range, kNoRange) << "under a condition that nothing of ours fulfils";
}

TEST_F(H2SessionTest, AnswersInAnyOrder) {
  const std::int32_t a = ask("GET", "/a"), b = ask("GET", "/b");
  EXPECT_EQ(poll(), "/a?");
  EXPECT_EQ(poll(), "/b?");
  session_.respond({}, static_cast<std::uint64_t>(b), answer("B"));
  say();
  EXPECT_EQ(client_.heard(b).body, "B");
  EXPECT_EQ(client_.heard(b).fields[":status"], "200");
  EXPECT_EQ(client_.heard(b).fields["content-length"], "1");
  EXPECT_EQ(client_.heard(b).fields["date"], "now");
  EXPECT_FALSE(client_.heard(a).has_ended);
  session_.respond({}, static_cast<std::uint64_t>(a), answer("A"));
  say();
  EXPECT_EQ(client_.heard(a).body, "A");
  EXPECT_EQ(client_.heard(a).closed_with, NGHTTP2_NO_ERROR);
  EXPECT_FALSE(session_.has_streams());
}

TEST_F(H2SessionTest, ABigBodyIsQueuedInBounds) {
  std::vector<std::int32_t> ids;
  std::string body;
  for (int i = 0; i < 1'000'000; ++i) body += static_cast<char>('a' + i % 23);
  for (int i = 0; i < 4; ++i) {
    ids.push_back(ask("GET", "/big"));
    poll();
    session_.respond({}, stream_, answer(body));
  }
  EXPECT_LE(say(), kUnsentMax + 16 * 1024 + 9);
  for (const std::int32_t id : ids) EXPECT_EQ(client_.heard(id).body, body);
}

// Whether the kernel is given just that, where it is.
bool is_of(const iovec& queued, ByteSpan bytes) {
  return queued.iov_base == bytes.data() && queued.iov_len == bytes.size();
}

TEST_F(H2SessionTest, ABodyIsQueuedWhereItIs) {
  const SharedBytes one = SharedBytes::copy_of(std::string(20'000, 'a'));
  const SharedBytes two = SharedBytes::copy_of(std::string(3'000, 'b'));
  ask("GET", "/a");
  say();
  poll();
  HttpResponse response{.status = 206};
  response.body = {.pieces = {one, two}, .offset = 100, .size = 22'000};
  session_.respond({}, stream_, std::move(response));
  OutQueue out;
  ASSERT_TRUE(session_.fill({2}, kUnsentMax, out));
  std::array<iovec, 8> queued;
  ASSERT_EQ(out.fill(queued), 6U) << "a head, and two frames of which each has its own";
  EXPECT_TRUE(is_of(queued[2], one.span().subspan(100, 16'384)));
  EXPECT_TRUE(is_of(queued[4], one.span().subspan(16'484)));
  EXPECT_TRUE(is_of(queued[5], two.span().first(2'100)));
  out.consume(queued[0].iov_len + queued[1].iov_len + 5);
  EXPECT_EQ(out.front().data(), one.span().data() + 105) << "nor is what is left of it when the kernel took some";
}

TEST_F(H2SessionTest, AStreamIsQueuedWhereItIs) {
  const SharedBytes one = SharedBytes::copy_of("one"), two = SharedBytes::copy_of("two");
  ask("GET", "/a");
  poll();
  session_.begin({}, stream_, {});
  say();
  session_.append({}, stream_, SharedBytes(one));
  session_.append({}, stream_, SharedBytes(two));
  OutQueue out;
  ASSERT_TRUE(session_.fill({2}, kUnsentMax, out));
  std::array<iovec, 8> queued;
  ASSERT_EQ(out.fill(queued), 4U);
  EXPECT_TRUE(is_of(queued[1], one.span()));
  EXPECT_TRUE(is_of(queued[3], two.span()));
}

TEST_F(H2SessionTest, ABodyMayBeARangeOfPieces) {
  const std::int32_t id = ask("GET", "/a");
  poll();
  HttpResponse response{.status = 206};
  response.body = {.pieces = {SharedBytes::copy_of("abc"), SharedBytes::copy_of("defg"), SharedBytes::copy_of("hij")},
                   .offset = 2,
                   .size = 6};
  session_.respond({}, stream_, std::move(response));
  say();
  EXPECT_EQ(client_.heard(id).body, "cdefgh");
  EXPECT_EQ(client_.heard(id).fields["content-length"], "6");
}

TEST_F(H2SessionTest, AStreamComesPieceByPiece) {
  const std::int32_t id = ask("GET", "/a");
  poll();
  session_.begin({}, stream_, {});
  say();
  EXPECT_EQ(client_.heard(id).fields[":status"], "200");
  session_.append({5}, stream_, SharedBytes::copy_of("one"));
  EXPECT_EQ(session_.due(), Instant{5} + Pace{}.age_max);
  session_.append({6}, stream_, SharedBytes::copy_of("two"));
  say();
  EXPECT_EQ(client_.heard(id).body, "onetwo");
  EXPECT_EQ(session_.due(), Instant::never());
  session_.append({7}, stream_, SharedBytes::copy_of("three"));
  session_.end(stream_);
  say();
  EXPECT_EQ(client_.heard(id).body, "onetwothree");
  EXPECT_TRUE(client_.heard(id).has_ended);
  EXPECT_EQ(client_.heard(id).closed_with, NGHTTP2_NO_ERROR);
}

TEST_F(H2SessionTest, AStreamMayEndWithNothingMore) {
  const std::int32_t id = ask("GET", "/a");
  poll();
  session_.begin({}, stream_, {});
  session_.append({}, stream_, SharedBytes::copy_of("one"));
  say();
  session_.end(stream_);
  say();
  EXPECT_EQ(client_.heard(id).body, "one");
  EXPECT_TRUE(client_.heard(id).has_ended);
}

TEST_F(H2SessionTest, HeadHasItsLengthAndNoBody) {
  const std::int32_t id = ask("HEAD", "/a"), streamed = ask("HEAD", "/b");
  poll();
  session_.respond({}, stream_, answer("12345"));
  poll();
  session_.begin({}, stream_, {});
  session_.append({}, stream_, SharedBytes::copy_of("x"));
  session_.end(stream_);
  say();
  EXPECT_EQ(client_.heard(id).fields["content-length"], "5");
  EXPECT_EQ(client_.heard(id).body, "");
  EXPECT_EQ(client_.heard(id).closed_with, NGHTTP2_NO_ERROR);
  EXPECT_EQ(client_.heard(streamed).body, "");
  EXPECT_EQ(client_.heard(streamed).closed_with, NGHTTP2_NO_ERROR);
}

TEST_F(H2SessionTest, WhoLeavesIsToldOf) {
  const std::int32_t id = ask("GET", "/a");
  poll();
  client_.cancel(id);
  ASSERT_TRUE(hear());
  std::uint64_t gone = 0;
  ASSERT_TRUE(session_.poll_gone(gone));
  EXPECT_EQ(gone, static_cast<std::uint64_t>(id));
  session_.respond({}, stream_, answer("x"));
  say();
  EXPECT_EQ(client_.heard(id).body, "");
}

TEST_F(H2SessionTest, WhoLeavesBeforeItsTurnIsNotAskedFor) {
  const std::int32_t id = client_.get("/a");
  std::string said = client_.say();
  client_.cancel(id);
  (void)client_.get("/b");
  said += client_.say();
  ASSERT_TRUE(session_.handle_bytes({}, std::as_bytes(std::span(said))));
  EXPECT_EQ(poll(), "/b?");
  std::uint64_t gone = 0;
  EXPECT_FALSE(session_.poll_gone(gone));
}

TEST_F(H2SessionTest, RefusesWhatItDoesNotTake) {
  const std::int32_t post = client_.ask("POST", "/a", {}, true), body = client_.ask("GET", "/a", {}, true);
  const std::int32_t target = client_.ask("GET", "/\xC3\xA4");
  ASSERT_TRUE(hear());
  EXPECT_EQ(poll(), "");
  say();
  EXPECT_EQ(client_.heard(post).fields[":status"], "405");
  EXPECT_EQ(client_.heard(post).fields["allow"], "GET, HEAD, OPTIONS");
  EXPECT_EQ(client_.heard(body).fields[":status"], "413");
  EXPECT_EQ(client_.heard(body).closed_with, NGHTTP2_NO_ERROR) << "the rest of its body is not read";
  EXPECT_NE(client_.heard(target).fields[":status"], "200");
  EXPECT_FALSE(session_.has_streams());
}

// A frame of stream `id`, below 128.
std::string frame(int type, int flags, std::int32_t id, std::string_view payload = {}) {
  std::string text{'\0', '\0', static_cast<char>(payload.size()), static_cast<char>(type), static_cast<char>(flags)};
  text += std::string{'\0', '\0', '\0', static_cast<char>(id)};
  return text.append(payload);
}

constexpr int kEndStream = 1, kEndHeaders = 4, kPadded = 8;

class H2EndTest : public H2SessionTest {
 protected:
  H2EndTest() { hear(client_.say()); }
  void hear(const std::string& text) { ASSERT_TRUE(session_.handle_bytes({1}, std::as_bytes(std::span(text)))); }
  // A GET of "/" that does not end yet.
  void begin(std::int32_t id) { hear(frame(NGHTTP2_HEADERS, kEndHeaders, id, "\x82\x86\x84\x01\x01x")); }
};

TEST_F(H2EndTest, AnEmptyBodyIsNone) {
  std::int32_t id = 1;
  for (const auto& ends : std::vector<std::vector<std::string>>{
           {frame(NGHTTP2_DATA, kEndStream, 1)},
           {frame(NGHTTP2_DATA, kEndStream | kPadded, 3, std::string("\2\0\0", 3))},
           {frame(NGHTTP2_DATA, 0, 5), frame(NGHTTP2_DATA, kEndStream, 5)},
           {frame(NGHTTP2_HEADERS, kEndHeaders | kEndStream, 7, std::string("\0\1x\1y", 5))}}) {
    begin(id);
    for (const std::string& one : ends) {
      EXPECT_EQ(poll(), "") << id << ": a body may be to come";
      hear(one);
    }
    EXPECT_EQ(poll(), "/?") << id;
    EXPECT_EQ(session_.due(), Instant::never());
    id += 2;
  }
  EXPECT_EQ(counts_.heads_malformed.value(), 0U);
}

TEST_F(H2EndTest, ABodyIsRefusedWithItsFirstByte) {
  begin(1);
  hear(frame(NGHTTP2_DATA, 0, 1, "xy").substr(0, 10));
  EXPECT_EQ(poll(), "");
  EXPECT_EQ(counts_.heads_malformed.value(), 1U);
}

// POST of "/", whose body does not come.
TEST_F(H2EndTest, WhatIsRefusedAnywayIsNotWaitedFor) {
  hear(frame(NGHTTP2_HEADERS, kEndHeaders, 1, "\x83\x86\x84\x01\x01x"));
  EXPECT_EQ(poll(), "");
  EXPECT_EQ(counts_.heads_malformed.value(), 1U);
  EXPECT_EQ(session_.due(), Instant::never());
}

TEST_F(H2EndTest, WhoNeverEndsIsReset) {
  begin(1);
  EXPECT_EQ(session_.due(), Instant{1} + seconds(5));
  EXPECT_EQ(session_.reset_overdue(Instant{1} + seconds(5)), 1U);
  OutQueue out;
  EXPECT_TRUE(session_.fill({2}, kUnsentMax, out));
  EXPECT_FALSE(session_.has_streams());
  std::uint64_t gone = 0;
  EXPECT_FALSE(session_.poll_gone(gone)) << "nobody was asked";
}

TEST_F(H2SessionTest, AHeadHasSixteenKibibytes) {
  const std::int32_t id = client_.ask(
      "GET", "/a", {{"x", std::string(6'000, 'a')}, {"y", std::string(6'000, 'b')}, {"z", std::string(6'000, 'c')}});
  const std::int32_t other = client_.get("/b");
  ASSERT_TRUE(hear());
  EXPECT_EQ(poll(), "/b?");
  session_.respond({}, stream_, answer("x"));
  say();
  EXPECT_NE(client_.heard(id).closed_with, NGHTTP2_NO_ERROR);
  EXPECT_EQ(client_.heard(other).body, "x");
}

TEST_F(H2SessionTest, WhatWasAskedIsNotKeptWhileItWaits) {
  for (int i = 0; i < 4; ++i) ask("GET", "/a?" + std::string(12'000, 'a'));  // Tables are as large as they get.
  while (!poll().empty()) {
  }
  const std::size_t before = allocated_bytes();
  for (int i = 0; i < 24; ++i) ask("GET", "/a?" + std::string(12'000, 'a'));
  const std::size_t asked = allocated_bytes();
  while (!poll().empty()) {
  }
  const std::size_t waiting = allocated_bytes();
  EXPECT_EQ(session_.waiting().size(), 28U);
  ASSERT_GT(asked, before);
  EXPECT_LT(waiting - before, (asked - before) / 2);
}

TEST_F(H2SessionTest, APingIsAnsweredWithWhatItSaidAmidABody_H75) {
  TestH2Client client(1 << 20);
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, 0, 1 << 20);
  const std::int32_t id = client.get("/a");
  const auto say_to_session = [&] {
    const std::string said = client.say();
    return session_.handle_bytes({1}, std::as_bytes(std::span(said)));
  };
  const auto hear_from_session = [&] {
    OutQueue out;
    EXPECT_TRUE(session_.fill({2}, kUnsentMax, out));
    std::string text(out.size(), '\0');
    (void)out.copy(std::as_writable_bytes(std::span(text)));
    EXPECT_TRUE(client.hear(text));
  };
  ASSERT_TRUE(say_to_session());
  poll();
  session_.respond({}, stream_, answer(std::string(500'000, 'x')));
  hear_from_session();
  EXPECT_EQ(client.pongs(), std::vector<std::string>{});
  client.ping(std::string("\0\xFF are 8", 8));
  client.ping("and more");
  ASSERT_TRUE(say_to_session());
  hear_from_session();
  EXPECT_EQ(client.pongs(), (std::vector{std::string("\0\xFF are 8", 8), std::string("and more")}));
  EXPECT_FALSE(client.heard(id).has_ended);
  while (!client.heard(id).has_ended) hear_from_session();
  EXPECT_EQ(client.heard(id).body.size(), 500'000U);
}

TEST_F(H2SessionTest, GarbageEndsTheConnection) {
  const std::string garbage = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_FALSE(session_.handle_bytes({}, std::as_bytes(std::span(garbage))));
}

TEST_F(H2SessionTest, FinishAnswersWhatIsOpen) {
  const std::int32_t id = ask("GET", "/a");
  poll();
  session_.finish();
  say();
  EXPECT_EQ(client_.goaway(), NGHTTP2_NO_ERROR);
  EXPECT_FALSE(session_.is_over());
  session_.respond({}, stream_, answer("x"));
  say();
  EXPECT_EQ(client_.heard(id).body, "x");
  EXPECT_TRUE(session_.is_over());
}

}  // namespace
}  // namespace fanlight::packager
