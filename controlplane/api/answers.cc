#include "api/answers.h"

#include <nlohmann/json.hpp>

#include "api/json_answers.h"
#include "jose/json.h"

namespace fanlight::control {

using nlohmann::json;

namespace {

Field::Value value_of(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  return {};
}

}  // namespace

Response json_response(unsigned status, const json& body) { return {status, json_text(body)}; }

Response method_refused(std::string_view allow) {
  Response response = error_response(405, "method_not_allowed", "this resource takes " + std::string{allow});
  response.allow = allow;
  return response;
}

Response not_found(std::string_view what) { return error_response(404, "not_found", what); }

Response refusal(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      return error_response(400, "invalid", error.what);
    case ErrorCode::kNotFound:
      return error_response(404, "not_found", error.what);
    case ErrorCode::kInUse:
      return error_response(409, "in_use", error.what);
    case ErrorCode::kNoRights:
      return error_response(403, "no_rights", error.what);
    case ErrorCode::kNoMemory:
      return error_response(507, "no_memory", error.what);
    case ErrorCode::kNoDevice:
    case ErrorCode::kUnavailable:
      return error_response(503, "unavailable", error.what);
    case ErrorCode::kFailed:
      break;
  }
  return error_response(500, "failed", error.what);
}

std::optional<std::vector<Field>> fields_of(const std::string& body) {
  const std::optional<json> read = jose::parse_json(body);
  if (!read || !read->is_object()) return std::nullopt;
  const json& parsed = *read;
  std::vector<Field> fields;
  for (const auto& [key, value] : parsed.items()) fields.push_back({key, value_of(value), 0});
  return fields;
}

std::vector<std::string*> texts_of(std::vector<Field>& fields) {
  std::vector<std::string*> texts;
  for (Field& field : fields)
    if (auto* text = std::get_if<std::string>(&field.value)) texts.push_back(text);
  return texts;
}

std::string sentence_of(const std::vector<Problem>& problems) {
  std::string all;
  for (const Problem& problem : problems) all += (all.empty() ? "" : "; ") + problem.text();
  return all;
}

}  // namespace fanlight::control
