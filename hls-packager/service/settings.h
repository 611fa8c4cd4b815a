// What `fanlight-packager` is told: which streams, where from, how they are cut, and where it is asked for them. A TOML
// file, or for a quick look the command line. docs/packager.md has the keys for people.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "ingest/source.h"
#include "protect/key_ring.h"

namespace fanlight::packager {

struct StreamSettings {
  std::string name{};  // As in URLs: a stream name of the relay's.
  Source source;
  std::optional<std::uint16_t> program{};  // Of the transport stream; empty: the first with pictures.
  Micros part = millis(200);
  Micros segment = seconds(1);
  Micros window = seconds(30);            // How far back a player may go.
  Micros grace = seconds(10);             // How long a source may be away before the stream has ended.
  std::shared_ptr<const KeyRing> keys{};  // Null: in the clear.
  std::uint32_t bitrate_max_mbps = 20;    // What is sent beyond it makes the window shorter: memory is for no more.
};

// Streams of one content, whose encoders are aligned: one presentation (live/group.h). They are not served by
// themselves.
struct GroupSettings {
  std::string name{};
  std::vector<std::string> streams{};  // The first one's sound is the group's.
};

// How the kernel is asked (http/poller.h). kAuto: io_uring where it is allowed.
enum class PollerChoice : std::uint8_t { kAuto, kUring, kEpoll };

struct HttpSettings {
  std::vector<Endpoint> listen{};
  std::vector<Endpoint> tls_listen{};
  std::vector<Endpoint> metrics_listen{};  // Where the metrics are shown; empty: wherever the rest is.
  std::string certificate{};               // A PEM chain; empty: one for localhost that we sign ourselves.
  std::string key{};
  std::string page{};         // The folder of the page's assets; empty: where it was built or installed.
  std::uint32_t threads = 1;  // That answer; packaging has one of its own.
  PollerChoice poller = PollerChoice::kAuto;
  std::string allow_origin = "*";  // Whose pages may read the answers: all, or those of one origin.
  std::uint32_t connections_max = 10'000;
  std::uint32_t connections_of_address_max = 1'000;
  std::uint32_t requests_of_address_max = 2'000;  // Waiting at a time; twice the connections, unless it is said.
};

struct Settings {
  HttpSettings http;
  std::vector<StreamSettings> streams;
  std::vector<GroupSettings> groups{};
};

// What players may ask for: groups, and streams that are in none.
[[nodiscard]] std::vector<std::string> served_names(const Settings& settings);

// A name that is a folder of another's renditions: players of one would be given the other.
struct HiddenRendition {
  std::string name, other, folder;
};
[[nodiscard]] std::vector<HiddenRendition> hidden_renditions(const Settings& settings);

// `[::]` hears IPv4 as well: beside it `0.0.0.0` with its port is heard, and cannot be listened at again.
void drop_heard_twice(std::vector<Endpoint>& listen);
// One of `metrics_listen` that viewers have as well.
[[nodiscard]] std::optional<Endpoint> shared_metrics_address(const HttpSettings& http);
// An address of HTTP's that cannot be listened at beside one before it, `listen` coming first: `key` says whose it is.
struct NoRoom {
  std::string_view key, other_key;
  Endpoint at, other;
};
[[nodiscard]] std::optional<NoRoom> address_without_room(const HttpSettings& http);
// The one of `streams` beside whose socket `source` has no room. Null: none.
[[nodiscard]] const StreamSettings* stream_in_place_of(const std::vector<StreamSettings>& streams,
                                                       const Source& source);

// Every mistake, each "file:line: key: found X, accepted Y".
struct SettingsErrors {
  std::vector<std::string> lines;
};

inline constexpr std::string_view kListenAtFirst = "127.0.0.1:8080";

[[nodiscard]] Result<Settings, SettingsErrors> parse_settings(std::string_view toml, std::string_view file_name);
[[nodiscard]] Result<Settings, SettingsErrors> load_settings(const std::string& path);

// "URL", whose stream ID names the stream, or "NAME=URL". The error is a sentence without secrets.
[[nodiscard]] Result<StreamSettings, std::string> parse_stream_argument(std::string_view text);

}  // namespace fanlight::packager
