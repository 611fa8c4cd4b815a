#include "codec/latm.h"

#include <utility>

namespace fanlight::packager {

namespace {

constexpr std::size_t kHeaderBytes = 3;

std::size_t measure(ByteSpan bytes) noexcept {
  if (bytes.size() < kHeaderBytes) return 0;
  BitReader bits(bytes);
  if (bits.bits(11) != 0x2B7) return 0;
  const std::size_t length = bits.bits(13);
  return length == 0 ? 0 : kHeaderBytes + length;
}

// LatmGetValue, §1.7.3.1: one to four bytes.
std::uint32_t parse_value(BitReader& bits) noexcept {
  const unsigned bytes = bits.bits(2) + 1;
  return bits.bits(8 * bytes);
}

void skip_other_data(BitReader& bits, bool is_version_1) noexcept {
  if (is_version_1) {
    (void)parse_value(bits);
    return;
  }
  bool goes_on = true;
  while (goes_on && !bits.failed()) {
    goes_on = bits.flag();
    bits.skip(8);
  }
}

std::optional<AacConfig> parse_audio(BitReader& bits, bool is_version_1) {
  if (!is_version_1) return parse_aac_config(bits, std::nullopt);
  const std::size_t length = parse_value(bits);
  const std::size_t start = bits.position();
  auto aac = parse_aac_config(bits, length);
  if (!aac || bits.position() - start > length) return std::nullopt;
  bits.skip(length - (bits.position() - start));
  return aac;
}

}  // namespace

std::optional<LatmConfig> parse_latm_config(BitReader& bits) {
  const bool is_version_1 = bits.flag();
  if (is_version_1 && bits.flag()) return std::nullopt;  // audioMuxVersionA: reserved
  if (is_version_1) (void)parse_value(bits);             // taraBufferFullness
  const bool has_one_timing = bits.flag();
  const std::uint32_t frames = bits.bits(6) + 1;
  const std::uint32_t programs = bits.bits(4) + 1;
  const std::uint32_t layers = bits.bits(3) + 1;
  if (!has_one_timing || programs != 1 || layers != 1) return std::nullopt;
  auto aac = parse_audio(bits, is_version_1);
  if (!aac) return std::nullopt;
  if (bits.bits(3) != 0) return std::nullopt;  // frameLengthType: not of variable length
  bits.skip(8);                                // latmBufferFullness
  if (bits.flag()) skip_other_data(bits, is_version_1);
  if (bits.flag()) bits.skip(8);  // crcCheckSum
  if (bits.failed()) return std::nullopt;
  return LatmConfig{std::move(*aac), frames};
}

LatmSound::LatmSound() noexcept : scanner_(kHeaderBytes) {}

void LatmSound::handle_pes(ByteSpan payload, std::optional<std::int64_t> pts_90k) {
  scanner_.handle_pes(payload, pts_90k);
}

void LatmSound::handle_gap() {
  scanner_.handle_gap();
  counts_.garbage_bytes = scanner_.garbage_bytes();
  clock_.lose();
  ends_.clear();
  polled_ = 0;
}

std::optional<SoundFrame> LatmSound::poll_frame() {
  while (true) {
    while (polled_ < ends_.size())
      if (auto sound = next_frame()) return sound;
    const auto element = scanner_.poll_frame(measure);
    counts_.garbage_bytes = scanner_.garbage_bytes();
    if (!element) return std::nullopt;
    read(*element);
  }
}

void LatmSound::read(const FrameScanner::Frame& element) {
  bytes_.clear();
  ends_.clear();
  polled_ = 0;
  pts_ = element.pts;
  BitReader bits(element.bytes.subspan(kHeaderBytes));
  const Reading reading = read_element(bits);
  if (reading == Reading::kRead) return;
  ends_.clear();
  clock_.lose();  // How many frames there would have been is not known.
  counts_.malformed += reading == Reading::kMalformed ? 1 : 0;
  counts_.unsupported += reading == Reading::kUnsupported ? 1 : 0;
}

auto LatmSound::read_element(BitReader& bits) -> Reading {
  const bool uses_same = bits.flag();
  if (!uses_same) {
    config_ = parse_latm_config(bits);
    if (!config_) return bits.failed() ? Reading::kMalformed : Reading::kUnsupported;
  }
  if (!config_) return Reading::kUnconfigured;
  for (std::uint32_t i = 0; i < config_->frames; ++i)
    if (!read_payload(bits)) return Reading::kMalformed;
  TrackFormat format = config_->aac.format();
  if (format_ != format) {
    format_ = std::move(format);
    has_new_format_ = true;
  }
  return Reading::kRead;
}

// PayloadLengthInfo and PayloadMux, §1.7.3.2: one after the other for each frame.
bool LatmSound::read_payload(BitReader& bits) {
  std::size_t length = 0;
  std::uint32_t part = 255;
  while (part == 255 && !bits.failed()) {
    part = bits.bits(8);
    length += part;
  }
  if (bits.failed() || length * 8 > bits.left()) return false;
  for (std::size_t i = 0; i < length; ++i) bytes_.push_back(std::byte{bits.u8()});
  ends_.push_back(bytes_.size());
  return length != 0;
}

std::optional<SoundFrame> LatmSound::next_frame() {
  const std::size_t start = polled_ == 0 ? 0 : ends_[polled_ - 1];
  SoundFrame sound{.bytes = ByteSpan(bytes_).subspan(start, ends_[polled_] - start),
                   .samples = config_->aac.sound.samples_per_frame};
  ++polled_;
  if (!clock_.stamp(sound, std::exchange(pts_, std::nullopt), config_->aac.sound.sample_rate)) {
    ++counts_.untimed;
    return std::nullopt;
  }
  sound.has_new_format = std::exchange(has_new_format_, false);
  ++counts_.frames;
  return sound;
}

}  // namespace fanlight::packager
