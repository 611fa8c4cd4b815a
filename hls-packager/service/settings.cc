#include "service/settings.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "access/stream_id.h"
#include "config/fields.h"
#include "config/open_file.h"
#include "config/secret_source.h"
#include "config/sections.h"
#include "config/stream_pattern.h"
#include "live/live_stream.h"
#include "service/key_file.h"

namespace fanlight::packager {
namespace {

using control::FieldReader;
using control::IntegerRange;
using control::Problem;
using control::SecretPlaces;
using control::Section;

constexpr IntegerRange kPartMs{20, 2'000};
constexpr IntegerRange kSegmentMs{200, 20'000};
constexpr IntegerRange kWindowSeconds{6, 72'000};
constexpr IntegerRange kGraceSeconds{1, 3'600};
constexpr IntegerRange kProgram{1, 65'535};
constexpr IntegerRange kBitrate{1, 10'000};
constexpr IntegerRange kThreads{1, 64};
constexpr IntegerRange kConnections{1, 1'000'000};
constexpr IntegerRange kRequests{1, 2'000'000};
constexpr std::size_t kMembersMax = 8;
constexpr IntegerRange kRotateSegments{1, 1'000'000};
constexpr IntegerRange kPassphraseBytes{10, 79};  // srt-wire §4.1

// As browsers write it in Origin, since they compare it byte by byte. RFC 6454 §6.2
bool is_origin(const std::string& text) {
  static const std::regex kForm(R"((https?)://([a-z0-9._-]+|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?)");
  constexpr std::size_t kBytesMax = 300;
  std::smatch found;
  if (text.size() > kBytesMax || !std::regex_match(text, found, kForm)) return false;
  return found[3] != (found[1] == "https" ? ":443" : ":80");  // A scheme's own port is not said.
}

class SettingsReader {
 public:
  SettingsReader(const std::vector<Section>& sections, SecretPlaces places)
      : sections_(sections), places_(std::move(places)) {}

  Settings read();
  [[nodiscard]] std::vector<Problem>& problems() noexcept { return problems_; }

 private:
  void read_http(const Section& section);
  void read_stream(const Section& section);
  void read_group(const Section& section);
  void check_members(FieldReader& reader, const GroupSettings& group);
  void check_served_names();
  void read_source(FieldReader& reader, StreamSettings& stream);
  void read_keys(FieldReader& reader, StreamSettings& stream);
  [[nodiscard]] std::vector<Endpoint> read_addresses(FieldReader& reader, std::string_view key);

  const std::vector<Section>& sections_;
  SecretPlaces places_;
  std::vector<Problem> problems_;
  std::map<std::string, int> lines_;  // Of names.
  Settings settings_;
};

Settings SettingsReader::read() {
  settings_.http.listen = {*Endpoint::parse(kListenAtFirst)};
  for (const Section& section : sections_) {
    if (section.path.empty() && section.fields.empty()) continue;
    if (section.path == "http" && !section.is_repeated) {
      read_http(section);
    } else if (section.path == "stream" && section.is_repeated) {
      read_stream(section);
    } else if (section.path == "group" && section.is_repeated) {
      continue;  // When all streams are known.
    } else {
      problems_.push_back({section.line, section.path.empty() ? section.fields.front().key : section.path,
                           "a table or key that the packager does not know", "[http], [[stream]] and [[group]]"});
    }
  }
  for (const Section& section : sections_)
    if (section.path == "group" && section.is_repeated) read_group(section);
  check_served_names();
  if (settings_.streams.empty() && problems_.empty())
    problems_.push_back({1, "stream", "none", "a [[stream]] with name and source at least"});
  return std::move(settings_);
}

void SettingsReader::check_served_names() {
  for (const auto& [name, other, folder] : hidden_renditions(settings_))
    problems_.push_back(
        {lines_[name], "name", control::quoted(name),
         "none that is a folder of another's renditions: here " + folder + " of " + control::quoted(other)});
}

std::vector<Endpoint> SettingsReader::read_addresses(FieldReader& reader, std::string_view key) {
  std::vector<Endpoint> addresses;
  for (const std::string& text : reader.texts(key)) {
    const std::optional<Endpoint> address = Endpoint::parse(text);
    const bool fits = address && address->port != 0 && !address->ip.is_multicast() && !address->ip.is_reserved();
    if (fits) {
      addresses.push_back(*address);
    } else {
      reader.complain(key, control::quoted(text),
                      R"(addresses of this host with a port, like "0.0.0.0:8080" or "[::]:8080")");
    }
  }
  drop_heard_twice(addresses);
  return addresses;
}

void SettingsReader::read_http(const Section& section) {
  FieldReader reader("http", section.line, section.fields, problems_, places_);
  HttpSettings& http = settings_.http;
  const bool says_where = reader.has("listen") || reader.has("tls_listen");
  std::vector<Endpoint> listen = read_addresses(reader, "listen");
  http.tls_listen = read_addresses(reader, "tls_listen");
  if (says_where) http.listen = std::move(listen);
  http.metrics_listen = read_addresses(reader, "metrics_listen");
  if (const std::optional<Endpoint> shared = shared_metrics_address(http))
    reader.complain("metrics_listen", control::quoted(shared->text()),
                    "addresses that neither listen nor tls_listen has");
  else if (const std::optional<NoRoom> none = address_without_room(http))
    reader.complain(none->key,
                    none->at.text() + " beside " + none->other.text() + " of " + std::string(none->other_key) +
                        ", which leaves it no room",
                    "addresses that differ in their ports, or each of its own (0.0.0.0 and [::] are all of them)");
  http.certificate = reader.text("certificate");
  http.key = reader.text("key");
  if (http.certificate.empty() != http.key.empty())
    reader.complain(http.key.empty() ? "key" : "certificate", "nothing", "both, certificate and key, or neither");
  http.page = reader.text("page");
  http.threads = static_cast<std::uint32_t>(reader.integer("threads", kThreads, http.threads));
  http.poller = static_cast<PollerChoice>(
      reader.choice("poller", {"auto", "io_uring", "epoll"}, static_cast<std::size_t>(http.poller)));
  if (reader.has("allow_origin")) http.allow_origin = reader.text("allow_origin");
  if (http.allow_origin != "*" && !is_origin(http.allow_origin) && !reader.is_no_text("allow_origin"))
    reader.complain("allow_origin", control::quoted(http.allow_origin),
                    R"("*", or one origin as browsers write it, like "https://player.example")");
  http.connections_max =
      static_cast<std::uint32_t>(reader.integer("connections_max", kConnections, http.connections_max));
  http.connections_of_address_max = static_cast<std::uint32_t>(
      reader.integer("connections_of_address_max", kConnections, http.connections_of_address_max));
  http.requests_of_address_max = static_cast<std::uint32_t>(
      reader.integer("requests_of_address_max", kRequests, 2 * std::int64_t{http.connections_of_address_max}));
  reader.finish();
}

void SettingsReader::read_source(FieldReader& reader, StreamSettings& stream) {
  std::string text = reader.text("source");
  Result<Source, std::string> source = parse_source(text);
  if (source) {
    stream.source = std::move(*source);
  } else if (!reader.is_no_text("source")) {
    reader.complain("source", reader.has("source") ? "one that cannot be used: " + source.error() : "nothing",
                    "srt://HOST:PORT?streamid=NAME, udp://ADDRESS:PORT or rtp://ADDRESS:PORT");
  }
  const StreamSettings* const other = source ? stream_in_place_of(settings_.streams, stream.source) : nullptr;
  if (other != nullptr)
    reader.complain("source",
                    public_text(stream.source) + " beside " + public_text(other->source) + " of " + other->name,
                    "an address and port that no other [[stream]] has, also of another program (0.0.0.0 and [::] are "
                    "all of a port)");
  std::string passphrase = control::read_secret(reader, "passphrase", kPassphraseBytes);
  auto* const call = std::get_if<SrtUrl>(&stream.source);
  if (call != nullptr && !call->passphrase.empty()) control::is_laid_open(reader, "source");
  if (passphrase.empty() || !source) return;
  if (call == nullptr) {
    reader.complain("passphrase", "one beside " + public_text(stream.source), "it beside srt:// alone");
  } else if (!call->passphrase.empty()) {
    reader.complain("passphrase", "one here and one in source", "one of them");
  } else {
    call->passphrase = std::move(passphrase);
  }
}

void SettingsReader::read_keys(FieldReader& reader, StreamSettings& stream) {
  KeyRing ring;
  const std::string path = reader.text("keys_file");
  ring.rotate_segments = static_cast<std::uint32_t>(reader.integer("rotate_segments", kRotateSegments, 0));
  ring.is_served = reader.flag("serve_keys", false);
  if (!reader.has("keys_file")) {
    for (const std::string_view key : {"rotate_segments", "serve_keys"})
      if (reader.has(key)) reader.complain(key, "it without keys_file", "both, or neither");
    return;
  }
  if (reader.is_no_text("keys_file")) return;
  auto keys = load_keys(path.starts_with('/') ? path : places_.directory + path);
  if (!keys) {
    for (const KeyFileProblem& one : keys.error()) reader.complain("keys_file", one.found, one.accepted);
    return;
  }
  ring.keys = std::move(*keys);
  if (ring.rotate_segments > 0 && ring.keys.size() < 2)
    reader.complain("rotate_segments", std::to_string(ring.rotate_segments) + " with one key", "two keys at least");
  stream.keys = std::make_shared<const KeyRing>(std::move(ring));
}

void SettingsReader::read_stream(const Section& section) {
  FieldReader reader("stream", section.line, section.fields, problems_, places_);
  StreamSettings stream;
  stream.name = reader.text("name");
  if (!control::is_stream_name(stream.name) && !reader.is_no_text("name"))
    reader.complain("name", reader.has("name") ? control::quoted(stream.name) : "nothing", control::kStreamNameText);
  lines_.try_emplace(stream.name, reader.line_of("name"));
  const bool is_second =
      std::ranges::find(settings_.streams, stream.name, &StreamSettings::name) != settings_.streams.end();
  if (is_second) reader.complain("name", control::quoted(stream.name), "a name that no other [[stream]] has");
  read_source(reader, stream);
  if (reader.has("program")) stream.program = static_cast<std::uint16_t>(reader.integer("program", kProgram, 1));
  stream.part = millis(reader.integer("part_ms", kPartMs, stream.part.count / 1'000));
  stream.segment = millis(reader.integer("segment_ms", kSegmentMs, stream.segment.count / 1'000));
  stream.window = seconds(reader.integer("window_s", kWindowSeconds, stream.window.count / 1'000'000));
  stream.grace = seconds(reader.integer("grace_s", kGraceSeconds, stream.grace.count / 1'000'000));
  stream.bitrate_max_mbps =
      static_cast<std::uint32_t>(reader.integer("bitrate_max_mbps", kBitrate, stream.bitrate_max_mbps));
  read_keys(reader, stream);
  if (stream.part > stream.segment)
    reader.complain("part_ms", std::to_string(stream.part.count / 1'000), "no more than segment_ms");
  if (6 * stream.segment > stream.window)
    reader.complain("window_s", std::to_string(stream.window.count / 1'000'000), "six segments at least (segment_ms)");
  if (stream.window > kWindowSegmentsMost * stream.segment)
    reader.complain(
        "window_s", std::to_string(stream.window.count / 1'000'000),
        std::to_string(kWindowSegmentsMost) + " segments at most: a longer segment_ms, or a shorter window");
  reader.finish();
  settings_.streams.push_back(std::move(stream));
}

void SettingsReader::read_group(const Section& section) {
  FieldReader reader("group", section.line, section.fields, problems_, places_);
  GroupSettings group;
  group.name = reader.text("name");
  if (!control::is_stream_name(group.name) && !reader.is_no_text("name"))
    reader.complain("name", reader.has("name") ? control::quoted(group.name) : "nothing", control::kStreamNameText);
  lines_.try_emplace(group.name, reader.line_of("name"));
  const bool is_taken =
      std::ranges::find(settings_.streams, group.name, &StreamSettings::name) != settings_.streams.end() ||
      std::ranges::find(settings_.groups, group.name, &GroupSettings::name) != settings_.groups.end();
  if (is_taken)
    reader.complain("name", control::quoted(group.name), "a name that no [[stream]] or other [[group]] has");
  group.streams = reader.texts("streams");
  check_members(reader, group);
  reader.finish();
  settings_.groups.push_back(std::move(group));
}

// Each of one group alone, and all cut alike.
void SettingsReader::check_members(FieldReader& reader, const GroupSettings& group) {
  const StreamSettings* first = nullptr;
  for (std::size_t i = 0; i < group.streams.size(); ++i) {
    const std::string& name = group.streams[i];
    const auto stream = std::ranges::find(settings_.streams, name, &StreamSettings::name);
    const auto has_it = [&](const GroupSettings& other) { return std::ranges::count(other.streams, name) > 0; };
    const bool is_again = std::ranges::count(group.streams, name) > 1 || std::ranges::any_of(settings_.groups, has_it);
    if (stream == settings_.streams.end() || is_again) {
      reader.complain("streams", control::quoted(name), "names of [[stream]]s, each in one group and once");
      return;
    }
    if (first == nullptr) first = &*stream;
    const bool has_its_keys =
        stream->keys == first->keys || (stream->keys && first->keys && *stream->keys == *first->keys);
    if (stream->part == first->part && stream->segment == first->segment && stream->window == first->window &&
        has_its_keys)
      continue;
    reader.complain("streams", control::quoted(name), "streams with the same part_ms, segment_ms, window_s and keys");
  }
  if (group.streams.size() < 2 || group.streams.size() > kMembersMax)
    reader.complain("streams", std::to_string(group.streams.size()), "2 to 8 names");
}

Result<Settings, SettingsErrors> parse(std::string_view toml, std::string_view file_name, std::optional<mode_t> mode) {
  const auto line_for = [&](const Problem& problem) {
    return std::string{file_name} + ":" + std::to_string(problem.line) + ": " + problem.text();
  };
  const Result<std::vector<Section>, Problem> sections = control::parse_sections(toml);
  if (!sections) return SettingsErrors{{line_for(sections.error())}};
  SecretPlaces places{.directory = std::string{file_name.substr(0, file_name.rfind('/') + 1)},
                      .file = std::string{file_name}};
  if (mode && (*mode & control::kLooseBits) != 0) places.loose_mode = *mode;
  SettingsReader reader(*sections, std::move(places));
  Settings settings = reader.read();
  if (reader.problems().empty()) return settings;
  std::ranges::stable_sort(reader.problems(), {}, &Problem::line);
  SettingsErrors errors;
  for (const Problem& problem : reader.problems()) errors.lines.push_back(line_for(problem));
  return errors;
}

// Whether the kernel has no room for both: on one port an unspecified address is all of its family, [::] of both.
bool clashes(const Endpoint& one, const Endpoint& other) {
  const auto holds = [](const Endpoint& any, const Endpoint& held) {
    return any.ip.is_unspecified() && (!any.ip.is_v4() || held.ip.is_v4());
  };
  return one.port == other.port && (one.ip == other.ip || holds(one, other) || holds(other, one));
}

}  // namespace

std::vector<std::string> served_names(const Settings& settings) {
  std::vector<std::string> names;
  for (const GroupSettings& group : settings.groups) names.push_back(group.name);
  const auto is_member = [&](const std::string& name) {
    return std::ranges::any_of(settings.groups,
                               [&](const GroupSettings& group) { return std::ranges::count(group.streams, name) > 0; });
  };
  for (const StreamSettings& stream : settings.streams)
    if (!is_member(stream.name)) names.push_back(stream.name);
  return names;
}

// /live/a/v0/index.m3u8 is the pictures of a, or what is called a/v0.
std::vector<HiddenRendition> hidden_renditions(const Settings& settings) {
  std::vector<HiddenRendition> hidden;
  const std::vector<std::string> names = served_names(settings);
  for (const std::string& name : names)
    for (const std::string& other : names) {
      const bool is_below = name.starts_with(other + "/");
      const std::string_view folder = std::string_view(name).substr(is_below ? other.size() + 1 : name.size());
      if (folder.size() < 2 || (folder[0] != 'v' && folder[0] != 'a') ||
          folder.find_first_not_of("0123456789", 1) != std::string_view::npos)
        continue;
      hidden.push_back({name, other, std::string(folder)});
    }
  return hidden;
}

void drop_heard_twice(std::vector<Endpoint>& listen) {
  std::set<std::uint16_t> ports;
  for (const Endpoint& one : listen)
    if (one.ip.is_unspecified() && !one.ip.is_v4()) ports.insert(one.port);
  std::erase_if(listen, [&](const Endpoint& one) {
    return one.ip.is_unspecified() && one.ip.is_v4() && ports.contains(one.port);
  });
}

std::optional<Endpoint> shared_metrics_address(const HttpSettings& http) {
  for (const Endpoint& ours : http.metrics_listen)
    for (const std::vector<Endpoint>* const list : {&http.listen, &http.tls_listen})
      for (const Endpoint& theirs : *list)
        if (clashes(ours, theirs)) return ours;
  return std::nullopt;
}

std::optional<NoRoom> address_without_room(const HttpSettings& http) {
  std::vector<std::pair<std::string_view, Endpoint>> before;
  for (const auto& [key, list] :
       {std::pair("listen", &http.listen), {"tls_listen", &http.tls_listen}, {"metrics_listen", &http.metrics_listen}})
    for (const Endpoint& at : *list) {
      const auto other = std::ranges::find_if(before, [&](const auto& one) { return clashes(at, one.second); });
      if (other != before.end()) return NoRoom{.key = key, .other_key = other->first, .at = at, .other = other->second};
      before.emplace_back(key, at);
    }
  return std::nullopt;
}

const StreamSettings* stream_in_place_of(const std::vector<StreamSettings>& streams, const Source& source) {
  const UdpSource* const ours = std::get_if<UdpSource>(&source);
  const auto found = std::ranges::find_if(streams, [&](const StreamSettings& other) {
    const UdpSource* const theirs = std::get_if<UdpSource>(&other.source);
    return theirs != nullptr && ours != nullptr && clashes(ours->at, theirs->at);
  });
  return found == streams.end() ? nullptr : &*found;
}

Result<Settings, SettingsErrors> parse_settings(std::string_view toml, std::string_view file_name) {
  return parse(toml, file_name, std::nullopt);
}

Result<Settings, SettingsErrors> load_settings(const std::string& path) {
  const control::OpenFile opened(path);
  struct stat about {};
  std::string text;
  if (opened.fd() < 0 || fstat(opened.fd(), &about) != 0 || !control::read_whole(opened.fd(), text))
    return SettingsErrors{{path + ": cannot be read: " + std::strerror(errno)}};
  return parse(text, path, about.st_mode);
}

Result<StreamSettings, std::string> parse_stream_argument(std::string_view text) {
  StreamSettings stream;
  // A name holds no ':', a URL one in front of its first '='.
  const std::size_t equals = text.find('=');
  const bool is_named = equals != std::string_view::npos && equals < text.find(':');
  if (is_named) {
    stream.name = text.substr(0, equals);
    text.remove_prefix(equals + 1);
  }
  Result<Source, std::string> source = parse_source(text);
  if (!source) return source.error();
  stream.source = std::move(*source);
  const auto* call = std::get_if<SrtUrl>(&stream.source);
  if (!is_named && call != nullptr && !call->stream_id.empty())
    if (auto request = control::parse_stream_id(call->stream_id)) stream.name = request->name;
  if (!is_named && stream.name.empty())
    return std::string{"it has no stream ID that would name the stream: write NAME=URL"};
  if (!control::is_stream_name(stream.name))
    return control::quoted(stream.name) + " is not " + std::string{control::kStreamNameText};
  return stream;
}

}  // namespace fanlight::packager
