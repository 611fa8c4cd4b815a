// The SRTP keys of destinations, each once for all destinations that have it, on any stream: what it has protected
// counts together, and those of one stream share what was encrypted. Workers are lent them until they have said that
// the session is over.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "config/destination_rule.h"
#include "crypto/srtp_sending_key.h"

namespace fanlight::control {

class SrtpKeyTable {
 public:
  // Why no key can be taken for it; empty when one can. A stream's packets are encrypted once for each of its keys.
  [[nodiscard]] std::optional<std::string> refusal(const DestinationRule& rule) const;
  // Null: it has none.
  [[nodiscard]] crypto::SrtpSendingKey* take(const DestinationRule& rule);
  // Of a destination that is to go: from now on it counts for no bound.
  void retire(const DestinationRule& rule, crypto::SrtpSendingKey& key);
  // Of one that was retired and is gone.
  void give_back(crypto::SrtpSendingKey& key);
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    crypto::SrtpMaster master;
    std::unique_ptr<crypto::SrtpSendingKey> sending;
    std::size_t destinations = 0;
  };
  // What is encrypted by itself: a stream's packets, under a key, with a payload type.
  using Use = std::tuple<std::string, const crypto::SrtpSendingKey*, std::uint8_t>;

  [[nodiscard]] std::unique_ptr<crypto::SrtpSendingKey> make(const crypto::SrtpMaster& master) const;
  [[nodiscard]] const Key* find(const crypto::SrtpMaster& master) const;

  std::vector<Key> keys_;
  std::map<Use, std::size_t> uses_;  // And how many destinations are sent it.
};

}  // namespace fanlight::control
