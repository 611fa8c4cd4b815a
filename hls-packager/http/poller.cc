#include "http/poller.h"

#include "http/epoll_poller.h"
#include "http/uring_poller.h"

namespace fanlight::packager {

Result<std::unique_ptr<Poller>> Poller::open(Kind kind) {
  return kind == Kind::kUring ? UringPoller::open() : EpollPoller::open();
}

}  // namespace fanlight::packager
