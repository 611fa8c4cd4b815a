// Closed captions that pictures carry in their SEI (ATSC A/53 part 4 §6.2.3: cc_data in ITU-T T.35), as far as to say
// which channels are in use: the four of CTA-608 and the services of CTA-708. What they say stays in the samples.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace fanlight::packager {

struct CaptionChannel {
  bool is_708 = false;
  std::uint8_t number = 1;  // CC1 to CC4, or service 1 to 63.
  friend auto operator<=>(const CaptionChannel&, const CaptionChannel&) = default;
  // As INSTREAM-ID has it: "CC1", "SERVICE1".
  [[nodiscard]] std::string name() const { return (is_708 ? "SERVICE" : "CC") + std::to_string(number); }
};

// A channel, and its language where a descriptor tells.
struct CaptionService {
  CaptionChannel channel;
  std::string language{};  // ISO 639-2; empty: not told.
  friend bool operator==(const CaptionService&, const CaptionService&) = default;
};

// Those of `more` that `services` has not, added to them; sorted.
void add_captions(std::vector<CaptionService>& services, const std::vector<CaptionService>& more);

// caption_service_descriptor, ATSC A/65 §6.9.2; none: there is no such descriptor.
[[nodiscard]] std::vector<CaptionService> parse_caption_services(ByteSpan descriptors);

class CaptionWatch {
 public:
  enum class Units : std::uint8_t { kH264, kH265 };
  explicit CaptionWatch(Units units) : units_(units) {}

  // A sample: units behind lengths of four bytes.
  void handle(ByteSpan sample);

  // Seen so far, sorted. Of CTA-608 those in which captions were begun, of CTA-708 those that a packet begins with.
  [[nodiscard]] const std::vector<CaptionChannel>& channels() const noexcept { return channels_; }

 private:
  void take_sei(ByteSpan unit);
  void take_message(ByteSpan payload);
  void take_pair(unsigned type, unsigned first, unsigned second);
  void take_608(unsigned field, unsigned first, unsigned second);
  void take_708(unsigned type, unsigned first, unsigned second);
  void note(CaptionChannel channel);

  Units units_;
  bool wants_number_ = false;  // Of CTA-708: the next pair says which service it is.
  std::vector<CaptionChannel> channels_;
};

}  // namespace fanlight::packager
