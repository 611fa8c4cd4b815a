// What players are told of a presentation's keys, and given, where they are served.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "live/snapshot.h"
#include "playlist/mpd.h"
#include "protect/key_ring.h"

namespace fanlight::packager {

// `name`: the presentation's. Empty where there are no keys.
[[nodiscard]] std::optional<MpdProtection> protection_in_mpd(const KeyRing* keys, const std::string& name);
// Null where none are served.
[[nodiscard]] std::shared_ptr<const ServedKeys> served_keys(const KeyRing* keys);

}  // namespace fanlight::packager
