#include "codec/ac3.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/bit_writer.h"

namespace fanlight::packager {

namespace {

constexpr std::uint32_t kSampleBlocks = 6;
constexpr std::uint32_t kBlockSamples = 256;
constexpr std::uint32_t kDependentMax = 8;  // §E.1.3.1.2: substreams 0 to 7.
constexpr std::uint32_t kDataRateMax = 0x1FFF;

std::size_t measure(ByteSpan bytes) noexcept {
  const std::optional<Ac3Header> head = parse_ac3_header(bytes);
  return head ? head->frame_bytes : 0;
}

// Table F.6.1: which bits of chan_loc, the lowest first, stand for which bits of a channel map.
std::uint32_t channel_locations(std::uint16_t channel_map) noexcept {
  constexpr std::array<std::uint16_t, 9> kLocations{0x0400, 0x0200, 0x0100, 0x0080, 0x0040,
                                                    0x0020, 0x0010, 0x0008, 0x0002};
  std::uint32_t locations = 0;
  for (std::size_t i = 0; i < kLocations.size(); ++i)
    if ((channel_map & kLocations[i]) != 0) locations |= 1U << i;
  return locations;
}

// What a player has to know; the bit rate of a frame is no change of format.
bool sounds_the_same(const Ac3Program& one, const Ac3Program& other) noexcept {
  const Ac3Header& a = one.head;
  const Ac3Header& b = other.head;
  return a.is_enhanced == b.is_enhanced && a.sample_rate == b.sample_rate && a.bsid == b.bsid && a.bsmod == b.bsmod &&
         a.acmod == b.acmod && a.has_lfe == b.has_lfe && one.dependent == other.dependent &&
         one.extra_map == other.extra_map;
}

bool goes_on(const Ac3Header& first, const Ac3Header& next) noexcept {
  return first.is_enhanced == next.is_enhanced && first.sample_rate == next.sample_rate && first.blocks == next.blocks;
}

}  // namespace

std::vector<std::byte> write_dac3(const Ac3Header& head) {
  BitWriter record;
  record.bits(head.rate_code, 2);
  record.bits(head.bsid, 5);
  record.bits(head.bsmod, 3);
  record.bits(head.acmod, 3);
  record.flag(head.has_lfe);
  record.bits(head.bit_rate_code, 5);
  record.bits(0, 5);
  return record.take();
}

std::vector<std::byte> write_dec3(const Ac3Program& program) {
  BitWriter record;
  record.bits(std::min(program.kbps, kDataRateMax), 13);
  record.bits(0, 3);  // One independent substream.
  record.bits(program.head.rate_code, 2);
  record.bits(program.head.bsid, 5);
  record.bits(0, 1);
  record.bits(0, 1);  // asvc: not an associated service
  record.bits(program.head.bsmod, 3);
  record.bits(program.head.acmod, 3);
  record.flag(program.head.has_lfe);
  record.bits(0, 3);
  record.bits(program.dependent, 4);
  if (program.dependent > 0) {
    record.bits(channel_locations(program.extra_map), 9);
  } else {
    record.bits(0, 1);
  }
  return record.take();
}

Ac3Sound::Ac3Sound() noexcept : scanner_(kAc3HeadBytes) {}

void Ac3Sound::handle_pes(ByteSpan payload, std::optional<std::int64_t> pts_90k) {
  scanner_.handle_pes(payload, pts_90k);
}

void Ac3Sound::handle_gap() {
  scanner_.handle_gap();
  counts_.garbage_bytes = scanner_.garbage_bytes();
  clock_.lose();
  gathering_ = {};
}

std::optional<SoundFrame> Ac3Sound::poll_frame() {
  if (is_complete())
    if (auto sound = finish()) return sound;
  while (const auto syncframe = scanner_.poll_frame(measure)) {
    if (auto sound = take(*syncframe)) return sound;
    if (is_complete())
      if (auto sound = finish()) return sound;
  }
  counts_.garbage_bytes = scanner_.garbage_bytes();
  return std::nullopt;
}

// Answers the sample that `syncframe` has ended by beginning the next.
std::optional<SoundFrame> Ac3Sound::take(const FrameScanner::Frame& syncframe) {
  const Ac3Header head = *parse_ac3_header(syncframe.bytes);
  if (head.is_dependent) {
    if (is_first_program_) take_dependent(head, syncframe);
    return std::nullopt;
  }
  is_first_program_ = head.substream == 0;
  if (!is_first_program_) return std::nullopt;
  std::optional<SoundFrame> ended;
  if (gathering_.blocks >= kSampleBlocks) {
    syncframes_known_ = gathering_.independent + gathering_.dependent;
    ended = finish();
  } else if (gathering_.blocks > 0 && !goes_on(gathering_.program.head, head)) {
    drop_gathering();
  }
  append(head, syncframe);
  return ended;
}

void Ac3Sound::take_dependent(const Ac3Header& head, const FrameScanner::Frame& syncframe) {
  if (gathering_.independent == 0) {
    // Its sample has gone out without it: samples hold more syncframes than they did.
    syncframes_known_ = 0;
    ++counts_.malformed;
    return;
  }
  if (gathering_.dependent >= kDependentMax * gathering_.independent) return;
  append(head, syncframe);
}

void Ac3Sound::append(const Ac3Header& head, const FrameScanner::Frame& syncframe) {
  Ac3Program& program = gathering_.program;
  if (gathering_.independent == 0) program.head = head;
  if (syncframe.pts && !gathering_.pts)
    gathering_.pts = *syncframe.pts - gathering_.blocks * kBlockSamples * std::int64_t{90'000} / head.sample_rate;
  if (head.is_dependent) {
    ++gathering_.dependent;
    program.extra_map |= head.channel_map != 0 ? head.channel_map : ac3_channel_map(head.acmod, head.has_lfe);
  } else {
    ++gathering_.independent;
    gathering_.blocks += head.blocks;
  }
  gathering_.bytes.insert(gathering_.bytes.end(), syncframe.bytes.begin(), syncframe.bytes.end());
}

void Ac3Sound::drop_gathering() {
  ++counts_.malformed;
  clock_.lose();
  gathering_ = {};
}

bool Ac3Sound::is_complete() const noexcept {
  if (gathering_.blocks < kSampleBlocks) return false;
  if (!gathering_.program.head.is_enhanced) return true;
  return syncframes_known_ != 0 && gathering_.independent + gathering_.dependent >= syncframes_known_;
}

// Empty when the sample has no time.
std::optional<SoundFrame> Ac3Sound::finish() {
  Gathering done = std::exchange(gathering_, {});
  sample_ = std::move(done.bytes);
  SoundFrame sound{.bytes = sample_, .samples = done.blocks * kBlockSamples};
  Ac3Program& program = done.program;
  const std::uint64_t bits_a_second = std::uint64_t{sample_.size()} * 8 * program.head.sample_rate / sound.samples;
  program.kbps = static_cast<std::uint32_t>((bits_a_second + 500) / 1000);
  program.dependent = static_cast<std::uint8_t>(done.dependent / done.independent);
  adopt(program);
  if (!clock_.stamp(sound, done.pts, program.head.sample_rate)) {
    ++counts_.untimed;
    return std::nullopt;
  }
  sound.has_new_format = std::exchange(has_new_format_, false);
  ++counts_.frames;
  return sound;
}

void Ac3Sound::adopt(const Ac3Program& program) {
  if (program_ && sounds_the_same(*program_, program)) return;
  program_ = program;
  const auto channels = ac3_channels(
      static_cast<std::uint16_t>(ac3_channel_map(program.head.acmod, program.head.has_lfe) | program.extra_map));
  const bool is_enhanced = program.head.is_enhanced;
  format_ = {.codec = is_enhanced ? Codec::kEac3 : Codec::kAc3,
             .name = is_enhanced ? "ec-3" : "ac-3",
             .record = is_enhanced ? write_dec3(program) : write_dac3(program.head),
             .media = SoundFormat{.sample_rate = program.head.sample_rate,
                                  .channels = channels,
                                  .samples_per_frame = kSampleBlocks * kBlockSamples}};
  has_new_format_ = true;
}

}  // namespace fanlight::packager
