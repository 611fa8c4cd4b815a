#include "jose/json.h"

#include <string>
#include <utility>
#include <vector>

namespace fanlight::jose {
namespace {

using nlohmann::json;

// The library's own way to a tree takes the last of two members. Answering false ends the reading.
class TreeBuilder final : public nlohmann::json_sax<json> {
 public:
  explicit TreeBuilder(json& root) : next_(&root) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*size*/) override { return open(json::object()); }
  bool start_array(std::size_t /*size*/) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    auto& members = open_.back()->get_ref<json::object_t&>();
    const auto [member, is_new] = members.try_emplace(std::move(name));
    next_ = &member->second;
    return is_new;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/, const json::exception& /*error*/) override {
    return false;
  }

 private:
  bool put(json value) {
    place() = std::move(value);
    return true;
  }
  bool open(json container) {
    if (open_.size() == kJsonDepthMax) return false;
    json& there = place();
    there = std::move(container);
    open_.push_back(&there);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  // Where the next value goes: into the array that is open, to the member whose key came, or to the root.
  json& place() {
    if (open_.empty() || open_.back()->is_object()) return *next_;
    auto& elements = open_.back()->get_ref<json::array_t&>();
    return elements.emplace_back();
  }

  json* next_;
  std::vector<json*> open_;  // From the outermost. None moves: an array that is open grows behind what it encloses.
};

}  // namespace

std::optional<json> parse_json(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // The library ends there, and calls it the end.
  json root;
  TreeBuilder builder(root);
  if (!json::sax_parse(text, &builder)) return std::nullopt;
  return root;
}

}  // namespace fanlight::jose
