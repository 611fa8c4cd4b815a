#include "fanlight_load/hls_answer.h"

#include <gtest/gtest.h>

namespace fanlight::load {
namespace {

class Sink final : public HlsAnswerSink {
 public:
  std::string said;
  void take_head(const HlsAnswerHead& head) override {
    said += std::to_string(head.status) + (head.is_gzip ? " gzip" : "") +
            (head.length ? " " + std::to_string(*head.length) : " ?") + (head.closes ? " closes" : "") + ";";
  }
  void take_body(ByteSpan bytes) override { said.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }
  void take_end() override { said += "."; }
};

ByteSpan span_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello";

TEST(HlsAnswerTest, ReadsHeadAndBody) {
  HlsAnswers answers;
  Sink sink;
  EXPECT_TRUE(answers.take(span_of(kAnswer), sink));
  EXPECT_EQ(sink.said, "200 gzip 5;hello.");
  EXPECT_FALSE(answers.has_begun());
}

TEST(HlsAnswerTest, HoweverItIsCut) {
  for (std::size_t cut = 1; cut < kAnswer.size(); ++cut) {
    HlsAnswers answers;
    Sink sink;
    EXPECT_TRUE(answers.take(span_of(kAnswer.substr(0, cut)), sink)) << cut;
    EXPECT_TRUE(answers.has_begun()) << cut;
    EXPECT_TRUE(answers.take(span_of(kAnswer.substr(cut)), sink)) << cut;
    EXPECT_EQ(sink.said, "200 gzip 5;hello.") << cut;
  }
}

TEST(HlsAnswerTest, OneAfterTheOther) {
  HlsAnswers answers;
  Sink sink;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(
        answers.take(span_of("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"), sink));
    EXPECT_TRUE(
        answers.take(span_of("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), sink));
  }
  const std::string once = "404 0 closes;.200 ?;abc.";
  EXPECT_EQ(sink.said, once + once + once);
}

TEST(HlsAnswerTest, AnAnswerMayEndWithItsConnection) {
  HlsAnswers answers;
  Sink sink;
  EXPECT_TRUE(answers.take(span_of("HTTP/1.1 200 OK\r\n\r\nabc"), sink));
  EXPECT_TRUE(answers.take_close(sink));
  EXPECT_EQ(sink.said, "200 ? closes;abc.");
  EXPECT_FALSE(answers.take_close(sink)) << "nothing was due";
  EXPECT_TRUE(answers.take(span_of(kAnswer.substr(0, kAnswer.size() - 1)), sink));
  EXPECT_FALSE(answers.take_close(sink)) << "a byte is missing";
}

TEST(HlsAnswerTest, WhatIsNoAnswerIsRefused) {
  Sink sink;
  EXPECT_FALSE(HlsAnswers{}.take(span_of("SSH-2.0-x\r\n\r\n"), sink));
  EXPECT_FALSE(HlsAnswers{}.take(span_of(std::string(kAnswer) + "HTTP"), sink)) << "more than was asked for";
}

}  // namespace
}  // namespace fanlight::load
