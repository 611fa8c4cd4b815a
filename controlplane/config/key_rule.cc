#include "config/key_rule.h"

#include <algorithm>

#include "config/moment.h"
#include "config/secret.h"
#include "config/secret_source.h"
#include "config/stream_pattern.h"
#include "config/stream_rule.h"
#include "jose/text.h"

namespace fanlight::control {
namespace {

constexpr IntegerRange kSeconds{1, 100LL * 365 * 86'400};

void read_expiry(FieldReader& reader, KeyRule& rule) {
  const std::string text = reader.text("expires");
  if (!reader.has("expires")) return;
  rule.expires = parse_moment(text);
  if (!rule.expires)
    reader.complain("expires", quoted(text), "a moment with its offset from UTC, like \"2026-12-24T18:00:00Z\"");
}

std::string read_whom(FieldReader& reader, const char* key) {
  std::string name = reader.text(key);
  if (reader.has(key) && !reader.is_no_text(key) && !jose::is_name(name))
    reader.complain(key, jose::shown(name), "1 to 128 bytes without control characters, or no such key");
  return name;
}

KeySource source_of(const FieldReader& reader) {
  if (reader.has("passphrase_file")) return KeySource::kFile;
  return reader.has("passphrase_credential") ? KeySource::kCredential : KeySource::kConfig;
}

KeyRule read_rule(FieldReader& reader) {
  KeyRule rule;
  rule.place = read_key_place(reader, true);
  rule.passphrase = read_secret(reader, "passphrase", kPassphraseBytes);
  if (!has_secret(reader, "passphrase")) reader.complain("passphrase", "nothing", "10 to 79 bytes");
  read_expiry(reader, rule);
  return rule;
}

}  // namespace

KeyPlace read_key_place(FieldReader& reader, bool needs_direction) {
  KeyPlace place;
  place.stream = reader.text("stream");
  if (!is_rule_name(place.stream) && !reader.is_no_text("stream"))
    reader.complain("stream", reader.has("stream") ? quoted(place.stream) : "nothing", kRuleNameText);
  const std::size_t direction = reader.choice("direction", {"both", "publish", "view"}, 0);
  if (direction != 0) place.role = direction == 1 ? Role::kPublisher : Role::kViewer;
  if (needs_direction && !reader.has("direction"))
    reader.complain("direction", "nothing", R"("publish", "view" or "both")");
  place.user = read_whom(reader, "user");
  place.group = read_whom(reader, "group");
  if (!place.user.empty() && !place.group.empty())
    reader.complain("group", "a group beside a user", "one of them, or none");
  return place;
}

KeyRule read_key_rule(FieldReader& reader, int line) {
  KeyRule rule = read_rule(reader);
  rule.line = line;
  rule.source = source_of(reader);
  reader.finish();
  return rule;
}

KeyRule read_key_body(FieldReader& reader) {
  KeyRule rule = read_rule(reader);
  rule.source = KeySource::kApi;
  const std::int64_t seconds = reader.integer("expires_in_s", kSeconds, 0);
  if (seconds > 0) rule.expires_in = seconds;
  if (reader.has("expires_in_s") && reader.has("expires"))
    reader.complain("expires_in_s", "one beside expires", "one of them");
  reader.finish();
  return rule;
}

std::string_view direction_of(const std::optional<Role>& role) {
  if (!role) return "both";
  return *role == Role::kPublisher ? "publish" : "view";
}

std::string_view name_of(KeySource source) {
  switch (source) {
    case KeySource::kConfig:
      return "config";
    case KeySource::kFile:
      return "file";
    case KeySource::kCredential:
      return "credential";
    case KeySource::kApi:
      return "api";
    case KeySource::kStream:
      return "stream";
  }
  return "";
}

std::string place_text(const KeyPlace& place) {
  std::string text = place.role ? std::string{direction_of(place.role)} + " of " : "publish and view of ";
  text += place.stream;
  if (!place.user.empty()) text += ", user " + place.user;
  if (!place.group.empty()) text += ", group " + place.group;
  return text;
}

void wipe_passphrases(std::vector<KeyRule>& rules) {
  for (KeyRule& rule : rules) wipe(rule.passphrase);
}

}  // namespace fanlight::control
