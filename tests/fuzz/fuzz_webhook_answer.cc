// What a webhook answers: whatever is understood is within its bounds, and nothing of it is left behind.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "hooks/answer.h"

namespace {

using namespace fanlight;

bool is_printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void check_grant(const control::Grant& grant) {
  CHECK(grant.user.size() <= 128 && is_printable(grant.user));
  CHECK(grant.group.size() <= 128 && is_printable(grant.group));
  CHECK(!grant.passphrase || (!grant.passphrase->is_empty() && control::Secret::fits(grant.passphrase->reveal())));
  CHECK(!grant.latency || (*grant.latency >= Micros{} && *grant.latency <= seconds(60)));
  CHECK(!grant.latency_max || (*grant.latency_max >= Micros{} && *grant.latency_max <= seconds(60)));
  CHECK(!grant.latency || !grant.latency_max || *grant.latency <= *grant.latency_max);
  CHECK(grant.viewers_max <= 1'000'000 && grant.sessions_per_address_max <= 1'000'000);
  CHECK(grant.bitrate_bits_max <= 1'000'000'000);
}

}  // namespace

// The first byte chooses the status.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned status = data[0] < 'A' ? 403u : data[0] < 'Q' ? 100u + data[0] * 4u : 200u;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string body{text};
  const control::InquiryAnswer answer = control::read_answer(status, body);
  CHECK(body.empty());
  if (const auto* grant = std::get_if<control::Grant>(&answer)) {
    CHECK(status == 200);
    check_grant(*grant);
  } else if (const auto* denied = std::get_if<control::Denied>(&answer)) {
    const auto code = static_cast<std::int32_t>(denied->reason);
    CHECK(code >= 2'400 && code <= 2'599);
    CHECK(is_printable(denied->by) && denied->by.size() <= 300);
  } else {
    const std::string& why = std::get<control::NoAnswer>(answer).why;
    CHECK(!why.empty() && is_printable(why));
  }
  std::string padded = " " + std::string{text} + "\n";
  CHECK(control::read_answer(status, padded).index() == answer.index());
  return 0;
}
