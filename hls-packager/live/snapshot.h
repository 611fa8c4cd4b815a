// What there is of a stream to be watched, as of now: written once by the packaging thread, then only read, on any
// thread. A new part makes a new snapshot; what did not change is shared with the one before.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "cmaf/shared_bytes.h"
#include "cmaf/shared_list.h"
#include "live/document.h"
#include "live/late_document.h"
#include "playlist/media_playlist.h"

namespace fanlight::packager {

// Listed, or not any more: it is kept for as long as a player may still ask for it.
struct LiveSegment {
  std::uint64_t msn = 0;
  bool is_whole = false;
  std::vector<SharedBytes> parts{};  // From the first on; one behind the other they are the segment.
};

struct LiveInit {
  std::uint64_t init = 0;  // names.h
  SharedBytes bytes;
  std::vector<SharedBytes> of_further_keys{};  // The same, each naming another key than the first.
};

// What whoever asks is given.
struct ServedKeys {
  std::map<std::string, SharedBytes> by_id{};  // 32 hexadecimal digits.
  SharedBytes licence;                         // All of them, as ClearKey has them.
};

struct RenditionSnapshot {
  std::string folder{};  // Its URL's, beneath the stream's: "v0".
  bool is_video = false;
  std::uint32_t target_duration = 2;  // Seconds. This and part_target: for ever.
  Micros part_target;
  PlaylistEdge edge;                                          // Of what the playlist lists.
  std::uint64_t first_msn = 0;                                // Likewise.
  bool hints_at_next_segment = false;                         // The open one is expected to get no more parts.
  bool is_interrupted = false;                                // Nothing more will come, for now.
  bool has_ended = false;                                     // Nothing more will come.
  LateDocument playlist;                                      // Whole.
  Document delta;                                             // Empty where a delta would leave nothing out.
  SharedList<std::shared_ptr<const LiveSegment>> segments{};  // By msn, without holes; the last one may be open.
  std::vector<LiveInit> inits{};
};

struct StreamSnapshot {
  std::string name{};  // As in its URL; may have slashes.
  std::uint32_t target_duration = 2;
  Document multivariant;
  LateDocument mpd;                          // Empty: none.
  std::shared_ptr<const ServedKeys> keys{};  // Null: there are none, or they are not served.
  // In the order of the multivariant playlist; behind them those that it does not name any more. None, and no
  // documents: the stream is over, and nothing of it is left.
  std::vector<std::shared_ptr<const RenditionSnapshot>> renditions{};
  Instant came{};  // When the bytes came that made it.
};

}  // namespace fanlight::packager
