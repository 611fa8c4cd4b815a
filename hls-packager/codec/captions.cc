#include "codec/captions.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "codec/bit_reader.h"
#include "codec/descriptors.h"
#include "codec/nal_units.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kSeiBytesMax = 4096;
constexpr std::uint32_t kUserDataT35 = 4;
constexpr std::uint8_t kServices = 0x86;

// H.264 §7.3.2.3.1: bytes of 0xFF add up.
std::uint32_t read_sum(BitReader& bits) {
  std::uint32_t sum = 0;
  for (;;) {
    const std::uint32_t byte = bits.bits(8);
    sum += byte;
    if (byte != 0xFF) return sum;
  }
}

std::string language_at(BitReader& bits) {
  std::string language;
  for (int i = 0; i < 3; ++i) language += static_cast<char>(std::tolower(static_cast<int>(bits.bits(8))));
  const bool is_one = std::ranges::all_of(language, [](char c) { return c >= 'a' && c <= 'z'; });
  return is_one ? language : std::string{};
}

void read_services(ByteSpan content, std::vector<CaptionService>& services) {
  BitReader bits(content);
  bits.skip(3);
  for (std::uint32_t left = bits.bits(5); left > 0; --left) {
    CaptionService one{.channel = {}, .language = language_at(bits)};
    one.channel.is_708 = bits.flag();
    bits.skip(1);
    const std::uint32_t number = bits.bits(6);
    bits.skip(16);
    if (bits.failed()) return;
    one.channel.number = static_cast<std::uint8_t>(one.channel.is_708 ? number : (number & 1) != 0 ? 3 : 1);
    const bool is_known = std::ranges::find(services, one.channel, &CaptionService::channel) != services.end();
    if (one.channel.number != 0 && !is_known) services.push_back(one);
  }
}

}  // namespace

std::vector<CaptionService> parse_caption_services(ByteSpan descriptors) {
  std::vector<CaptionService> services;
  DescriptorReader reader(descriptors);
  while (const std::optional<Descriptor> one = reader.next())
    if (one->tag == kServices) read_services(one->content, services);
  return services;
}

void add_captions(std::vector<CaptionService>& services, const std::vector<CaptionService>& more) {
  for (const CaptionService& one : more)
    if (std::ranges::find(services, one.channel, &CaptionService::channel) == services.end()) services.push_back(one);
  std::ranges::sort(services, {}, &CaptionService::channel);
}

void CaptionWatch::handle(ByteSpan sample) {
  constexpr std::size_t kLengthBytes = 4;
  while (sample.size() > kLengthBytes) {
    const std::size_t length = load_be32(sample.data());
    if (length > sample.size() - kLengthBytes) return;
    const ByteSpan unit = sample.subspan(kLengthBytes, length);
    sample = sample.subspan(kLengthBytes + length);
    if (unit.size() < 2) continue;
    const unsigned header = std::to_integer<unsigned>(unit[0]);
    if (units_ == Units::kH264 && (header & 0x1F) == 6) take_sei(unit.subspan(1));
    if (units_ == Units::kH265 && (header >> 1 & 0x3F) == 39) take_sei(unit.subspan(2));
  }
}

void CaptionWatch::take_sei(ByteSpan unit) {
  const std::vector<std::byte> plain = unescape(unit, kSeiBytesMax);
  BitReader bits(plain);
  while (bits.left() > 8) {
    const std::uint32_t type = read_sum(bits), size = read_sum(bits);
    const std::size_t at = bits.position() / 8;
    bits.skip(std::size_t{size} * 8);
    if (bits.failed()) return;
    if (type == kUserDataT35) take_message(ByteSpan(plain).subspan(at, size));
  }
}

void CaptionWatch::take_message(ByteSpan payload) {
  constexpr std::uint32_t kUnitedStates = 0xB5, kAtsc = 0x0031, kGa94 = 0x4741'3934, kCcData = 3;
  BitReader bits(payload);
  if (bits.bits(8) != kUnitedStates || bits.bits(16) != kAtsc || bits.bits(32) != kGa94 || bits.bits(8) != kCcData)
    return;
  bits.skip(1);
  const bool has_pairs = bits.flag();
  bits.skip(1);
  const std::uint32_t count = has_pairs ? bits.bits(5) : 0;
  bits.skip(8);
  for (std::uint32_t i = 0; i < count; ++i) {
    bits.skip(5);
    const bool is_valid = bits.flag();
    const std::uint32_t type = bits.bits(2), first = bits.bits(8), second = bits.bits(8);
    if (bits.failed()) return;
    if (is_valid) take_pair(type, first, second);
  }
}

void CaptionWatch::take_pair(unsigned type, unsigned first, unsigned second) {
  type < 2 ? take_608(type, first & 0x7F, second & 0x7F) : take_708(type, first, second);
}

// CTA-608 §8.4: a way of showing captions is chosen before any are sent. Text and XDS choose others.
void CaptionWatch::take_608(unsigned field, unsigned first, unsigned second) {
  constexpr std::array kBegins{0x20u, 0x25u, 0x26u, 0x27u, 0x29u};  // Pop-on, roll-up of 2, 3, 4 rows, paint-on.
  if ((first & 0x76) != 0x14 || std::ranges::find(kBegins, second) == kBegins.end()) return;
  const bool is_second = (first & 0x08) != 0;
  note({false, static_cast<std::uint8_t>(1 + 2 * field + (is_second ? 1 : 0))});
}

// CTA-708 §5, §6.2.1: the pair that begins a packet has its head, and that of the first service block within. Pairs
// come as pictures are decoded, so others may be out of order.
void CaptionWatch::take_708(unsigned type, unsigned first, unsigned second) {
  constexpr unsigned kStart = 3, kExtended = 7;
  if (type != kStart) {
    if (std::exchange(wants_number_, false) && (first & 0x3F) != 0)
      note({true, static_cast<std::uint8_t>(first & 0x3F)});
    return;
  }
  const unsigned number = second >> 5, bytes = second & 0x1F;
  wants_number_ = number == kExtended && bytes != 0;
  if (number != 0 && bytes != 0 && !wants_number_) note({true, static_cast<std::uint8_t>(number)});
}

void CaptionWatch::note(CaptionChannel channel) {
  const auto at = std::ranges::lower_bound(channels_, channel);
  if (at == channels_.end() || *at != channel) channels_.insert(at, channel);
}

}  // namespace fanlight::packager
