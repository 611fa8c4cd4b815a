#include "access/claim_reader.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "access/stream_id.h"
#include "jose/text.h"

namespace fanlight::control {
namespace {

using nlohmann::json;

// As far as a double counts seconds one by one.
constexpr double kDateMax = 9'007'199'254'740'992.0;
constexpr std::size_t kTextBytesMax = 256;
constexpr std::int64_t kLatencyMsMax = 60'000;

bool is_text(const json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() <= kTextBytesMax && jose::is_plain(text);
}

}  // namespace

const json* ClaimReader::find(const char* name) const {
  const auto it = claims_.find(name);
  return it == claims_.end() ? nullptr : &*it;
}

void ClaimReader::complain(const char* name, const char* accepted) {
  if (fault_.empty()) fault_ = std::string{"claim "} + name + " is not " + accepted;
}

std::optional<WallTime> ClaimReader::date(const char* name, Rounding rounding) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const double seconds = value->is_number() ? value->get<double>() : kDateMax;
  if (std::abs(seconds) < kDateMax)
    return WallTime{static_cast<std::int64_t>(rounding == Rounding::kDown ? std::floor(seconds) : std::ceil(seconds))};
  complain(name, "a number of seconds");
  return std::nullopt;
}

std::string ClaimReader::text(const char* name) {
  const json* value = find(name);
  if (value == nullptr) return {};
  if (is_text(*value)) return *value;
  complain(name, "a text of at most 256 bytes without control characters");
  return {};
}

std::vector<std::string> ClaimReader::texts(const char* name) {
  const json* value = find(name);
  if (value == nullptr) return {};
  if (is_text(*value)) return {*value};
  std::vector<std::string> list;
  if (value->is_array())
    for (const json& one : *value)
      if (is_text(one)) list.push_back(one);
  if (!value->is_array() || list.size() != value->size()) complain(name, "a text or a list of texts");
  return list;
}

std::optional<Micros> ClaimReader::latency(const char* name) {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const double most = kLatencyMsMax;
  const double number = value->is_number_integer() ? value->get<double>() : -1;
  if (number >= 0 && number <= most) return millis(static_cast<std::int64_t>(number));
  complain(name, "a whole number from 0 to 60000");
  return std::nullopt;
}

std::optional<Role> ClaimReader::mode() {
  const json* value = find("mode");
  if (value == nullptr) return std::nullopt;
  if (*value == "publish") return Role::kPublisher;
  if (*value == "view") return Role::kViewer;
  complain("mode", R"("publish" or "view")");
  return std::nullopt;
}

std::string ClaimReader::stream() {
  const json* value = find("stream");
  if (value == nullptr) return {};
  if (value->is_string()) {
    const auto& name = value->get_ref<const std::string&>();
    if (is_stream_name(name) || is_stream_pattern(name)) return name;
  }
  complain("stream", kRuleNameText);
  return {};
}

std::optional<IpPrefix> ClaimReader::address() {
  const json* value = find("ip");
  if (value == nullptr) return std::nullopt;
  std::optional<IpPrefix> prefix;
  if (value->is_string()) prefix = IpPrefix::parse(value->get_ref<const std::string&>());
  if (!prefix) complain("ip", "an address, or a prefix without bits behind it");
  return prefix;
}

}  // namespace fanlight::control
