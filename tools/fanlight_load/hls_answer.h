// Answers of HTTP/1.1 on one connection, read as they come by Boost.Beast's sans-IO parser. Bodies are handed on from
// where they lie.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace fanlight::load {

struct HlsAnswerHead {
  unsigned status = 0;
  std::optional<std::uint64_t> length;  // Not of chunked ones.
  bool is_gzip = false;
  bool closes = false;
};

// Who is told.
class HlsAnswerSink {
 public:
  virtual void take_head(const HlsAnswerHead& head) = 0;
  virtual void take_body(ByteSpan bytes) = 0;
  virtual void take_end() = 0;

 protected:
  ~HlsAnswerSink() = default;
};

class HlsAnswers {
 public:
  // False: it is no HTTP, or more than the answer that was asked for.
  [[nodiscard]] bool take(ByteSpan bytes, HlsAnswerSink& sink);
  // The server closed. True: that was the answer's end.
  [[nodiscard]] bool take_close(HlsAnswerSink& sink);
  // Something of the answer that is due has come.
  [[nodiscard]] bool has_begun() const { return !held_.empty() || (parser_ && parser_->got_some()); }
  // For another connection.
  void start_over();

 private:
  class Parser final : public boost::beast::http::basic_parser<false> {
   public:
    Parser();
    HlsAnswerSink* sink = nullptr;

   private:
    using Field = boost::beast::http::field;
    using Verb = boost::beast::http::verb;
    using Text = boost::beast::string_view;
    using Code = boost::beast::error_code;
    void on_request_impl(Verb, Text, Text, int, Code&) override {}
    void on_response_impl(int status, Text, int, Code&) override { head_.status = static_cast<unsigned>(status); }
    void on_field_impl(Field name, Text, Text value, Code&) override;
    void on_header_impl(Code&) override;
    void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
    std::size_t on_body_impl(Text bytes, Code&) override { return hand_on(bytes); }
    void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Code&) override { return hand_on(bytes); }
    void on_finish_impl(Code&) override {}
    std::size_t hand_on(Text bytes);
    HlsAnswerHead head_;
  };

  std::optional<Parser> parser_;  // Of the answer that is coming; none between two.
  std::string held_;              // A head that has not come whole.
};

}  // namespace fanlight::load
