// What a stream ID asks for. srt-wire §5
//
//   live/main                          request live/main; a query behind '?' is ignored
//   publish:live/main[:user[:pass]]    publish it;  read:live/main[...] request it
//   #!::r=live/main,m=publish,u=ann    keys in any order; m defaults to request, unknown keys are ignored
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "contract/commands.h"
#include "wire/reject.h"

namespace fanlight::control {

struct StreamRequest {
  Role role = Role::kViewer;
  std::string name;   // is_stream_name() holds.
  std::string user;   // UTF-8 without control characters; empty when absent.
  std::string token;  // jwt=, not verified; empty when absent.
};

// Segments of [A-Za-z0-9._-] between single slashes, at most kStreamNameBytesMax bytes, no ".." and no segment ".".
[[nodiscard]] bool is_stream_name(std::string_view text);
// A stream name's beginning with one '*' at the end: "live/*", "*".
[[nodiscard]] bool is_stream_pattern(std::string_view text);

// kBadRequest for syntax, kBadMode for a mode or type a relay does not serve.
[[nodiscard]] Result<StreamRequest, wire::Reject> parse_stream_id(std::string_view text);

}  // namespace fanlight::control
