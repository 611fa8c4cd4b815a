// An SRT address as people write it: srt://HOST:PORT?streamid=…&passphrase=…&latency=…&pbkeylen=…
//
// Values are percent-decoded; `latency` is in milliseconds, as in srt-live-transmit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace fanlight::control {

struct SrtUrl {
  std::string host{};  // A name or an address, an IPv6 address without its brackets.
  std::uint16_t port = 0;
  std::string stream_id{};       // Empty: none is sent.
  std::string passphrase{};      // Empty: clear.
  Micros latency{};              // The least that is asked for, on top of the stream's own.
  std::uint16_t key_bytes = 16;  // 16, 24 or 32; with a passphrase.
  bool has_key_bytes = false;    // They were asked for.
  friend bool operator==(const SrtUrl&, const SrtUrl&) = default;
};

// The error says what is wrong and never repeats a value: it may be a passphrase.
[[nodiscard]] Result<SrtUrl, std::string> parse_srt_url(std::string_view text);
// Without the passphrase, and without a token of the stream ID's.
[[nodiscard]] std::string public_text(const SrtUrl& url);

}  // namespace fanlight::control
