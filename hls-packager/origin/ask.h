// A request understood: what of which stream, and how. It may be kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "live/snapshot.h"
#include "origin/byte_range.h"
#include "origin/origin_counters.h"
#include "origin/playlist_query.h"

namespace fanlight::packager {

struct ServedStream;
struct ServedRendition;

struct Ask {
  RequestKind kind = RequestKind::kOther;
  ServedStream* stream = nullptr;
  ServedRendition* rendition = nullptr;  // Null for what is a stream's.
  std::string folder{};                  // Of a rendition that may come with its stream, short; empty: it is there.
  std::uint64_t number = 0;              // Of an init segment or segment.
  std::uint64_t part = 0;
  SharedBytes key{};  // What is asked for of a stream's keys; empty: it is not to be had.
  PlaylistQuery query{};
  bool is_head = false;
  bool accepts_gzip = false;
  std::optional<RangeWish> range{};
  Instant arrived{};
};

}  // namespace fanlight::packager
