// Session descriptions as anybody writes them: a fault has a line of the text, and what is read can be written and read
// again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "config/destination_sdp.h"
#include "config/sdp_media.h"
#include "config/srtp_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanlight;
  using namespace fanlight::control;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<int>(std::ranges::count(text, '\n')) + 1;
  const auto judge = [&](const SdpFault& fault) {
    CHECK(fault.line >= 1 && fault.line <= lines && !fault.why.empty());
  };
  const auto session = parse_sdp(text);
  if (!session) {
    judge(session.error());
    return 0;
  }
  for (const std::string_view wanted : {"", "video", "1"})
    if (const auto chosen = choose_media(*session, wanted); !chosen) judge(chosen.error());
  for (const SdpMedia& media : session->media) {
    const auto found = describe_media(*session, media);
    if (!found) {
      judge(found.error());
      continue;
    }
    if (const auto second = describe_second(*session, media, *found); !second) judge(second.error());
    if (const auto fault = judge_retransmission(*session, media)) judge(*fault);
    if (found->srtp) {
      const auto key = parse_srtp_key(write_srtp_key(*found->srtp));
      CHECK(key && *key == *found->srtp);
    }
    DestinationRule rule;
    rule.stream = "live/main";
    rule.terms.remote = found->address;
    rule.terms.payload_type = found->format.payload_type;
    rule.terms.rtcp = found->rtcp;
    const auto again = parse_sdp(sdp_of(rule, {.ssrc = found->ssrc.value_or(1), .cname = "x"}, {1, 1}, found->format));
    CHECK(again && again->media.size() == 1);
    const auto same = describe_media(*again, again->media[0]);
    CHECK(same && same->format == found->format && same->address == found->address && same->rtcp == found->rtcp);
  }
  return 0;
}
