#include "config/media_format.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/format_parameters.h"

namespace fanlight::control {
namespace {

constexpr std::uint8_t kDynamicType = 96;  // The first of RFC 3551's.
constexpr std::string_view kPayloadWanted =
    "mp2t, h264, h265, aac, opus, l16, or MEDIA/ENCODING as a=rtpmap has it, like \"video/VP8\"";

// What `payload` may be called, and what follows from that.
struct Known {
  std::string_view name;
  std::string_view media;
  std::string_view encoding;
  std::uint32_t clock_rate;  // 0: to be said.
  std::uint32_t channels;    // 0: not said.
  bool has_open_channels;
  std::string_view says_so;
};
constexpr std::array kKnown{
    Known{"mp2t", "video", "MP2T", 90'000, 0, false, "RFC 2250 §2"},
    Known{"h264", "video", "H264", 90'000, 0, false, "RFC 6184 §8.2.1"},
    Known{"h265", "video", "H265", 90'000, 0, false, "RFC 7798 §7.2.1"},
    Known{"aac", "audio", "mpeg4-generic", 0, 2, true, "RFC 3640"},
    Known{"opus", "audio", "opus", 48'000, 2, false, "RFC 7587 §7"},
    Known{"l16", "audio", "L16", 0, 2, true, "RFC 3551 §4.5.11"},
};

// RFC 3551 §6, tables 4 and 5.
struct Static {
  std::uint8_t payload_type;
  std::string_view media;
  std::string_view encoding;
  std::uint32_t clock_rate;
  std::uint32_t channels = 0;  // 0: not said.
};
constexpr std::array kStatic{
    Static{0, "audio", "PCMU", 8'000},     Static{3, "audio", "GSM", 8'000},    Static{4, "audio", "G723", 8'000},
    Static{5, "audio", "DVI4", 8'000},     Static{6, "audio", "DVI4", 16'000},  Static{7, "audio", "LPC", 8'000},
    Static{8, "audio", "PCMA", 8'000},     Static{9, "audio", "G722", 8'000},   Static{10, "audio", "L16", 44'100, 2},
    Static{11, "audio", "L16", 44'100, 1}, Static{12, "audio", "QCELP", 8'000}, Static{13, "audio", "CN", 8'000},
    Static{14, "audio", "MPA", 90'000},    Static{15, "audio", "G728", 8'000},  Static{16, "audio", "DVI4", 11'025},
    Static{17, "audio", "DVI4", 22'050},   Static{18, "audio", "G729", 8'000},  Static{25, "video", "CelB", 90'000},
    Static{26, "video", "JPEG", 90'000},   Static{28, "video", "nv", 90'000},   Static{31, "video", "H261", 90'000},
    Static{32, "video", "MPV", 90'000},    Static{33, "video", "MP2T", 90'000}, Static{34, "video", "H263", 90'000},
};

bool is_same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// What the name alone says; empty when it is none.
std::optional<Known> find_payload(std::string_view name) {
  const auto* known = std::ranges::find(kKnown, name, &Known::name);
  if (known != kKnown.end()) return *known;
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const Known other{"", name.substr(0, slash), name.substr(slash + 1), 0, 0, true, ""};
  if (!is_sdp_token(other.media) || !is_sdp_token(other.encoding)) return std::nullopt;
  return other;
}

}  // namespace

bool is_sdp_token(std::string_view text) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`{|}~";
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kSigns.find(c) != std::string_view::npos;
  });
}

bool MediaFormat::is_transport_stream() const { return is_same_word(encoding, "MP2T"); }

std::string MediaFormat::text() const {
  std::string text = encoding + "/" + std::to_string(clock_rate);
  if (channels != 0) text += "/" + std::to_string(channels);
  return text;
}

std::optional<MediaFormat> static_format(std::uint8_t payload_type) {
  const auto* fixed = std::ranges::find(kStatic, payload_type, &Static::payload_type);
  if (fixed == kStatic.end()) return std::nullopt;
  return MediaFormat{.media = std::string{fixed->media},
                     .encoding = std::string{fixed->encoding},
                     .clock_rate = fixed->clock_rate,
                     .channels = fixed->channels,
                     .payload_type = payload_type};
}

std::optional<MediaFormat> fixed_otherwise(const MediaFormat& format) {
  auto fixed = static_format(format.payload_type);
  const auto channels = [](const MediaFormat& one) { return std::max<std::uint32_t>(one.channels, 1); };
  const bool is_it = fixed && is_same_word(fixed->encoding, format.encoding) &&
                     fixed->clock_rate == format.clock_rate && channels(*fixed) == channels(format);
  if (is_it) fixed.reset();
  return fixed;
}

std::optional<std::string> rate_fault_of(const MediaFormat& format) {
  const auto* known = std::ranges::find_if(
      kKnown, [&](const Known& one) { return one.clock_rate != 0 && is_same_word(one.encoding, format.encoding); });
  if (known == kKnown.end()) return std::nullopt;
  const std::string law = " (" + std::string{known->says_so} + ")";
  if (format.clock_rate != known->clock_rate)
    return format.encoding + " with a clock of " + std::to_string(format.clock_rate) + "; it has " +
           std::to_string(known->clock_rate) + law;
  if (known->channels != 0 && format.channels != known->channels)
    return format.text() + "; it is always " + format.encoding + "/" + std::to_string(known->clock_rate) + "/" +
           std::to_string(known->channels) + law;
  return std::nullopt;
}

MediaFormat read_media_format(FieldReader& reader) {
  const std::string name = reader.text("payload", "mp2t");
  const std::optional<Known> known = find_payload(name);
  if (!known) reader.complain("payload", quoted(name), std::string{kPayloadWanted});
  const Known payload = known.value_or(kKnown.front());
  MediaFormat format{
      .media = std::string{payload.media},
      .encoding = std::string{payload.encoding},
      .clock_rate = static_cast<std::uint32_t>(reader.integer("clock_rate", kClockRates, payload.clock_rate)),
      .channels = static_cast<std::uint32_t>(reader.integer("channels", kChannels, payload.channels)),
      .fmtp = reader.text("fmtp")};
  format.payload_type = static_cast<std::uint8_t>(
      reader.integer("payload_type", {0, 127}, format.is_transport_stream() ? 33 : kDynamicType));
  if (!known) return format;
  if (reader.has("clock_rate") && payload.clock_rate != 0 && format.clock_rate != payload.clock_rate)
    reader.complain("clock_rate", std::to_string(format.clock_rate),
                    std::to_string(payload.clock_rate) + ", which " + name + " always has");
  if (format.is_transport_stream() && format.clock_rate != 0 && format.clock_rate != kTransportStreamRate &&
      payload.clock_rate == 0)
    reader.complain("clock_rate", std::to_string(format.clock_rate), "90000, which MP2T always has (RFC 2250)");
  if (const auto fault = rate_fault_of(format);
      fault && payload.name.empty() && format.clock_rate != 0 && !format.is_transport_stream())
    reader.complain("payload", quoted(name) + ", " + *fault, "clock_rate and channels that go with it");
  if (format.clock_rate == 0)
    reader.complain("clock_rate", "nothing", "the ticks per second of the RTP timestamps; of audio its sampling rate");
  if (const auto fixed = fixed_otherwise(format); fixed && reader.has("payload_type"))
    reader.complain("payload_type", std::to_string(format.payload_type) + " for " + format.text(),
                    "another: to every receiver it means " + fixed->text() + " (RFC 3551 §6); 96 to 127 are free");
  if (reader.has("channels") && !payload.has_open_channels && format.channels != payload.channels)
    reader.complain("channels", std::to_string(format.channels), "none beside " + name);
  if (!is_printable(format.fmtp))
    reader.complain("fmtp", quoted(format.fmtp), "one line of printable ASCII, what stands behind a=fmtp:TYPE");
  if (payload.name == "aac" && !says_mode(format.fmtp))
    reader.complain("fmtp", reader.has("fmtp") ? quoted(format.fmtp) : "nothing",
                    "AAC's parameters, without which nobody can take it apart (RFC 3640 §4.1): "
                    "streamtype, profile-level-id, mode, config, sizeLength, indexLength, indexDeltaLength");
  return format;
}

}  // namespace fanlight::control
