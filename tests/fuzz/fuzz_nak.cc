// A loss report; its first 8 bytes are also tried as a drop request.
#include <array>

#include "base/check.h"
#include "wire/srt_nak.h"

using namespace fanlight;
using namespace fanlight::wire;

namespace {

// Everything up to the writer's limit comes back range by range.
void check_report(ByteSpan content) {
  std::array<std::byte, kHeaderBytes + 4 * kLossReportWordsMax> out;
  LossReportWriter writer(out, {}, {});
  LossReportReader reader(content);
  std::size_t fitting = 0;
  bool has_room = true;
  std::size_t count = 0;
  for (; const auto range = reader.next(); ++count) {
    if (has_room) has_room = writer.add(*range);
    if (has_room) ++fitting;
  }
  CHECK(is_well_formed_loss_report(content) == (count > 0 && !reader.is_malformed()));
  CHECK((writer.written() == 0) == (fitting == 0));
  if (fitting == 0) return;

  const ByteSpan written = ByteSpan(out).first(writer.written()).subspan(kHeaderBytes);
  CHECK(is_well_formed_loss_report(written));
  LossReportReader original(content);
  LossReportReader copy(written);
  for (; fitting > 0; --fitting) CHECK(original.next() == copy.next());
  CHECK(!copy.next());
}

void check_drop_request(ByteSpan content) {
  const auto request = parse_drop_request({.type = ControlType::kDropRequest, .info = 7}, content);
  if (!request) return;
  std::array<std::byte, kHeaderBytes + 8> out;
  CHECK(write_drop_request(out, *request, {}, {}) == out.size());
  CHECK(parse_drop_request(*parse_control_header(out), ByteSpan(out).subspan(kHeaderBytes)) == request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan content(reinterpret_cast<const std::byte*>(data), size);
  check_report(content);
  check_drop_request(content);
  return 0;
}
