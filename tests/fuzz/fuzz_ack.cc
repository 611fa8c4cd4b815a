#include <array>

#include "base/check.h"
#include "wire/srt_ack.h"

using namespace fanlight;
using namespace fanlight::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto ack = parse_ack({reinterpret_cast<const std::byte*>(data), size});
  if (!ack) return 0;
  CHECK(!ack->rates || ack->rtt);
  std::array<std::byte, kHeaderBytes + 28> out;
  const std::size_t written = write_ack(out, *ack, 1, {}, {});
  CHECK(written != 0);
  CHECK(parse_ack(ByteSpan(out).first(written).subspan(kHeaderBytes)) == ack);
  return 0;
}
