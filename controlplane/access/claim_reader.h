// The claims of a token whose signature is good, read one by one: RFC 7519 §4.1, and docs/tokens.md for ours. The first
// that is not of its kind is the fault.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "access/request.h"

namespace fanlight::control {

class ClaimReader {
 public:
  explicit ClaimReader(const nlohmann::json& claims) : claims_(claims) {}

  // A second may have decimals: the earlier one counts where something ends, the later where something begins.
  enum class Rounding { kDown, kUp };
  [[nodiscard]] std::optional<WallTime> date(const char* name, Rounding rounding);
  [[nodiscard]] std::string text(const char* name);
  // A text, or a list of them.
  [[nodiscard]] std::vector<std::string> texts(const char* name);
  [[nodiscard]] std::optional<Micros> latency(const char* name);
  [[nodiscard]] std::optional<Role> mode();
  // A stream's name or a pattern.
  [[nodiscard]] std::string stream();
  [[nodiscard]] std::optional<IpPrefix> address();

  // Empty: none so far.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  void complain(const char* name, const char* accepted);

 private:
  const nlohmann::json* find(const char* name) const;

  const nlohmann::json& claims_;
  std::string fault_;
};

}  // namespace fanlight::control
