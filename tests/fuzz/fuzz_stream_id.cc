// Stream IDs as strangers send them: whatever is taken is a safe name and a printable user.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "access/stream_id.h"
#include "base/check.h"
#include "contract/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanlight;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto request = control::parse_stream_id(text);
  if (!request) {
    CHECK(request.error() == wire::Reject::kBadRequest || request.error() == wire::Reject::kBadMode);
    return 0;
  }
  CHECK(!request->name.empty() && request->name.size() <= kStreamNameBytesMax);
  CHECK(control::is_stream_name(request->name));
  CHECK(request->name.find("..") == std::string::npos && request->name.find("//") == std::string::npos);
  CHECK(request->name.front() != '/' && request->name.back() != '/');
  const bool is_escaped = text.find('%') != std::string_view::npos;
  CHECK(is_escaped || text.find(request->name) != std::string_view::npos);
  CHECK(is_escaped || text.find(request->user) != std::string_view::npos);
  CHECK(is_escaped || text.find(request->token) != std::string_view::npos);
  for (const char c : request->user) CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  // A name that was taken is taken again, in either form, as the same name.
  const auto plain = control::parse_stream_id(request->name);
  const auto keyed = control::parse_stream_id("#!::m=publish,r=" + request->name);
  CHECK(plain && plain->name == request->name && plain->role == Role::kViewer);
  CHECK(keyed && keyed->name == request->name && keyed->role == Role::kPublisher);
  return 0;
}
