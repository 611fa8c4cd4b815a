#include "crypto/ipsec_mb.h"

#include <memory>

#include "base/check.h"

namespace fanlight::crypto {
namespace {

struct FreeManager {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};

using Manager = std::unique_ptr<IMB_MGR, FreeManager>;

// As wide as the processor's registers are.
Manager make_wide() {
  Manager made(alloc_mb_mgr(0));
  CHECK(made != nullptr);
  init_mb_mgr_auto(made.get(), nullptr);
  return made;
}

// The library's narrowest, which is the one that hashes with SHA instructions.
Manager make_narrow() {
  Manager made(alloc_mb_mgr(0));
  CHECK(made != nullptr);
  init_mb_mgr_sse(made.get());
  return made;
}

struct Managers {
  Manager wide = make_wide();
  Manager narrow = (wide->features & IMB_FEATURE_SHANI) != 0 ? make_narrow() : nullptr;
};

Managers& ours() {
  thread_local Managers managers;
  return managers;
}

// From so many on the wide one is quicker.
constexpr std::size_t kWideFrom = 8;

}  // namespace

IMB_MGR* ipsec_manager() { return ours().wide.get(); }

bool hash_sha1(std::span<IMB_JOB> jobs) {
  if (jobs.empty()) return true;
  Managers& managers = ours();
  IMB_MGR* const with = jobs.size() < kWideFrom && managers.narrow ? managers.narrow.get() : managers.wide.get();
  const auto many = static_cast<std::uint32_t>(jobs.size());
  return IMB_SUBMIT_HASH_BURST(with, jobs.data(), many, IMB_AUTH_HMAC_SHA_1) == many;
}

}  // namespace fanlight::crypto
