#include "config/call_rule.h"

#include <cstring>
#include <utility>

#include "config/secret_source.h"
#include "config/stream_pattern.h"
#include "config/stream_rule.h"
#include "config/url_scheme.h"

namespace fanlight::control {
namespace {

constexpr std::string_view kUrlWanted = "srt://HOST:PORT?streamid=NAME&latency=MILLISECONDS";
constexpr std::string_view kOthersWanted =
    "; what goes out without a call, to rtp://ADDRESS:PORT or udp://ADDRESS:PORT, is a [[destination]], or added at "
    "run "
    "time with the role viewer";

void read_url(FieldReader& reader, CallRule& rule) {
  std::string text = reader.text("url");
  Result<SrtUrl, std::string> url = parse_srt_url(text);
  if (url) {
    rule.url = std::move(*url);
    if (!rule.url.passphrase.empty()) is_laid_open(reader, "url");
  } else if (!reader.has("url")) {
    reader.complain("url", "nothing", std::string{kUrlWanted});
  } else {
    // Without it: it may hold a passphrase.
    const bool is_srt = has_scheme(text, kSrtScheme);
    reader.complain("url", "one that cannot be used: " + url.error(),
                    std::string{kUrlWanted} + (is_srt ? "" : std::string{kOthersWanted}));
  }
  explicit_bzero(text.data(), text.size());  // It may have held a passphrase.
}

void read_passphrase(FieldReader& reader, CallRule& rule) {
  std::string passphrase = read_secret(reader, "passphrase", kPassphraseBytes);
  if (passphrase.empty()) return;
  if (!rule.url.passphrase.empty()) reader.complain("passphrase", "one here and one in url", "one of them");
  rule.url.passphrase = std::move(passphrase);
}

}  // namespace

CallRule read_call_rule(FieldReader& reader) {
  CallRule rule;
  rule.role = reader.choice("role", {"viewer", "publisher"}, 0) == 0 ? Role::kViewer : Role::kPublisher;
  if (!reader.has("role"))
    reader.complain("role", "nothing", "\"viewer\" (it is sent the stream) or \"publisher\" (it feeds the stream)");
  rule.stream = reader.text("stream");
  if (!is_stream_name(rule.stream) && !reader.is_no_text("stream"))
    reader.complain("stream", reader.has("stream") ? quoted(rule.stream) : "nothing", kStreamNameText);
  read_url(reader, rule);
  read_passphrase(reader, rule);
  if (rule.url.has_key_bytes && rule.url.passphrase.empty() && !has_secret(reader, "passphrase"))
    reader.complain("url", "pbkeylen without a passphrase, so the session would be clear", "both or neither");
  reader.finish();
  return rule;
}

}  // namespace fanlight::control
