// How viewers start (design D11): with PAT, PMT and the newest picture, never faster than eight times the stream, live
// as soon as that pace allows; or with the next packet, where nobody knows of a picture or the stream wants it so.
#pragma once

#include <map>

#include "books.h"
#include "feed.h"
#include "watch.h"
#include "wire/srt_header.h"
#include "world_spec.h"

namespace fanlight::sim {

class Joins {
 public:
  explicit Joins(const WorldSpec& spec) : spec_(spec) {}

  // A data packet leaves the relay.
  void note_sent(Books& books, Instant now, const wire::DataHeader& header);
  // Something of a viewer's, either way.
  void note_lost(SocketId viewer);
  // It reaches the relay with a word of its session.
  void note_heard(Instant now, SocketId viewer);
  void balance(Books& books, const RelayHost& relay) const;
  // One viewing session of a transport stream.
  void balance(Books& books, const Feed& feed, const Watch& watch) const;

 private:
  struct Line {
    Instant first;
    std::int64_t fresh = 0;
    std::int64_t lost = 0;  // Until it was heard.
    Instant heard = Instant::never();
  };
  [[nodiscard]] Micros heard_within(const Line& line, const Watch& watch) const;
  void balance_picture(Books& books, const Feed& feed, std::uint64_t start, Instant joined) const;

  const WorldSpec& spec_;
  std::map<SocketId, Line> lines_;  // By the viewer's socket ID.
};

}  // namespace fanlight::sim
