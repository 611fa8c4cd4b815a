// The issuers' JWK sets, read again when their files change: keys rotate while the relay runs, and are taken
// back. A set without a key is one: no token counts. So is a file that is gone, when the next look does not find it
// either: whoever takes it away means it, and a relay that starts then would not run. A file that is broken or not to
// be read says nothing about keys, and leaves the old ones in use.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/issuer_rule.h"

namespace fanlight::control {

class KeyWatch {
 public:
  static constexpr Micros kPeriod = seconds(2);

  KeyWatch() = default;
  explicit KeyWatch(std::vector<IssuerRule> issuers) : issuers_(std::move(issuers)) {}

  // Whether there is anything to look at.
  [[nodiscard]] bool is_needed() const;
  [[nodiscard]] const std::vector<IssuerRule>& issuers() const { return issuers_; }

  // For each file that is not as it was at the last look: a sentence, and whether the keys are other ones now.
  struct News {
    bool is_taken = false;
    bool is_bad = false;  // Hardly what the issuer wants.
    std::string text;
  };
  [[nodiscard]] std::vector<News> look();

 private:
  static News read(IssuerRule& issuer);
  static News miss(IssuerRule& issuer);

  std::vector<IssuerRule> issuers_;
};

}  // namespace fanlight::control
