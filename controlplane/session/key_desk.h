// From passphrase and key message to ciphers. srt-wire §4.1–4.3, §4.5
//
// PBKDF2 takes 1.5–3 ms, so each key-encrypting key is derived once and kept: callers repeat themselves, and a
// publisher rotates its keys under one salt. The cache is small because a stranger chooses the salt.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "base/result.h"
#include "base/siphash.h"
#include "config/secret.h"
#include "crypto/session_ciphers.h"
#include "session/derivation_budget.h"
#include "session/publisher_keys.h"
#include "session/session_kek.h"
#include "wire/reject.h"

namespace fanlight::control {

struct AgreedKeys {
  std::unique_ptr<crypto::SessionCiphers> ciphers;  // Null: clear.
  std::size_t key_bytes = 0;                        // 0: clear.
  SessionKek session{};                             // Not clear: what further keys are made with.
  KeyPrints prints{};
  bool is_news = true;  // Of a refresh: it has a key that was not in use.
};

class KeyDesk {
 public:
  static constexpr std::size_t kCachedMax = 64;
  KeyDesk();

  // The KMREQ of a CONCLUSION (empty when it had none) against the passphrase (empty when we have none). Anybody may
  // ask: what is not in the cache is derived within `caller`'s budget, or answered with kOverload; what is in it is
  // tried within the budget of those who failed.
  [[nodiscard]] Result<AgreedKeys, wire::Reject> agree(Instant now, const IpAddress& caller, const Secret& passphrase,
                                                       ByteSpan key_message);
  // A KMREQ inside a publisher's session: as above, the length must stay what it was (CVE-2026-55868), and no key of it
  // may be one that was replaced (kConflict). Judged before any cost. With the session's salt it has none, so that
  // strangers cannot keep a publisher from its new key; with another, it takes from the session's few tries. Nor does
  // what brings no new key cost anything: only new ones have a rate, and who may bring them knows the passphrase.
  [[nodiscard]] Result<AgreedKeys, wire::Reject> refresh(Instant now, const Secret& passphrase, ByteSpan key_message,
                                                         PublisherKeys& keys);
  [[nodiscard]] KeyPrints prints_of(const crypto::Key& kek, ByteSpan key_message) const;
  [[nodiscard]] std::uint64_t derivations() const { return derivations_; }

 private:
  struct CachedKek {
    Secret passphrase;
    wire::Salt salt{};
    crypto::Key kek;
  };
  [[nodiscard]] Result<AgreedKeys, wire::Reject> unwrap(const crypto::Key& kek, const wire::KeyMessage& message) const;
  // Null when it is not in the cache.
  [[nodiscard]] const crypto::Key* find_kek(const Secret& passphrase, const wire::KeyMessage& message);
  [[nodiscard]] const crypto::Key& derive_kek(const Secret& passphrase, const wire::KeyMessage& message);

  std::list<CachedKek> cached_;  // Last used first.
  DerivationBudget budget_;
  const HashKey print_key_;
  std::uint64_t derivations_ = 0;
};

}  // namespace fanlight::control
