#include "codec/elementary_stream.h"

#include "codec/descriptors.h"

namespace fanlight::packager {

namespace {

constexpr std::uint32_t kAc3Registration = 0x4143'2D33;   // 'AC-3'
constexpr std::uint32_t kEac3Registration = 0x4541'4333;  // 'EAC3'
constexpr std::uint32_t kHevcRegistration = 0x4845'5643;  // 'HEVC'
constexpr std::uint8_t kAc3Descriptor = 0x6A;             // ETSI EN 300 468, annex D
constexpr std::uint8_t kEac3Descriptor = 0x7A;

// Stream type 6: private data in PES packets, named by descriptors.
std::optional<ElementaryStream> open_private(ByteSpan descriptors) {
  if (const auto layout = parse_opus_layout(descriptors)) return OpusSound(*layout);
  if (has_descriptor(descriptors, kAc3Descriptor) || has_descriptor(descriptors, kEac3Descriptor) ||
      has_registration(descriptors, kAc3Registration) || has_registration(descriptors, kEac3Registration))
    return Ac3Sound();
  if (has_registration(descriptors, kHevcRegistration)) return H265Pictures();
  return std::nullopt;
}

}  // namespace

std::optional<ElementaryStream> open_elementary_stream(std::uint8_t stream_type, ByteSpan descriptors) {
  switch (stream_type) {
    case 0x06:
      return open_private(descriptors);
    case 0x0F:
      return AdtsSound();
    case 0x11:
      return LatmSound();
    case 0x1B:
      return H264Pictures();
    case 0x24:
      return H265Pictures();
    case 0x81:  // ATSC A/52: a frame's own head says which of the two it is.
    case 0x87:
      return Ac3Sound();
    default:
      return std::nullopt;
  }
}

bool describe_alike(std::uint8_t stream_type, ByteSpan one, ByteSpan other) {
  const std::optional<ElementaryStream> its = open_elementary_stream(stream_type, one);
  const std::optional<ElementaryStream> others = open_elementary_stream(stream_type, other);
  return its && others && its->index() == others->index() && parse_opus_layout(one) == parse_opus_layout(other);
}

}  // namespace fanlight::packager
