#include "codec/aac_config.h"

#include <array>

namespace fanlight::packager {

namespace {

constexpr std::uint32_t kSbr = 5;
constexpr std::uint32_t kPs = 29;
constexpr std::uint32_t kProgramConfigElement = 5;  // id_syn_ele, table 4.85
constexpr std::uint32_t kRateFollows = 15;

constexpr std::array<std::uint32_t, 13> kRates{96'000, 88'200, 64'000, 48'000, 44'100, 32'000, 24'000,
                                               22'050, 16'000, 12'000, 11'025, 8'000,  7'350};
// Table 1.19; 0: reserved, or a program_config_element says it.
constexpr std::array<std::uint8_t, 16> kChannels{0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0};

// Reads what it writes: the record is what was read.
class BitCopier {
 public:
  BitCopier(BitReader& in, BitWriter& out) : in_(in), out_(out) {}
  std::uint32_t bits(unsigned count) {
    const std::uint32_t value = in_.bits(count);
    if (!in_.failed()) out_.bits(value, count);
    return value;
  }
  bool flag() { return bits(1) != 0; }
  BitReader& in() { return in_; }
  BitWriter& out() { return out_; }

 private:
  BitReader& in_;
  BitWriter& out_;
};

std::uint32_t copy_object_type(BitCopier& bits) {
  const std::uint32_t type = bits.bits(5);
  return type == 31 ? 32 + bits.bits(6) : type;
}

std::uint32_t copy_rate(BitCopier& bits) {
  const std::uint32_t index = bits.bits(4);
  return index == kRateFollows ? bits.bits(24) : aac_rate(index);
}

// §4.4.1.1. Answers the channels. Its comment begins at a whole byte, counted from `origin` when read and from the
// beginning of the record when written.
std::uint32_t copy_program_config(BitCopier& bits, std::size_t origin) {
  bits.bits(4 + 2 + 4);                 // element_instance_tag, object_type, sampling_frequency_index
  std::array<std::uint32_t, 3> groups;  // Front, side, back.
  for (std::uint32_t& count : groups) count = bits.bits(4);
  const std::uint32_t low = bits.bits(2);
  const std::uint32_t data = bits.bits(3);
  const std::uint32_t coupling = bits.bits(4);
  if (bits.flag()) bits.bits(4);
  if (bits.flag()) bits.bits(4);
  if (bits.flag()) bits.bits(3);
  std::uint32_t channels = low;
  for (const std::uint32_t count : groups) {
    for (std::uint32_t i = 0; i < count; ++i) {
      channels += bits.flag() ? 2 : 1;
      bits.bits(4);
    }
  }
  for (std::uint32_t i = 0; i < low + data; ++i) bits.bits(4);
  for (std::uint32_t i = 0; i < coupling; ++i) bits.bits(5);
  bits.in().skip((8 - (bits.in().position() - origin) % 8) % 8);
  bits.out().align();
  const std::uint32_t comment = bits.bits(8);
  for (std::uint32_t i = 0; i < comment; ++i) bits.bits(8);
  return channels;
}

// GASpecificConfig, §4.4.1, of the object types 1 to 4.
void copy_general_config(BitCopier& bits, std::size_t origin, std::uint32_t channel_configuration, AacConfig& config) {
  config.sound.samples_per_frame = bits.flag() ? 960 : 1024;
  if (bits.flag()) bits.bits(14);  // coreCoderDelay
  const bool is_extended = bits.flag();
  const std::uint32_t channels =
      channel_configuration == 0 ? copy_program_config(bits, origin) : kChannels[channel_configuration];
  if (is_extended) bits.bits(1);  // extensionFlag3
  config.sound.channels = static_cast<std::uint16_t>(channels);
}

// §1.6.6.1: an SBR that old players may pass over stands behind.
void copy_extension(BitCopier& bits, std::size_t end, AacConfig& config) {
  if (config.has_sbr || bits.in().position() + 16 > end) return;
  BitReader ahead = bits.in();
  if (ahead.bits(11) != 0x2B7 || ahead.bits(5) != kSbr) return;
  bits.bits(16);
  config.has_sbr = bits.flag();
  if (!config.has_sbr) return;
  config.sound.sample_rate = copy_rate(bits);
  ahead = bits.in();
  if (bits.in().position() + 12 > end || ahead.bits(11) != 0x548) return;
  bits.bits(11);
  config.has_ps = bits.flag();
}

void count_tools(AacConfig& config) {
  if (config.has_sbr) config.sound.samples_per_frame *= 2;
  if (config.has_ps && config.sound.channels == 1) config.sound.channels = 2;
}

bool is_usable(const AacConfig& config) {
  const SoundFormat& sound = config.sound;
  return config.object_type >= 1 && config.object_type <= 4 && config.core_rate != 0 && sound.channels != 0 &&
         sound.sample_rate >= config.core_rate && sound.sample_rate <= 2 * config.core_rate &&
         sound.sample_rate <= 192'000;
}

}  // namespace

std::uint32_t aac_rate(std::uint32_t index) noexcept { return index < kRates.size() ? kRates[index] : 0; }

TrackFormat AacConfig::format() const {
  const unsigned type = has_ps ? kPs : has_sbr ? kSbr : object_type;
  return {.codec = Codec::kAac, .name = "mp4a.40." + std::to_string(type), .record = record, .media = sound};
}

std::optional<AacConfig> parse_aac_config(BitReader& in, std::optional<std::size_t> length) {
  const std::size_t origin = in.position();
  BitWriter out;
  BitCopier bits(in, out);
  AacConfig config;
  std::uint32_t type = copy_object_type(bits);
  config.core_rate = copy_rate(bits);
  config.sound.sample_rate = config.core_rate;
  const std::uint32_t channel_configuration = bits.bits(4);
  if (type == kSbr || type == kPs) {
    config.has_sbr = true;
    config.has_ps = type == kPs;
    config.sound.sample_rate = copy_rate(bits);
    type = copy_object_type(bits);
  }
  if (type < 1 || type > 4) return std::nullopt;
  config.object_type = static_cast<std::uint8_t>(type);
  copy_general_config(bits, origin, channel_configuration, config);
  if (length) copy_extension(bits, origin + *length, config);
  if (in.failed()) return std::nullopt;
  count_tools(config);
  config.record = out.take();
  if (!is_usable(config)) return std::nullopt;
  return config;
}

std::optional<AacConfig> make_aac_config(std::uint8_t object_type, std::uint8_t rate_index,
                                         std::uint8_t channel_configuration, ByteSpan block) {
  BitReader in(block);
  BitWriter out;
  AacConfig config;
  config.object_type = object_type;
  config.core_rate = aac_rate(rate_index);
  config.sound = {.sample_rate = config.core_rate, .channels = 0, .samples_per_frame = 1024};
  out.bits(object_type, 5);
  out.bits(rate_index, 4);
  out.bits(channel_configuration, 4);
  out.bits(0, 3);  // 1,024 samples, no core coder, no extension.
  if (channel_configuration != 0) {
    config.sound.channels = kChannels[channel_configuration % kChannels.size()];
  } else {
    if (in.bits(3) != kProgramConfigElement) return std::nullopt;
    BitCopier bits(in, out);
    config.sound.channels = static_cast<std::uint16_t>(copy_program_config(bits, 0));
  }
  if (in.failed()) return std::nullopt;
  config.record = out.take();
  if (!is_usable(config)) return std::nullopt;
  return config;
}

}  // namespace fanlight::packager
