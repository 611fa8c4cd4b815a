#include "config/fields.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <utility>

namespace fanlight::control {
namespace {

// Levenshtein's distance, one row at a time.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string joined(std::span<const std::string> words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

std::string_view kind_of(const Field::Value& value) {
  constexpr std::string_view kKinds[] = {"another kind of value", "a boolean", "an integer",
                                         "a decimal number",      "a string",  "a list of integers",
                                         "a list of strings"};
  return kKinds[value.index()];
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return out + '"';
}

std::string quoted_url(std::string_view text) {
  const std::size_t mark = text.find('?');
  return mark == std::string_view::npos ? quoted(text) : quoted(std::string{text.substr(0, mark)} + "?") + "…";
}

std::string show(const Field::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  if (const auto* number = std::get_if<double>(&value)) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", *number);
    return digits;
  }
  return std::string{kind_of(value)};
}

std::string show(IntegerRange range) { return std::to_string(range.least) + " to " + std::to_string(range.most); }

std::string_view nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string_view best;
  std::size_t fewest = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t edits = edits_between(word, candidate);
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

const Field* FieldReader::peek(std::string_view key) const {
  const auto it = std::ranges::find(fields_, key, &Field::key);
  return it == fields_.end() ? nullptr : &*it;
}

const Field* FieldReader::find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  return peek(key);
}

bool FieldReader::is_no_text(std::string_view key) const {
  const Field* field = peek(key);
  return field != nullptr && !std::holds_alternative<std::string>(field->value);
}

int FieldReader::line_of(std::string_view key) const {
  const Field* field = peek(key);
  return field ? field->line : line_;
}

void FieldReader::complain(std::string_view key, std::string found, std::string accepted) {
  std::string where = path_;
  if (!where.empty() && !key.empty()) where += '.';
  where += key;
  problems_.push_back({line_of(key), std::move(where), std::move(found), std::move(accepted)});
}

std::string FieldReader::text(std::string_view key, std::string_view fallback) {
  const Field* field = find(key);
  if (!field) return std::string{fallback};
  if (const auto* text = std::get_if<std::string>(&field->value)) return *text;
  complain(key, show(field->value), "a string");
  return std::string{fallback};
}

std::string FieldReader::secret(std::string_view key, IntegerRange bytes) {
  const Field* field = find(key);
  if (!field) return {};
  const auto* text = std::get_if<std::string>(&field->value);
  const auto size = text ? static_cast<std::int64_t>(text->size()) : 0;
  if (text && size >= bytes.least && size <= bytes.most) return *text;
  complain(key, text ? std::to_string(size) + " bytes" : std::string{kind_of(field->value)},
           "a string of " + show(bytes) + " bytes");
  return {};
}

std::int64_t FieldReader::integer(std::string_view key, IntegerRange range, std::int64_t fallback) {
  const Field* field = find(key);
  if (!field) return fallback;
  const auto* value = std::get_if<std::int64_t>(&field->value);
  if (value && *value >= range.least && *value <= range.most) return *value;
  const bool is_one_value = range.least == range.most;
  complain(key, show(field->value), is_one_value ? std::to_string(range.least) : show(range));
  return fallback;
}

double FieldReader::number(std::string_view key, IntegerRange range, double fallback) {
  const Field* field = find(key);
  if (!field) return fallback;
  double value = std::nan("");
  if (const auto* integer = std::get_if<std::int64_t>(&field->value)) value = static_cast<double>(*integer);
  if (const auto* decimal = std::get_if<double>(&field->value)) value = *decimal;
  // A NaN fails both comparisons.
  if (value >= static_cast<double>(range.least) && value <= static_cast<double>(range.most)) return value;
  complain(key, show(field->value), "a number from " + show(range));
  return fallback;
}

bool FieldReader::flag(std::string_view key, bool fallback) {
  const Field* field = find(key);
  if (!field) return fallback;
  if (const auto* value = std::get_if<bool>(&field->value)) return *value;
  complain(key, show(field->value), "true or false");
  return fallback;
}

std::size_t FieldReader::choice(std::string_view key, std::initializer_list<std::string_view> words,
                                std::size_t fallback) {
  const Field* field = find(key);
  if (!field) return fallback;
  const auto* text = std::get_if<std::string>(&field->value);
  const auto it = text ? std::ranges::find(words, *text) : words.end();
  if (it != words.end()) return static_cast<std::size_t>(it - words.begin());
  std::vector<std::string> accepted;
  for (const std::string_view word : words) accepted.push_back(quoted(word));
  complain(key, show(field->value), "one of " + joined(accepted));
  return fallback;
}

std::vector<std::int64_t> FieldReader::integers(std::string_view key, IntegerRange range,
                                                std::vector<std::int64_t> fallback) {
  const Field* field = find(key);
  if (!field) return fallback;
  const auto* list = std::get_if<std::vector<std::int64_t>>(&field->value);
  const std::string accepted = "a list of distinct integers from " + show(range);
  if (!list || list->empty()) {
    complain(key, list ? "an empty list" : show(field->value), accepted);
    return fallback;
  }
  for (auto it = list->begin(); it != list->end(); ++it) {
    const bool is_repeated = std::find(list->begin(), it, *it) != it;
    if (*it >= range.least && *it <= range.most && !is_repeated) continue;
    complain(key, std::to_string(*it) + (is_repeated ? " twice" : ""), accepted);
    return fallback;
  }
  return *list;
}

std::vector<std::string> FieldReader::texts(std::string_view key) {
  const Field* field = find(key);
  if (!field) return {};
  const auto* list = std::get_if<std::vector<std::string>>(&field->value);
  const auto* integers = std::get_if<std::vector<std::int64_t>>(&field->value);
  if (list && !list->empty() && std::ranges::find(*list, "") == list->end()) return *list;
  const bool is_empty = (list && list->empty()) || (integers && integers->empty());
  complain(key,
           is_empty ? "an empty list"
           : list   ? "an empty string in the list"
                    : show(field->value),
           "a list of strings");
  return {};
}

void FieldReader::finish() {
  for (const Field& field : fields_) {
    if (std::ranges::find(known_, field.key) != known_.end()) continue;
    const std::string_view near = nearest(field.key, known_);
    const std::string hint = near.empty() ? "" : " (did you mean " + std::string{near} + "?)";
    complain(field.key, "an unknown key", joined(known_) + hint);
  }
}

}  // namespace fanlight::control
