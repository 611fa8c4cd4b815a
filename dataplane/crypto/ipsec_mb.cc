#include "crypto/ipsec_mb.h"

#include <memory>

#include "base/check.h"

namespace fanlight::crypto {
namespace {

struct FreeManager {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};

}  // namespace

IMB_MGR* ipsec_manager() {
  thread_local const std::unique_ptr<IMB_MGR, FreeManager> ours = [] {
    IMB_MGR* made = alloc_mb_mgr(0);
    CHECK(made != nullptr);
    init_mb_mgr_auto(made, nullptr);
    return std::unique_ptr<IMB_MGR, FreeManager>(made);
  }();
  return ours.get();
}

}  // namespace fanlight::crypto
