// What a client of HTTP/2 says more of than it may, and what it may say.
#include <gtest/gtest.h>

#include "http/test_h2_session.h"

namespace fanlight::packager {
namespace {

class H2FloodTest : public H2SessionTest {};

TEST_F(H2FloodTest, RapidResetsEndTheConnection) {
  bool is_well = true;
  for (int i = 0; i < 500 && is_well; ++i) {
    const std::int32_t id = client_.get("/a");
    std::string said = client_.say();
    client_.cancel(id);
    said += client_.say();
    is_well = session_.handle_bytes({}, std::as_bytes(std::span(said)));
    OutQueue out;
    (void)session_.fill({}, kUnsentMax, out);
    is_well = is_well && !session_.is_over();
    while (!poll().empty()) {
    }
  }
  EXPECT_FALSE(is_well);
  EXPECT_TRUE(session_.has_erred());
}

// Each breaks its stream's window: CVE-2025-8671. Answers how many were taken, one each `step`.
int provoke(TestH2Client& client, H2Session& session, ServerCounts& counts, int many, Micros step) {
  Instant now{1};
  for (int i = 0; i < many; ++i, now = now + step) {
    const std::int32_t id = client.get("/a");
    std::string said = client.say() + std::string("\0\0\4\x08\0\0\0", 7);
    for (const int shift : {8, 0}) said.push_back(static_cast<char>(id >> shift));
    said += "\x7F\xFF\xFF\xFF";
    if (!session.handle_bytes(now, std::as_bytes(std::span(said)))) return i;
    std::uint64_t stream = 0;
    HttpRequest request;
    while (session.poll_request(counts, stream, request)) {
    }
    OutQueue out;
    EXPECT_TRUE(session.fill(now, kUnsentMax, out));
    std::string text(out.size(), '\0');
    (void)out.copy(std::as_writable_bytes(std::span(text)));
    EXPECT_TRUE(client.hear(text));
    EXPECT_EQ(client.heard(id).closed_with, NGHTTP2_FLOW_CONTROL_ERROR);
  }
  return many;
}

TEST_F(H2FloodTest, ResetsThatAPeerProvokesEndTheConnection) {
  EXPECT_EQ(provoke(client_, session_, counts_, 500, {}), 101);
  EXPECT_TRUE(session_.has_erred());
  OutQueue out;
  EXPECT_TRUE(session_.fill({2}, kUnsentMax, out));
  std::string text(out.size(), '\0');
  (void)out.copy(std::as_writable_bytes(std::span(text)));
  EXPECT_TRUE(client_.hear(text));
  EXPECT_EQ(client_.goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_TRUE(session_.is_over());
}

TEST_F(H2FloodTest, AFewResetsASecondAreOfSomebodyWhoErrs) {
  EXPECT_EQ(provoke(client_, session_, counts_, 500, millis(50)), 500);
  EXPECT_FALSE(session_.has_erred());
}

// More than it may, at once: each is owed a reset, which waits for room to be sent.
TEST_F(H2FloodTest, WhatIsOwedToACrowdOfStreamsIsBounded) {
  std::string said = client_.say();
  for (int i = 0; i < 10'000; ++i) {
    said += std::string("\0\0\6\1\5\0\0", 7);
    for (const int shift : {8, 0}) said.push_back(static_cast<char>((2 * i + 1) >> shift));
    said += "\x82\x86\x84\x01\x01x";
  }
  const std::size_t before = allocated_bytes();
  EXPECT_FALSE(session_.handle_bytes({1}, std::as_bytes(std::span(said))));
  EXPECT_LT(allocated_bytes() - before, 256U << 10);
  EXPECT_TRUE(session_.has_erred());
  OutQueue out;
  EXPECT_TRUE(session_.fill({2}, kUnsentMax, out));
  EXPECT_LT(out.size(), 16U << 10);
  std::string text(out.size(), '\0');
  (void)out.copy(std::as_writable_bytes(std::span(text)));
  EXPECT_NE(text.find(std::string("\0\0\0\x0B", 4)), std::string::npos) << "ENHANCE_YOUR_CALM";
  EXPECT_TRUE(session_.is_over());
}

// Answers how many more the session takes from a client that does not read, of 500.
template <class Say>
int unread(TestH2Client& client, H2Session& session, Say&& say) {
  for (int i = 0; i < 500; ++i) {
    say();
    const std::string said = client.say();
    if (!session.handle_bytes({1}, std::as_bytes(std::span(said)))) return i;
  }
  return 500;
}

TEST_F(H2FloodTest, PingsThatAreNotReadEndTheConnection) {
  say();
  EXPECT_EQ(unread(client_, session_, [&] { client_.ping(); }), 64);
  EXPECT_TRUE(session_.has_erred());
}

TEST_F(H2FloodTest, SettingsThatAreNotReadEndTheConnection) {
  say();
  EXPECT_EQ(unread(client_, session_, [&] { client_.settings(); }), 64);
  EXPECT_TRUE(session_.has_erred());
}

TEST_F(H2FloodTest, WhoReadsMayPingAndSaySettings) {
  for (int i = 0; i < 500; ++i) {
    client_.ping();
    client_.settings();
    ASSERT_TRUE(hear()) << i;
    say();
  }
  EXPECT_EQ(client_.pongs().size(), 500U);
  EXPECT_EQ(client_.settings_taken(), 501) << "and those that it began with";
  EXPECT_FALSE(session_.has_erred());
}

}  // namespace
}  // namespace fanlight::packager
