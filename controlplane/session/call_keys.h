// Keys for a call of our own: a fresh key and salt for each, wrapped under the passphrase. srt-wire §2.6, §4.1–4.3
//
// A session that reconnects begins with another sequence number, so that a key used twice would repeat its key stream.
#pragma once

#include "config/secret.h"
#include "contract/commands.h"
#include "session/session_kek.h"

namespace fanlight::control {

// Fills in the kit's key message and ciphers, and what further keys are made with; takes as long as PBKDF2. An empty
// passphrase leaves it clear. False when the system has no random bytes or the library fails.
[[nodiscard]] bool make_call_keys(const Secret& passphrase, std::size_t key_bytes, CallKit& kit, SessionKek& session);

}  // namespace fanlight::control
