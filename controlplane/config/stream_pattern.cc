#include "config/stream_pattern.h"

#include <algorithm>
#include <string>

#include "contract/limits.h"

namespace fanlight::control {

bool is_stream_name(std::string_view text) {
  if (text.empty() || text.size() > kStreamNameBytesMax || text.back() == '/') return false;
  if (text.find("..") != std::string_view::npos) return false;
  while (!text.empty()) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view segment = text.substr(0, slash);
    text.remove_prefix(std::min(slash + 1, text.size()));
    if (segment.empty() || segment == "." || !std::ranges::all_of(segment, is_name_letter)) return false;
  }
  return true;
}

bool is_stream_pattern(std::string_view text) {
  if (text.empty() || text.back() != '*') return false;
  return is_stream_name(std::string{text.substr(0, text.size() - 1)} + "x");
}

}  // namespace fanlight::control
