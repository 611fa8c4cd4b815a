#include "http/request_head.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <optional>
#include <utility>

#include "http/field_text.h"
#include "http/request_fields.h"

namespace fanlight::packager {
namespace {

using boost::beast::http::field;
using Code = boost::beast::error_code;
using Text = boost::beast::string_view;

constexpr std::uint16_t kMalformed = 400;

std::string_view view(Text text) noexcept { return {text.data(), text.size()}; }

// `http://host/path` is what a proxy is asked; servers have to take it as well (RFC 9112 §3.2.2).
bool take_authority(std::string_view& target, RequestHead& head) noexcept {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_nocase(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    head.host = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(head.host.size());
    if (target.empty()) target = "/";
    return is_host(head.host);
  }
  return true;
}

// Beast reads the syntax; what it tolerates and we do not is refused here.
class Head final : public boost::beast::http::basic_parser<true> {
 public:
  explicit Head(RequestHead& head) : head_(head) {
    header_limit(kRequestHeadBytesMax);
    body_limit(boost::none);  // None is read: whatever its length, it is refused as what it is.
  }

  std::uint16_t parse(std::string_view bytes) {
    Code error;
    const std::size_t taken = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (refusal_ != 0) return refusal_;
    if (error == boost::beast::http::error::bad_version) return 505;
    if (error || !is_header_done() || taken != bytes.size()) return kMalformed;
    return judge();
  }

 private:
  using Verb = boost::beast::http::verb;

  void on_request_impl(Verb, Text method, Text target, int version, Code& error) override {
    head_.is_http_1_0 = version == 10;
    refuse(judge_request(view(method), view(target)), error);
  }
  void on_field_impl(field name, Text name_text, Text value, Code& error) override {
    if (++fields_ > kRequestFieldsMax) return refuse(431, error);
    refuse(take_field(name, view(name_text), view(value)), error);
  }
  void on_header_impl(Code&) override {}
  void on_response_impl(int, Text, int, Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(Text, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}

  void refuse(std::uint16_t status, Code& error) {
    refusal_ = status;
    if (status != 0) error = boost::beast::http::error::bad_field;  // Only so that it ends here.
  }
  std::uint16_t judge_request(std::string_view method, std::string_view target);
  std::uint16_t take_field(field name, std::string_view name_text, std::string_view value);
  std::uint16_t take_length(std::string_view value);
  std::uint16_t take_host(std::string_view value);
  [[nodiscard]] std::uint16_t judge();

  RequestHead& head_;
  std::uint16_t refusal_ = 0;
  std::size_t fields_ = 0;
  bool has_host_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool has_body_ = false;
  bool expects_ = false;
};

std::uint16_t Head::judge_request(std::string_view method, std::string_view target) {
  const std::optional<HttpMethod> known = method_of(method);
  if (!known) return 405;
  head_.request.method = *known;
  if (!is_target(target) || !take_authority(target, head_)) return kMalformed;
  return split_target(target, head_.request) ? 0 : kMalformed;
}

// Once, and in digits alone: Beast would take lists of the same number.
std::uint16_t Head::take_length(std::string_view value) {
  if (value.empty() || !std::ranges::all_of(value, packager::is_digit) || std::exchange(has_length_, true))
    return kMalformed;
  has_body_ |= value.find_first_not_of('0') != std::string_view::npos;
  return 0;
}

std::uint16_t Head::take_host(std::string_view value) {
  if (!is_host(value) || std::exchange(has_host_, true)) return kMalformed;
  if (head_.host.empty()) head_.host = value;
  return 0;
}

std::uint16_t Head::take_field(field name, std::string_view name_text, std::string_view value) {
  switch (name) {
    case field::host:
      return take_host(value);
    case field::content_length:
      return take_length(value);
    case field::transfer_encoding:
      has_coding_ = has_body_ = true;
      return 0;
    case field::expect:
      expects_ = true;
      return 0;
    case field::range:
    case field::if_range:
    case field::if_none_match:
    case field::accept_encoding:
      take_request_field(name_text, value, head_.request);
      return 0;
    default:
      return 0;
  }
}

std::uint16_t Head::judge() {
  if (has_coding_ && (has_length_ || head_.is_http_1_0)) return kMalformed;
  if (!has_host_ && !head_.is_http_1_0) return kMalformed;
  if (expects_) return 417;
  if (has_body_) return 413;
  head_.keeps_alive = keep_alive();
  return 0;
}

}  // namespace

HeadEnd::Found HeadEnd::look(std::string_view bytes) noexcept {
  while (looked_ < bytes.size()) {
    const void* found = std::memchr(bytes.data() + looked_, '\n', bytes.size() - looked_);
    if (found == nullptr) break;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (at == line_ || bytes[at - 1] != '\r') return Found::kMalformed;
    const bool is_empty = at == line_ + 1;
    if (bytes[line_] == ' ' || bytes[line_] == '\t') return Found::kMalformed;
    line_ = looked_ = at + 1;
    if (is_empty) return line_ == 2 ? Found::kMalformed : Found::kEnd;
  }
  looked_ = bytes.size();
  return Found::kNotYet;
}

std::uint16_t parse_request_head(std::string_view bytes, RequestHead& head) { return Head(head).parse(bytes); }

}  // namespace fanlight::packager
