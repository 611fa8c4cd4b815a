// A player's request head of 11 fields, as the packager reads it (Boost.Beast's parser and what we refuse on top), by
// hand, and by Boost.Beast alone (docs/adr/0048).
#include <benchmark/benchmark.h>

#include <boost/beast/http.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "http/field_text.h"
#include "http/request_fields.h"
#include "http/request_head.h"

namespace fanlight::packager {
namespace {

namespace beast = boost::beast;

constexpr std::string_view kHead =
    "GET /live/cam1/v0/index.m3u8?_HLS_msn=1741&_HLS_part=3&_HLS_skip=YES HTTP/1.1\r\nHost: live.example.org:8080\r\n"
    "Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36\r\n"
    "Accept: */*\r\nOrigin: http://live.example.org:8080\r\nReferer: http://live.example.org:8080/play/cam1\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\nDNT: 1\r\nSec-Fetch-Mode: cors\r\n"
    "Cache-Control: no-cache\r\n\r\n";

void head_read_strictly(benchmark::State& state) {
  for (auto _ : state) {
    HeadEnd end;
    RequestHead head;
    if (end.look(kHead) != HeadEnd::Found::kEnd || parse_request_head(kHead.substr(0, end.size()), head) != 0)
      state.SkipWithError("the head was refused");
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(head_read_strictly);

// The same by hand, as short as it can be written and as strict: what our own parser would be.
bool read_by_hand(std::string_view bytes, RequestHead& head) {
  const auto take_line = [&] {
    const std::size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end - 1);
    bytes.remove_prefix(end + 1);
    return line;
  };
  const std::string_view first = take_line();
  const std::size_t space = first.find(' '), last = first.rfind(' ');
  const std::string_view target = first.substr(space + 1, last - space - 1);
  const std::optional<HttpMethod> method = method_of(first.substr(0, space));
  if (!method || !is_target(target) || !split_target(target, head.request)) return false;
  if (first.substr(last + 1) != "HTTP/1.1") return false;
  bool has_host = false, has_body = false;
  for (std::string_view line = take_line(); !line.empty(); line = take_line()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
    const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (!is_field_value(value)) return false;
    if (equals_nocase(name, "host")) {
      if (std::exchange(has_host, true) || !is_host(value)) return false;
      head.host = value;
    }
    has_body |= equals_nocase(name, "content-length") || equals_nocase(name, "transfer-encoding");
    if (equals_nocase(name, "connection"))
      for_each_in_list(value, [&](std::string_view one) { head.keeps_alive &= !equals_nocase(one, "close"); });
    take_request_field(name, value, head.request);
  }
  return has_host && !has_body;
}

void head_read_by_hand(benchmark::State& state) {
  for (auto _ : state) {
    HeadEnd end;
    RequestHead head;
    if (end.look(kHead) != HeadEnd::Found::kEnd || !read_by_hand(kHead, head))
      state.SkipWithError("the head was refused");
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(head_read_by_hand);

// The least that Beast's parser can do: it calls back for each field, and what we need is kept as views.
class BeastViews : public beast::http::basic_parser<true> {
 public:
  RequestHead head;

 private:
  using View = boost::core::string_view;
  using Error = beast::error_code;
  void on_request_impl(beast::http::verb, View, View target, int, Error&) override {
    head.request.path = {target.data(), target.size()};
  }
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(beast::http::field name, View, View value, Error&) override {
    const std::string_view text{value.data(), value.size()};
    if (name == beast::http::field::host) head.host = text;
    if (name == beast::http::field::range) head.request.range = text;
    if (name == beast::http::field::if_none_match) head.request.if_none_match = text;
    if (name == beast::http::field::accept_encoding) head.request.accepts_gzip = text.find("gzip") != text.npos;
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(View, Error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View, Error&) override { return 0; }
  void on_finish_impl(Error&) override {}
};

void head_by_beast_basic_parser(benchmark::State& state) {
  for (auto _ : state) {
    BeastViews parser;
    beast::error_code error;
    parser.put(boost::asio::buffer(kHead.data(), kHead.size()), error);
    if (error || !parser.is_header_done()) state.SkipWithError("the head was refused");
    benchmark::DoNotOptimize(parser.head);
  }
}
BENCHMARK(head_by_beast_basic_parser);

void head_by_beast_request_parser(benchmark::State& state) {
  for (auto _ : state) {
    beast::http::request_parser<beast::http::empty_body> parser;
    beast::error_code error;
    parser.put(boost::asio::buffer(kHead.data(), kHead.size()), error);
    if (error || !parser.is_header_done()) state.SkipWithError("the head was refused");
    benchmark::DoNotOptimize(parser.get());
  }
}
BENCHMARK(head_by_beast_request_parser);

}  // namespace
}  // namespace fanlight::packager

BENCHMARK_MAIN();
