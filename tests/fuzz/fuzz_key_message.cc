#include <algorithm>
#include <array>

#include "base/check.h"
#include "wire/srt_key_message.h"

using namespace fanlight;
using namespace fanlight::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan content(reinterpret_cast<const std::byte*>(data), size);
  const auto message = parse_key_message(content);
  if (!message) return 0;
  std::array<std::byte, kKeyMessageBytesMax> out;
  const std::size_t written = write_key_message(out, *message);
  CHECK(written == size);
  const auto again = parse_key_message(ByteSpan(out).first(written));
  CHECK(again);
  CHECK(again->keys == message->keys && again->cipher == message->cipher);
  CHECK(again->key_bytes == message->key_bytes && again->salt == message->salt);
  CHECK(std::ranges::equal(again->wrapped, message->wrapped));
  return 0;
}
