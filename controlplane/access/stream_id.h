// What a stream ID asks for. srt-wire §5
//
//   live/main                             request live/main
//   live/main?m=publish&u=ann&jwt=…       keys as a query; mode= and user= are the same
//   publish:live/main[:user[:password]]   publish it;  read:live/main[…] request it; a password that is a JWT is one
//   publish:live/main[:…]:u=ann&jwt=…     with a query behind the last colon
//   #!::r=live/main,m=publish,u=ann,jwt=… keys in any order; m defaults to request
//
// Lenient: one slash in front of a name, separators too many, empty values and unknown keys mean nothing. Values, names
// and users are percent-decoded once, after all is split; what comes out must be a name and a user all the same.
// Strict: a key of ours that comes twice, or with '=' in its value, a mode beside a prefix that says otherwise.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/stream_pattern.h"
#include "contract/commands.h"
#include "wire/reject.h"

namespace fanlight::control {

struct StreamRequest {
  Role role = Role::kViewer;
  std::string name;   // is_stream_name() holds.
  std::string user;   // UTF-8 without control characters; empty when absent.
  std::string token;  // jwt=, not verified; empty when absent.
};

// kBadRequest for syntax, kBadMode for a mode or type a relay does not serve.
[[nodiscard]] Result<StreamRequest, wire::Reject> parse_stream_id(std::string_view text);

}  // namespace fanlight::control
