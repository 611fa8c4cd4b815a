// All sources of the packager, polled by one thread. libsrt receives on threads of its own; what it has received is
// taken here.
#pragma once

#include <deque>
#include <memory>
#include <variant>

#include "base/result.h"
#include "ingest/sink.h"
#include "ingest/source.h"

namespace fanlight::packager {

class SrtCall;
class UdpDoor;
struct UdpCounts;

class Ingest {
 public:
  Ingest();
  ~Ingest();
  Ingest(const Ingest&) = delete;
  Ingest& operator=(const Ingest&) = delete;

  // Numbered from 0 in the order of the calls. Errors: a port that cannot be listened to.
  [[nodiscard]] Result<Done> add(const Source& source);

  // Waits for bytes, not beyond `wait` nor 50 ms, and hands over what there is.
  void poll(Micros wait, IngestSink& sink);
  // What the port of a source refused so far; of one that is called nothing.
  [[nodiscard]] UdpCounts refused(std::size_t number) const;

 private:
  // srt_startup() and its opposite.
  struct Library {
    Library();
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
  };
  using Any = std::variant<std::unique_ptr<SrtCall>, std::unique_ptr<UdpDoor>>;

  Library library_;
  int epoll_;
  std::deque<Any> sources_;
};

}  // namespace fanlight::packager
