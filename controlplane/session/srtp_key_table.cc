#include "session/srtp_key_table.h"

#include <algorithm>

#include "base/check.h"
#include "contract/limits.h"

namespace fanlight::control {

const SrtpKeyTable::Key* SrtpKeyTable::find(const crypto::SrtpMaster& master) const {
  const auto found = std::ranges::find(keys_, master, &Key::master);
  return found != keys_.end() ? &*found : nullptr;
}

std::optional<std::string> SrtpKeyTable::refusal(const DestinationRule& rule) const {
  if (!rule.srtp) return std::nullopt;
  const Key* known = find(*rule.srtp);
  if (known != nullptr && uses_.contains({rule.stream, known->sending.get(), rule.terms.payload_type}))
    return std::nullopt;
  const auto beside =
      std::ranges::count_if(uses_, [&](const auto& use) { return std::get<0>(use.first) == rule.stream; });
  if (static_cast<std::size_t>(beside) >= kSrtpKeysPerStreamMax)
    return "stream " + rule.stream + " has " + std::to_string(beside) +
           " SRTP keys, the most there may be: its packets are encrypted once for each (and for each payload type)";
  if (uses_.size() >= kSrtpKeysMax)
    return "there are " + std::to_string(kSrtpKeysMax) + " SRTP keys in use, each on one stream: the most there may be";
  return std::nullopt;
}

crypto::SrtpSendingKey* SrtpKeyTable::take(const DestinationRule& rule) {
  if (!rule.srtp) return nullptr;
  auto found = std::ranges::find(keys_, *rule.srtp, &Key::master);
  if (found == keys_.end()) found = keys_.insert(keys_.end(), {*rule.srtp, make(*rule.srtp)});
  ++found->destinations;
  ++uses_[{rule.stream, found->sending.get(), rule.terms.payload_type}];
  return found->sending.get();
}

// Of one master key all counts together: RFC 3711 §9.2.
std::unique_ptr<crypto::SrtpSendingKey> SrtpKeyTable::make(const crypto::SrtpMaster& master) const {
  for (const Key& known : keys_)
    if (known.master.key_and_salt == master.key_and_salt)
      return std::make_unique<crypto::SrtpSendingKey>(master, known.sending->used());
  return std::make_unique<crypto::SrtpSendingKey>(master);
}

void SrtpKeyTable::retire(const DestinationRule& rule, crypto::SrtpSendingKey& key) {
  const auto use = uses_.find({rule.stream, &key, rule.terms.payload_type});
  CHECK(use != uses_.end());
  if (--use->second == 0) uses_.erase(use);
}

void SrtpKeyTable::give_back(crypto::SrtpSendingKey& key) {
  const auto found = std::ranges::find_if(keys_, [&](const Key& one) { return one.sending.get() == &key; });
  CHECK(found != keys_.end());
  if (--found->destinations == 0) keys_.erase(found);
}

}  // namespace fanlight::control
