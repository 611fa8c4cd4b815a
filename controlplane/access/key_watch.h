// The issuers' JWK sets, read again when their files change: keys rotate while the relay runs. A new file that is
// broken or gone leaves the old keys in use.
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

  // For each file that is not as it was at the last look: a sentence, and whether its keys are in use now.
  struct News {
    bool is_taken = false;
    std::string text;
  };
  [[nodiscard]] std::vector<News> look();

 private:
  static News read(IssuerRule& issuer);

  std::vector<IssuerRule> issuers_;
};

}  // namespace fanlight::control
