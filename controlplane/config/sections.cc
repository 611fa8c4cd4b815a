#include "config/sections.h"

// Header-only and without exceptions: a syntax error is a value here, and no library has to agree with our flags.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <optional>
#include <sstream>

namespace fanlight::control {
namespace {

int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

template <class Kind>
Field::Value list_of(const toml::array& array) {
  std::vector<Kind> list;
  for (const toml::node& element : array) {
    const auto* value = element.as<Kind>();
    if (!value) return {};
    list.push_back(value->get());
  }
  return list;
}

// An offset date-time as it is written: whoever reads it asks for a string.
std::string text_of(const toml::date_time& moment) {
  std::ostringstream text;
  text << moment;
  return text.str();
}

Field::Value value_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* moment = node.as_date_time()) return text_of(moment->get());
  const auto* array = node.as_array();
  if (array && !array->empty() && array->front().is_string()) return list_of<std::string>(*array);
  if (array) return list_of<std::int64_t>(*array);
  return {};
}

bool is_table_list(const toml::node& node) {
  const auto* array = node.as_array();
  return array && !array->empty() && array->is_homogeneous(toml::node_type::table);
}

void flatten(const toml::table& table, Section section, std::vector<Section>& out) {
  const std::string prefix = section.path.empty() ? "" : section.path + ".";
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string{key.str()};
    if (const toml::table* inner = node.as_table()) {
      flatten(*inner, {path, false, line_of(node), {}}, out);
    } else if (is_table_list(node)) {
      for (const toml::node& element : *node.as_array())
        flatten(*element.as_table(), {path, true, line_of(element), {}}, out);
    } else {
      const auto line = static_cast<int>(key.source().begin.line);
      section.fields.push_back({std::string{key.str()}, value_of(node), line});
    }
  }
  out.push_back(std::move(section));
}

}  // namespace

Result<std::vector<Section>, Problem> parse_sections(std::string_view toml) {
  const toml::parse_result parsed = toml::parse(toml);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Problem{static_cast<int>(error.source().begin.line), "syntax", std::string{error.description()}, "TOML 1.0"};
  }
  std::vector<Section> sections;
  flatten(parsed.table(), {}, sections);
  return sections;
}

}  // namespace fanlight::control
