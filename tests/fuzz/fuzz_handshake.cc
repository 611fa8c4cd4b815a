// The content of a HANDSHAKE packet: 48 bytes and extension blocks.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "wire/srt_handshake.h"

using namespace fanlight;
using namespace fanlight::wire;

namespace {

// An empty text or a key message cut short has no block of its own and does not come back.
HandshakePacket packet_of(const Handshake& handshake, const HandshakeExtensions& extensions) {
  HandshakePacket packet{.handshake = handshake,
                         .capabilities = extensions.capabilities,
                         .is_response = extensions.is_response,
                         .key_message = extensions.key_message};
  if (extensions.stream_id) packet.stream_id = *extensions.stream_id;
  if (extensions.congestion) packet.congestion = *extensions.congestion;
  if (extensions.filter) packet.filter = *extensions.filter;
  return packet;
}

bool is_same_text(const std::optional<std::string>& a, const std::optional<std::string>& b) {
  return a.value_or("") == b.value_or("");
}

void check_extensions(const HandshakeExtensions& read, const HandshakeExtensions& again) {
  CHECK(again.capabilities == read.capabilities);
  CHECK(again.is_response == read.is_response);
  CHECK(std::ranges::equal(again.key_message, read.key_message));
  CHECK(is_same_text(again.stream_id, read.stream_id));
  CHECK(is_same_text(again.congestion, read.congestion));
  CHECK(is_same_text(again.filter, read.filter));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan content(reinterpret_cast<const std::byte*>(data), size);
  const auto handshake = parse_handshake(content);
  CHECK(handshake.has_value() == (size >= kHandshakeBytes));
  if (!handshake) return 0;
  static_cast<void>(is_valid(*handshake));
  const auto extensions = parse_handshake_extensions(content.subspan(kHandshakeBytes));
  if (!extensions) return 0;

  std::vector<std::byte> out(kHeaderBytes + size);
  const std::size_t written = write_handshake_packet(out, packet_of(*handshake, *extensions), {}, {});
  CHECK(written != 0);
  const ByteSpan rewritten = ByteSpan(out).first(written).subspan(kHeaderBytes);
  CHECK(parse_handshake(rewritten) == handshake);
  const auto again = parse_handshake_extensions(rewritten.subspan(kHandshakeBytes));
  CHECK(again);
  check_extensions(*extensions, *again);
  return 0;
}
