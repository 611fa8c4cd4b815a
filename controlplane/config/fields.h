// Keys and values as somebody wrote them, in a TOML file or a JSON body, and the one way to read them: every mistake is
// noted, none ends the reading, so that all of them can be told at once.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fanlight::control {

struct Field {
  // monostate: a kind of value that no key of ours takes.
  using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                             std::vector<std::string>>;
  std::string key;
  Value value;
  int line = 0;
};

struct Problem {
  int line = 0;
  std::string key;
  std::string found;
  std::string accepted;
  // "latency_ms: found -1, accepted 0 to 60000"
  [[nodiscard]] std::string text() const { return key + ": found " + found + ", accepted " + accepted; }
};

struct IntegerRange {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

// The candidate with the fewest edits from `word`; empty when none is near.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string> candidates);

// Whom root becomes, by relay.user and relay.group.
struct LaterReader {
  unsigned user = 0;
  unsigned group = 0;
  std::string name{};
};

// Where a table may point to for its secrets.
struct SecretPlaces {
  std::string directory{};               // Relative paths begin there, with its slash; "": where we work.
  std::optional<LaterReader> later{};    // Whom the relay will be and must be able to read as, when that is not us.
  std::string file{};                    // The table's own,
  std::optional<unsigned> loose_mode{};  // and its mode, when strangers may read it or its group change it.
};

// Reads one table. Each question answers the value, or the fallback when the key is absent or wrong; a wrong one is a
// Problem. The keys asked for are the keys that exist: finish() complains about the others.
class FieldReader {
 public:
  // Without places no file is read on anybody's word.
  FieldReader(std::string_view path, int line, std::span<const Field> fields, std::vector<Problem>& problems,
              std::optional<SecretPlaces> places = std::nullopt)
      : path_(path), line_(line), fields_(fields), problems_(problems), places_(std::move(places)) {}

  [[nodiscard]] std::string text(std::string_view key, std::string_view fallback = "");
  // Like text(), but what was found is never shown. Where it may stand elsewhere as well: read_secret().
  [[nodiscard]] std::string secret(std::string_view key, IntegerRange bytes);
  [[nodiscard]] std::int64_t integer(std::string_view key, IntegerRange range, std::int64_t fallback);
  [[nodiscard]] double number(std::string_view key, IntegerRange range, double fallback);
  [[nodiscard]] bool flag(std::string_view key, bool fallback);
  // Answers the index in `words`.
  [[nodiscard]] std::size_t choice(std::string_view key, std::initializer_list<std::string_view> words,
                                   std::size_t fallback);
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key, IntegerRange range,
                                                   std::vector<std::int64_t> fallback);

  // Empty only when the key is absent or wrong.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);

  [[nodiscard]] bool has(std::string_view key) const { return peek(key) != nullptr; }
  // There, but no string: text() has said so.
  [[nodiscard]] bool is_no_text(std::string_view key) const;
  // The key's line, or the table's when the key is absent.
  [[nodiscard]] int line_of(std::string_view key) const;
  // It exists, whatever it says.
  void acknowledge(std::string_view key) { (void)find(key); }
  void complain(std::string_view key, std::string found, std::string accepted);
  void finish();
  [[nodiscard]] const std::optional<SecretPlaces>& places() const { return places_; }

 private:
  [[nodiscard]] const Field* peek(std::string_view key) const;
  const Field* find(std::string_view key);

  std::string path_;
  int line_;
  std::span<const Field> fields_;
  std::vector<Problem>& problems_;
  std::optional<SecretPlaces> places_;
  std::vector<std::string> known_;
};

// "\"text\"", "17", "true", "a table": what stands in a message.
[[nodiscard]] std::string show(const Field::Value& value);
[[nodiscard]] std::string quoted(std::string_view text);
// Without what stands behind '?': somebody may have put a key there.
[[nodiscard]] std::string quoted_url(std::string_view text);
[[nodiscard]] std::string show(IntegerRange range);

}  // namespace fanlight::control
