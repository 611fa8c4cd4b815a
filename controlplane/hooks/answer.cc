#include "hooks/answer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "config/secret.h"
#include "config/stream_rule.h"
#include "jose/text.h"

namespace fanlight::control {
namespace {

using nlohmann::json;
using wire::Reject;

constexpr std::size_t kReasonBytesMax = 200;  // It goes into the log.
constexpr std::int64_t kCountMax = 65'535;    // As of a policy.
constexpr std::int32_t kCodeMin = 2'400;
constexpr std::int32_t kCodeMax = 2'599;

// Every string of it, wherever it is: which one is the passphrase is the sender's to say.
void wipe_strings(json& value) {
  if (auto* text = value.get_ptr<json::string_t*>()) {
    text->resize(text->capacity());
    wipe(*text);
  }
  if (value.is_structured())
    for (json& inner : value) wipe_strings(inner);
}

struct WipedJson {
  explicit WipedJson(json parsed) : value(std::move(parsed)) {}
  ~WipedJson() { wipe_strings(value); }
  WipedJson(const WipedJson&) = delete;
  WipedJson& operator=(const WipedJson&) = delete;
  json value;
};

// The library takes the last of two fields of one name; others take the first.
json parse_once(const std::string& body, bool& is_doubled) {
  std::set<std::string> names;
  const auto look = [&](int depth, json::parse_event_t event, json& key) {
    if (event == json::parse_event_t::key && depth == 1)
      is_doubled = is_doubled || !names.insert(key.get<std::string>()).second;
    return true;
  };
  return json::parse(body, look, /*allow_exceptions=*/false);
}

// Reads the fields that it is asked for; null counts as absent. The first that is wrong is kept.
class AnswerReader {
 public:
  explicit AnswerReader(const json& object) : object_(object) {}

  std::string word(const char* name) {
    const json* value = find(name);
    if (value == nullptr) return {};
    const auto* text = value->get_ptr<const json::string_t*>();
    if (text != nullptr && (text->empty() || jose::is_name(*text))) return *text;
    complain(name, "a string of at most 128 bytes without control characters");
    return {};
  }

  std::optional<Secret> passphrase(const char* name) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    const auto* text = value->get_ptr<const json::string_t*>();
    if (text != nullptr && !text->empty() && Secret::fits(*text)) return Secret(*text);
    complain(name, "a string of 10 to 79 bytes");
    return std::nullopt;
  }

  std::optional<std::int64_t> integer(const char* name, std::int64_t least, std::int64_t most) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_number_integer() && (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX)) {
      const auto number = value->get<std::int64_t>();
      if (number >= least && number <= most) return number;
    }
    complain(name, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
  }

  std::optional<double> megabits(const char* name) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    const double number = value->is_number() ? value->get<double>() : 0;
    if (value->is_number() && number >= kBitrateMbps.least && number <= kBitrateMbps.most) return number;
    complain(name, "a number from 0 to 1000");
    return std::nullopt;
  }

  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  const json* find(const char* name) {
    const auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  void complain(const char* name, const std::string& wanted) {
    if (fault_.empty()) fault_ = std::string{"its \""} + name + "\" is not " + wanted;
  }

  const json& object_;
  std::string fault_;
};

Micros millis_of(std::int64_t count) { return millis(count); }

// 0 lifts what the policy says: a limit that is never met. Absent: 0 in a Grant.
template <class T>
T limit_of(std::optional<std::int64_t> said) {
  if (!said) return 0;
  return *said == 0 ? std::numeric_limits<T>::max() : static_cast<T>(*said);
}

InquiryAnswer read_grant(const json& object) {
  AnswerReader reader(object);
  Grant grant;
  grant.user = reader.word("user");
  grant.group = reader.word("group");
  grant.passphrase = reader.passphrase("passphrase");
  if (const auto latency = reader.integer("latency_ms", kLatencyMs.least, kLatencyMs.most))
    grant.latency = millis_of(*latency);
  if (const auto latency = reader.integer("latency_max_ms", kLatencyMs.least, kLatencyMs.most))
    grant.latency_max = millis_of(*latency);
  grant.viewers_max = limit_of<std::uint32_t>(reader.integer("viewers_max", 0, kCountMax));
  grant.sessions_per_address_max = limit_of<std::uint32_t>(reader.integer("sessions_per_address_max", 0, kCountMax));
  if (const auto megabits = reader.megabits("bitrate_max_mbps"))
    grant.bitrate_bits_max = limit_of<std::uint64_t>(*megabits > 0 ? std::max(std::llround(*megabits * 1e6), 1LL) : 0);
  if (grant.latency && grant.latency_max && *grant.latency > *grant.latency_max)
    return NoAnswer{"its \"latency_ms\" is more than its \"latency_max_ms\""};
  if (!reader.fault().empty()) return NoAnswer{reader.fault()};
  return grant;
}

// A code that says something else on the wire, or nothing, is not passed on.
InquiryAnswer read_refusal(const json& object) {
  AnswerReader reader(object);
  Denied denied;
  const auto code = reader.integer("code", INT32_MIN, INT32_MAX);
  if (object.contains("reason") && object["reason"].is_string()) {
    denied.by = json(object["reason"]).dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
    denied.by = denied.by.substr(1, std::min(denied.by.size() - 2, kReasonBytesMax));
  }
  if (!reader.fault().empty()) return NoAnswer{reader.fault()};
  const bool is_known = !code || (*code >= kCodeMin && *code <= kCodeMax);
  if (code && is_known) denied.reason = static_cast<Reject>(*code);
  if (!is_known)
    denied.by += (denied.by.empty() ? "" : "; ") + ("code " + std::to_string(*code) + " is none of 2400 to 2599");
  return denied;
}

InquiryAnswer read_object(const std::string& body) {
  bool is_doubled = false;
  const WipedJson parsed(parse_once(body, is_doubled));
  const json& object = parsed.value;
  if (!object.is_object()) return NoAnswer{"its answer is no JSON object"};
  if (is_doubled) return NoAnswer{"its answer says a field twice"};
  const auto allow = object.find("allow");
  if (allow == object.end() || !allow->is_boolean())
    return NoAnswer{"its answer has no \"allow\" that is true or false"};
  return allow->get<bool>() ? read_grant(object) : read_refusal(object);
}

}  // namespace

InquiryAnswer read_answer(unsigned status, std::string& body) {
  const WipedAtEnd wiped({&body});
  // 401 and 404 are what a wrong token or a wrong path of our own get: nobody has looked at the request.
  if (status == 403) return Denied{Reject::kForbidden, "HTTP 403"};
  if (status != 200) return NoAnswer{"it answered with HTTP " + std::to_string(status)};
  return read_object(body);
}

}  // namespace fanlight::control
