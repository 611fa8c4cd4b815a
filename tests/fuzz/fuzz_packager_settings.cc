// What an operator writes, as a file and as one argument: it is refused with a line for each mistake, or what is made
// of it holds what the rest counts on. Files that it names are not looked for: what is in them is the host's.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "service/settings.h"

using namespace fanlight;
using namespace fanlight::packager;

namespace {

constexpr std::string_view kFile = "p.toml";

bool names_files(std::string_view text) {
  return text.find("_file") != std::string_view::npos || text.find("_credential") != std::string_view::npos;
}

void check_stream(const StreamSettings& stream) {
  CHECK(!stream.name.empty() && public_text(stream.source).size() > 6);
  CHECK(stream.part > Micros{} && stream.part <= stream.segment);
  CHECK(6 * stream.segment <= stream.window && stream.window <= 3'600 * stream.segment);
  CHECK(stream.grace > Micros{} && stream.bitrate_max_mbps > 0 && stream.keys == nullptr);
}

void check_http(const HttpSettings& http) {
  CHECK(!http.listen.empty() || !http.tls_listen.empty());
  CHECK(http.certificate.empty() == http.key.empty() && !http.allow_origin.empty());
  CHECK(http.allow_origin.find_first_of("\r\n ,") == std::string::npos);
  CHECK(http.threads > 0 && http.connections_max > 0 && http.connections_of_address_max > 0);
  CHECK(http.requests_of_address_max > 0 && !shared_metrics_address(http));
  for (const auto* const list : {&http.listen, &http.tls_listen, &http.metrics_listen})
    for (const Endpoint& one : *list) CHECK(one.port != 0 && Endpoint::parse(one.text()) == one);
}

void check_file(std::string_view text) {
  const Result<Settings, SettingsErrors> read = parse_settings(text, kFile);
  if (!read) {
    CHECK(!read.error().lines.empty());
    for (const std::string& line : read.error().lines) CHECK(line.starts_with(std::string(kFile) + ":"));
    return;
  }
  check_http(read->http);
  CHECK(!read->streams.empty() && hidden_renditions(*read).empty());
  for (const StreamSettings& one : read->streams) check_stream(one);
  const std::vector<std::string> names = served_names(*read);
  CHECK(std::set(names.begin(), names.end()).size() == names.size() && !names.empty());
  for (const GroupSettings& group : read->groups) {
    CHECK(group.streams.size() >= 2);
    for (const std::string& one : group.streams)
      CHECK(std::ranges::count(read->streams, one, &StreamSettings::name) == 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!names_files(text)) check_file(text);
  if (const auto stream = parse_stream_argument(text)) check_stream(*stream);
  return 0;
}
