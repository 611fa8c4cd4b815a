// Stands in for libsrt_crowd.cc where libsrt is not there to build with.
#include "fanlight_load/libsrt_crowd.h"

namespace fanlight::load {

Result<Report> view_with_libsrt(const Settings&, const std::atomic<bool>&, Progress&) {
  return Error{ErrorCode::kUnavailable,
               "this fanlight-load was built without libsrt: apt-get install libsrt-openssl-dev, and build again."};
}

}  // namespace fanlight::load
