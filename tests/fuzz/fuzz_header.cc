// Both header kinds and everything that is judged from the header alone.
#include <array>

#include "base/check.h"
#include "wire/srt_header.h"

using namespace fanlight;
using namespace fanlight::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan datagram(reinterpret_cast<const std::byte*>(data), size);
  const auto media = parse_data_header(datagram);
  const auto control = parse_control_header(datagram);
  CHECK(is_control(datagram) == control.has_value());
  CHECK(peek_destination(datagram).has_value() == (media || control));
  CHECK(!(media && control));

  std::array<std::byte, kHeaderBytes> again;
  if (media) write_data_header(again, *media);
  if (control) write_control_header(again, *control);
  // No bit of a header is without a field, so the bytes come back as they were.
  if (media || control) CHECK(std::memcmp(again.data(), data, kHeaderBytes) == 0);
  return 0;
}
