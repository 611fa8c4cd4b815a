#include "fanlight_load/hls_answer.h"

#include <boost/asio/buffer.hpp>

namespace fanlight::load {
namespace {

namespace http = boost::beast::http;

ByteSpan span_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

}  // namespace

HlsAnswers::Parser::Parser() {
  eager(true);
  body_limit(boost::none);
}

void HlsAnswers::Parser::on_field_impl(Field name, Text, Text value, Code&) {
  if (name == http::field::content_encoding) head_.is_gzip = value == "gzip";
}

void HlsAnswers::Parser::on_header_impl(Code&) {
  if (const auto length = content_length()) head_.length = *length;
  head_.closes = !keep_alive();
  sink->take_head(head_);
}

std::size_t HlsAnswers::Parser::hand_on(Text bytes) {
  sink->take_body(span_of({bytes.data(), bytes.size()}));
  return bytes.size();
}

bool HlsAnswers::take(ByteSpan bytes, HlsAnswerSink& sink) {
  if (!held_.empty()) {
    held_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    bytes = span_of(held_);
  }
  if (!parser_) parser_.emplace();
  parser_->sink = &sink;
  boost::beast::error_code error;
  std::size_t taken = 0;
  while (taken < bytes.size() && !error && !parser_->is_done())
    taken += parser_->put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), error);
  if (error && error != http::error::need_more) return false;
  if (parser_->is_done()) {
    const bool is_all = taken == bytes.size();
    start_over();
    sink.take_end();
    return is_all;
  }
  std::string rest(reinterpret_cast<const char*>(bytes.data()) + taken, bytes.size() - taken);
  held_ = std::move(rest);
  return true;
}

bool HlsAnswers::take_close(HlsAnswerSink& sink) {
  if (!parser_ || !parser_->got_some()) return false;
  boost::beast::error_code error;
  parser_->sink = &sink;
  parser_->put_eof(error);
  if (error || !parser_->is_done()) return false;
  start_over();
  sink.take_end();
  return true;
}

void HlsAnswers::start_over() {
  parser_.reset();
  held_.clear();
}

}  // namespace fanlight::load
