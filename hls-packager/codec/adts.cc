#include "codec/adts.h"

#include <utility>

namespace fanlight::packager {

namespace {

constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kCrcBytes = 2;

std::size_t measure(ByteSpan bytes) noexcept {
  const std::optional<AdtsHeader> header = parse_adts_header(bytes);
  return header ? header->frame_bytes : 0;
}

bool says_the_same(const AdtsHeader& one, const AdtsHeader& other) noexcept {
  return one.object_type == other.object_type && one.rate_index == other.rate_index &&
         one.channel_configuration == other.channel_configuration;
}

}  // namespace

std::optional<AdtsHeader> parse_adts_header(ByteSpan bytes) noexcept {
  if (bytes.size() < kHeaderBytes) return std::nullopt;
  BitReader bits(bytes);
  AdtsHeader header;
  if (bits.bits(12) != 0xFFF) return std::nullopt;
  bits.skip(1);                                // MPEG-2 or MPEG-4
  if (bits.bits(2) != 0) return std::nullopt;  // layer
  if (!bits.flag()) header.header_bytes += kCrcBytes;
  header.object_type = static_cast<std::uint8_t>(bits.bits(2) + 1);
  header.rate_index = static_cast<std::uint8_t>(bits.bits(4));
  bits.skip(1);
  header.channel_configuration = static_cast<std::uint8_t>(bits.bits(3));
  bits.skip(4);
  header.frame_bytes = bits.bits(13);
  bits.skip(11);
  header.blocks = static_cast<std::uint8_t>(bits.bits(2) + 1);
  if (aac_rate(header.rate_index) == 0 || header.frame_bytes <= header.header_bytes) return std::nullopt;
  return header;
}

AdtsSound::AdtsSound() noexcept : scanner_(kHeaderBytes) {}

void AdtsSound::handle_pes(ByteSpan payload, std::optional<std::int64_t> pts_90k) {
  scanner_.handle_pes(payload, pts_90k);
}

void AdtsSound::handle_gap() {
  scanner_.handle_gap();
  counts_.garbage_bytes = scanner_.garbage_bytes();
  clock_.lose();
}

std::optional<SoundFrame> AdtsSound::poll_frame() {
  while (const auto frame = scanner_.poll_frame(measure))
    if (auto sound = read(*frame)) return sound;
  counts_.garbage_bytes = scanner_.garbage_bytes();
  return std::nullopt;
}

std::optional<SoundFrame> AdtsSound::read(const FrameScanner::Frame& frame) {
  const AdtsHeader header = *parse_adts_header(frame.bytes);
  SoundFrame sound{.bytes = frame.bytes.subspan(header.header_bytes), .samples = 1024U * header.blocks};
  const bool is_timed = clock_.stamp(sound, frame.pts, aac_rate(header.rate_index));
  // Where one block ends and the next begins only a decoder can tell.
  if (header.blocks > 1) {
    ++counts_.unsupported;
    return std::nullopt;
  }
  if (!adopt(header, sound.bytes)) {
    ++counts_.malformed;
    return std::nullopt;
  }
  if (!is_timed) {
    ++counts_.untimed;
    return std::nullopt;
  }
  sound.has_new_format = std::exchange(has_new_format_, false);
  ++counts_.frames;
  return sound;
}

bool AdtsSound::adopt(const AdtsHeader& header, ByteSpan block) {
  const bool is_known = known_ && says_the_same(*known_, header);
  if (is_known && header.channel_configuration != 0) return true;
  const auto config = make_aac_config(header.object_type, header.rate_index, header.channel_configuration, block);
  if (!config) return is_known;  // A program_config_element need not stand in each frame.
  known_ = header;
  TrackFormat format = config->format();
  if (format_ == format) return true;
  format_ = std::move(format);
  has_new_format_ = true;
  return true;
}

}  // namespace fanlight::packager
