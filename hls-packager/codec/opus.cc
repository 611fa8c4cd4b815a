#include "codec/opus.h"

#include <algorithm>
#include <utility>

#include "codec/bit_reader.h"
#include "codec/bit_writer.h"
#include "codec/descriptors.h"

namespace fanlight::packager {

namespace {

constexpr std::uint32_t kOpusRegistration = 0x4F70'7573;  // 'Opus'
constexpr std::uint8_t kExtensionTag = 0x7F;
constexpr std::byte kOpusExtension{0x80};
constexpr std::uint32_t kExplicitLayout = 0x81;
constexpr std::uint32_t kSamplesMax = 5760;  // 120 ms

// RFC 7845 §5.1.1.2 for one to eight channels, in Vorbis' order.
constexpr std::array<OpusLayout, 8> kLayouts{{{1, 0, 1, 0, {0}},
                                              {2, 0, 1, 1, {0, 1}},
                                              {3, 1, 2, 1, {0, 2, 1}},
                                              {4, 1, 2, 2, {0, 1, 2, 3}},
                                              {5, 1, 3, 2, {0, 4, 1, 2, 3}},
                                              {6, 1, 4, 2, {0, 4, 1, 2, 3, 5}},
                                              {7, 1, 4, 3, {0, 4, 1, 2, 3, 5, 6}},
                                              {8, 1, 5, 3, {0, 6, 1, 2, 3, 4, 5, 7}}}};
constexpr OpusLayout kDualMono{2, 255, 2, 0, {0, 1}};

unsigned bits_for(std::uint32_t values) noexcept {
  return values <= 1 ? 0 : static_cast<unsigned>(32 - __builtin_clz(values - 1));
}

// The layout in so many words, instead of one of the usual.
std::optional<OpusLayout> parse_explicit(BitReader& bits) noexcept {
  OpusLayout layout;
  layout.channels = bits.u8();
  layout.family = bits.u8();
  if (layout.channels == 0 || layout.channels > layout.mapping.size()) return std::nullopt;
  if (layout.family == 0) return layout.channels <= 2 ? std::optional(kLayouts[layout.channels - 1U]) : std::nullopt;
  layout.streams = static_cast<std::uint8_t>(bits.bits(bits_for(layout.channels)) + 1);
  layout.coupled = static_cast<std::uint8_t>(bits.bits(bits_for(layout.streams + 1U)));
  if (layout.coupled > layout.streams) return std::nullopt;
  const std::uint32_t decoded = std::uint32_t{layout.streams} + layout.coupled;
  layout.mapping = {};
  for (std::size_t i = 0; i < layout.channels; ++i) {
    layout.mapping[i] = static_cast<std::uint8_t>(bits.bits(bits_for(decoded + 1)));
    if (layout.mapping[i] >= decoded) return std::nullopt;
  }
  return bits.failed() ? std::nullopt : std::optional(layout);
}

struct ControlHeader {
  std::size_t bytes = 0;
  std::size_t packet_bytes = 0;
  std::uint16_t trim_start = 0;
  std::uint16_t trim_end = 0;
};

std::optional<ControlHeader> parse_control_header(ByteSpan from) noexcept {
  BitReader bits(from);
  ControlHeader header;
  if (bits.bits(11) != 0x3FF) return std::nullopt;
  const bool has_trim_start = bits.flag();
  const bool has_trim_end = bits.flag();
  const bool has_extension = bits.flag();
  bits.skip(2);
  std::uint32_t part = 255;
  while (part == 255 && !bits.failed()) {
    part = bits.bits(8);
    header.packet_bytes += part;
  }
  if (has_trim_start) header.trim_start = bits.u16() & 0x1FFF;
  if (has_trim_end) header.trim_end = bits.u16() & 0x1FFF;
  if (has_extension) bits.skip(std::size_t{8} * bits.bits(8));
  if (bits.failed()) return std::nullopt;
  header.bytes = bits.position() / 8;
  return header;
}

}  // namespace

std::optional<OpusLayout> parse_opus_layout(ByteSpan descriptors) noexcept {
  if (!has_registration(descriptors, kOpusRegistration)) return std::nullopt;
  DescriptorReader reader(descriptors);
  while (const auto descriptor = reader.next()) {
    if (descriptor->tag != kExtensionTag || descriptor->content.size() < 2) continue;
    if (descriptor->content[0] != kOpusExtension) continue;
    BitReader bits(descriptor->content.subspan(1));
    const std::uint32_t code = bits.bits(8);
    if (code == 0) return kDualMono;
    if (code <= kLayouts.size()) return kLayouts[code - 1];
    return code == kExplicitLayout ? parse_explicit(bits) : std::nullopt;
  }
  return std::nullopt;
}

std::uint32_t opus_samples(ByteSpan packet) noexcept {
  if (packet.empty()) return 0;
  const auto toc = std::to_integer<unsigned>(packet[0]);
  // RFC 6716 table 2: the configuration says the mode, and within it how long a frame is.
  constexpr std::array<std::uint32_t, 4> kSilk{480, 960, 1920, 2880};
  const unsigned config = toc >> 3;
  const std::uint32_t frame = config < 12   ? kSilk[config % 4]
                              : config < 16 ? 480U << (config % 2)
                                            : 120U << (config % 4);
  std::uint32_t frames = (toc & 3) == 0 ? 1 : 2;
  if ((toc & 3) == 3) {
    if (packet.size() < 2) return 0;
    frames = std::to_integer<unsigned>(packet[1]) & 0x3F;
  }
  return frame * frames <= kSamplesMax ? frame * frames : 0;
}

std::vector<std::byte> write_dops(const OpusLayout& layout, std::uint16_t pre_skip) {
  BitWriter record;
  record.bits(0, 8);  // Version
  record.bits(layout.channels, 8);
  record.bits(pre_skip, 16);
  record.bits(kOpusRate, 32);
  record.bits(0, 16);  // OutputGain
  record.bits(layout.family, 8);
  if (layout.family == 0) return record.take();
  record.bits(layout.streams, 8);
  record.bits(layout.coupled, 8);
  for (std::size_t i = 0; i < layout.channels; ++i) record.bits(layout.mapping[i], 8);
  return record.take();
}

void OpusSound::handle_pes(ByteSpan payload, std::optional<std::int64_t> pts_90k) {
  bytes_.assign(payload.begin(), payload.end());
  at_ = 0;
  pts_ = pts_90k;
}

void OpusSound::handle_gap() {
  bytes_.clear();
  at_ = 0;
  clock_.lose();
}

std::optional<SoundFrame> OpusSound::poll_frame() {
  while (at_ < bytes_.size()) {
    const ByteSpan rest = ByteSpan(bytes_).subspan(at_);
    const std::optional<ControlHeader> header = parse_control_header(rest);
    const bool is_whole = header && header->packet_bytes <= rest.size() - header->bytes;
    const ByteSpan packet = is_whole ? rest.subspan(header->bytes, header->packet_bytes) : ByteSpan{};
    SoundFrame sound{.bytes = packet, .samples = opus_samples(packet)};
    if (sound.samples == 0) {
      // Where the next packet begins would be a guess: the PES packet's rest goes.
      ++counts_.malformed;
      at_ = bytes_.size();
      clock_.lose();
      break;
    }
    at_ += header->bytes + header->packet_bytes;
    if (!clock_.stamp(sound, std::exchange(pts_, std::nullopt), kOpusRate)) {
      ++counts_.untimed;
      continue;
    }
    sound.trim_start = header->trim_start;
    sound.trim_end = header->trim_end;
    if (!format_) {
      format_ = {.codec = Codec::kOpus,
                 .name = "opus",
                 .record = write_dops(layout_, header->trim_start),
                 .media = SoundFormat{
                     .sample_rate = kOpusRate, .channels = layout_.channels, .samples_per_frame = sound.samples}};
      sound.has_new_format = true;
    }
    ++counts_.frames;
    return sound;
  }
  return std::nullopt;
}

}  // namespace fanlight::packager
