// What each command of `fanlight` asks of the relay, and how the answer is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fanlight::cli {

struct Context {
  std::string api;       // Path of the control API's socket.
  bool is_json = false;  // The API's answer as it came, instead of text for people.
};

struct NewStream {
  std::string name;
  std::optional<std::int64_t> latency_ms;
  std::optional<std::int64_t> latency_max_ms;
  std::optional<double> bitrate_max_mbps;
  std::optional<std::int64_t> gop_max_ms;
  std::string join;
  std::optional<double> join_rate_max_mbps;
  bool no_wait = false;
  // Files, because a passphrase among the arguments would show in `ps`.
  std::string publish_passphrase_file;
  std::string view_passphrase_file;
};

// A listener that the relay is to call: as a viewer it is sent the stream, as a publisher it feeds it.
struct NewCall {
  std::string role;
  std::string url;
  std::string stream;
  std::string passphrase_file;
  std::string srtp_file;
};

struct NewBan {
  std::string prefix;
  std::optional<std::int64_t> seconds;  // Absent: until it is lifted.
  std::string reason;
};

// Each answers the program's exit code: 0 done, 1 refused or failed.
[[nodiscard]] int show_status(const Context& context);
[[nodiscard]] int show_version(const Context& context);
[[nodiscard]] int list_streams(const Context& context);
[[nodiscard]] int add_stream(const Context& context, const NewStream& stream);
[[nodiscard]] int remove_stream(const Context& context, const std::string& name);
// Of all streams when `stream` is empty.
[[nodiscard]] int list_sessions(const Context& context, const std::string& stream);
[[nodiscard]] int show_session(const Context& context, std::uint32_t id);
[[nodiscard]] int kick(const Context& context, std::uint32_t id);

[[nodiscard]] int list_bans(const Context& context);
[[nodiscard]] int ban(const Context& context, const NewBan& order);
[[nodiscard]] int unban(const Context& context, const std::string& prefix);
// Of the stream's viewers, or of one session: 0 means all.
[[nodiscard]] int rotate_keys(const Context& context, const std::string& stream, std::uint32_t session);

[[nodiscard]] int list_feeds(const Context& context);
// What receivers of its RTP output must know. `which`: of several, by its ID or URL. `with_keys`: SRTP keys are shown.
[[nodiscard]] int show_sdp(const Context& context, const std::string& stream, const std::string& which, bool with_keys);
[[nodiscard]] int list_calls(const Context& context, const std::string& role);
[[nodiscard]] int add_call(const Context& context, const NewCall& call);
[[nodiscard]] int remove_call(const Context& context, const std::string& role, std::uint32_t id);
// Until Ctrl-C (0) or the relay's end (1). `stream` empty: events of all.
[[nodiscard]] int follow_events(const Context& context, const std::string& stream);
// Overwrites what stands behind "passphrase=" in an argument, so that `ps` does not go on showing it.
void hide_passphrase(char* argument);

}  // namespace fanlight::cli
