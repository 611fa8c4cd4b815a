#include "session/refusal_memory.h"

#include <functional>

namespace fanlight::control {
namespace {

// A token stands in it as its hash: who finds two of one hash has refused himself.
std::string key_of(std::string_view hook, const AccessRequest& request) {
  std::string key{hook};
  key += '\0';
  key += request.wanted.role == Role::kPublisher ? 'p' : 'v';
  key += request.wanted.name;
  key += '\0';
  key += request.wanted.user;
  key += '\0';
  key += std::to_string(std::hash<std::string>{}(request.wanted.token)) + '\0' + request.from.ip.text();
  return key;
}

}  // namespace

void RefusalMemory::add(Instant now, std::string_view hook, const AccessRequest& request, const Denied& denied) {
  if (denied.holds <= Micros{}) return;
  if (order_.size() == kHeldMax) {
    held_.erase(order_.front());
    order_.pop_front();
  }
  std::string key = key_of(hook, request);
  const auto [place, is_new] = held_.insert_or_assign(key, Held{now + denied.holds, denied});
  if (is_new) order_.push_back(std::move(key));
}

const Denied* RefusalMemory::find(Instant now, std::string_view hook, const AccessRequest& request) const {
  if (held_.empty()) return nullptr;
  const auto found = held_.find(key_of(hook, request));
  return found == held_.end() || found->second.until <= now ? nullptr : &found->second.denied;
}

void RefusalMemory::clear() {
  held_.clear();
  order_.clear();
}

}  // namespace fanlight::control
