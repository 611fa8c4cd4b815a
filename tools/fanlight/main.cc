#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "api/socket_path.h"
#include "fanlight/access.h"
#include "fanlight/capacity.h"
#include "fanlight/commands.h"
#include "fanlight/tables.h"
#include "fanlight/version.h"

namespace fanlight::cli {
namespace {

// A user's own relay first; a user without one most likely means the system's.
std::string usual_api_path() {
  const std::string path = control::default_api_path();
  const bool is_there = access(path.c_str(), F_OK) == 0;
  return !is_there && access(control::kSystemApiPath, F_OK) == 0 ? control::kSystemApiPath : path;
}

// The command line: what the user meant is left in `run`.
struct CommandLine {
  CommandLine();
  CLI::App* command(CLI::App& parent, const char* name, const char* what, const char* example);
  void add_stream_commands();
  void add_session_commands();
  void add_ban_commands();
  void add_key_commands();
  void add_key_ring_commands(CLI::App& group);
  void add_policy_commands();
  void add_feed_commands();
  void add_key_place(CLI::App& verb, KeyOfWhom& whom);
  CLI::Option* add_span(CLI::App& verb, const char* option, const char* what);
  void add_capacity_command();
  void add_call_commands(const char* role, const char* what, const char* example);

  CLI::App app{"fanlight shows and steers a running fanlightd."};
  Context context{usual_api_path()};
  CapacityQuestion capacity;
  NewStream stream;
  NewCall call;
  PolicyQuestion question;
  KeyToSet key;
  KeyToExpire end;
  std::string span_text;
  NewBan ban_order;
  std::string ban_span;
  std::string name;
  std::string output;
  bool shows_keys = false;
  std::uint32_t id = 0;
  std::function<int()> run;
};

CLI::App* CommandLine::command(CLI::App& parent, const char* what_name, const char* what, const char* example) {
  CLI::App* added = parent.add_subcommand(what_name, what);
  added->footer(std::string{"Example:\n  "} + example);
  added->fallthrough();  // --json and --api are understood after the command as well.
  return added;
}

CommandLine::CommandLine() {
  app.footer(
      "Examples:\n  fanlight status\n  fanlight sessions --stream live/main --json\n\n"
      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.");
  app.add_option("--api", context.api, "the relay's control socket")->envname("FANLIGHT_API")->type_name("PATH");
  app.set_version_flag("--version", std::string{"fanlight "} + kVersion, "this program's version; see also `version`");
  app.add_flag("--json", context.is_json, "print JSON: the API's answer");
  app.require_subcommand(1);
  command(app, "status", "what the relay does, in totals", "fanlight status")->callback([this] {
    run = [this] { return show_status(context); };
  });
  command(app, "version", "versions of this program and of the relay", "fanlight version")->callback([this] {
    run = [this] { return show_version(context); };
  });
  add_stream_commands();
  add_session_commands();
  add_ban_commands();
  add_key_commands();
  add_policy_commands();
  add_capacity_command();
  add_feed_commands();
  add_call_commands("viewer", "push a stream out: call a listener that is sent the stream, or send it as RTP",
                    "fanlight viewer add 'srt://cdn.example.net:7000?streamid=in&latency=200' --stream live/main\n  "
                    "fanlight viewer add 'rtp://239.10.0.1:5004?ttl=8' --stream live/main");
  add_call_commands("publisher", "pull a stream in: call a listener that feeds the stream",
                    "fanlight publisher add 'srt://camera.example.net:7000' --stream live/camera");
}

void CommandLine::add_stream_commands() {
  command(app, "streams", "all streams", "fanlight streams")->callback([this] {
    run = [this] { return list_streams(context); };
  });
  CLI::App* group =
      command(app, "stream", "add or remove a stream", "fanlight stream add live/second --latency-ms 200");
  group->require_subcommand(1);
  CLI::App* add = command(*group, "add", "add a stream until the relay ends",
                          "fanlight stream add live/second --latency-ms 200 --publish-passphrase-file key.txt");
  add->add_option("NAME", stream.name, "live/main, or a pattern like 'live/*'")->required();
  add->add_option("--latency-ms", stream.latency_ms, "latency asked of publishers, the least a viewer plays with");
  add->add_option("--latency-max-ms", stream.latency_max_ms, "a session that wants more gets this");
  add->add_option("--bitrate-max-mbps", stream.bitrate_max_mbps, "what the stream's history is made for");
  add->add_option("--gop-max-ms", stream.gop_max_ms, "the history also holds so much to start viewers with a picture");
  add->add_option("--join", stream.join, "where viewers start: at the last picture, or with the next packet")
      ->check(CLI::IsMember({"keyframe", "live"}));
  add->add_option("--join-rate-max-mbps", stream.join_rate_max_mbps, "what a viewer that starts gets at most");
  add->add_flag("--no-wait", stream.no_wait, "refuse viewers who come before the publisher");
  add->add_option("--publish-passphrase-file", stream.publish_passphrase_file,
                  "file whose first line publishers must know")
      ->type_name("FILE");
  add->add_option("--view-passphrase-file", stream.view_passphrase_file, "file whose first line viewers must know")
      ->type_name("FILE");
  add->callback([this] { run = [this] { return add_stream(context, stream); }; });
  CLI::App* remove = command(*group, "remove", "end a stream and its sessions", "fanlight stream remove live/second");
  remove->add_option("NAME", name, "as `fanlight streams` shows it")->required();
  remove->callback([this] { run = [this] { return remove_stream(context, name); }; });
}

void CommandLine::add_capacity_command() {
  CLI::App* measure = command(app, "capacity", "measure how many viewers this host holds, and what limits it",
                              "fanlight capacity --config /etc/fanlight/fanlight.toml\n  fanlight capacity --config "
                              "examples/fanlight.toml --bitrate 5 --viewers 400\n  fanlight capacity --encrypted 128 "
                              "--json\n\nTakes some seconds of two cores; nothing leaves this host. docs/capacity.md");
  measure->add_option("--config", capacity.config, "the relay's configuration: port, workers, cores, listen addresses")
      ->type_name("FILE")
      ->capture_default_str();
  measure
      ->add_option("--bitrate", capacity.megabits, "of the streams, Mb/s; may be given again (default 1, 2.5, 5, 10)")
      ->check(CLI::Range(0.05, 1000.0));
  measure->add_option("--viewers", capacity.viewers, "also say what share of a worker's time so many take")
      ->check(CLI::Range(1, 10'000'000));
  measure->add_option("--encrypted", capacity.key_bits, "viewers with AES keys of so many bits")
      ->check(CLI::IsMember({128, 192, 256}));
  measure->add_option("--fanlightd", capacity.fanlightd, "the relay's program, which measures")
      ->envname("FANLIGHTD")
      ->type_name("FILE");
  measure->callback([this] { run = [this] { return measure_capacity(capacity, context.is_json); }; });
}

void CommandLine::add_session_commands() {
  CLI::App* list = command(app, "sessions", "publishers and viewers", "fanlight sessions --stream live/main");
  list->add_option("--stream", name, "of this stream only");
  list->callback([this] { run = [this] { return list_sessions(context, name); }; });
  CLI::App* events = command(app, "events", "what happens to sessions, as it happens, until Ctrl-C",
                             "fanlight events --stream 'live/*'\n  fanlight events --json | jq .reason");
  events->add_option("--stream", name, "of this stream, or of those under a pattern, only");
  events->callback([this] { run = [this] { return follow_events(context, name); }; });
  CLI::App* show = command(app, "session", "one session's statistics", "fanlight session 17");
  show->add_option("ID", id, "as `fanlight sessions` shows it")->required();
  show->callback([this] { run = [this] { return show_session(context, id); }; });
  CLI::App* cut = command(app, "kick", "end a session", "fanlight kick 17");
  cut->add_option("ID", id, "as `fanlight sessions` shows it")->required();
  cut->callback([this] { run = [this] { return kick(context, id); }; });
}

void CommandLine::add_ban_commands() {
  CLI::App* shut =
      command(app, "ban", "shut an address or a prefix out: its sessions end, its handshakes are not heard",
              "fanlight ban 203.0.113.7 --for 10m --reason 'guesses passphrases'\n  fanlight ban "
              "2001:db8::/32\n\nA ban ends with its time, with `fanlight unban`, or with the relay.");
  shut->add_option("PREFIX", ban_order.prefix, "203.0.113.7, 203.0.113.0/24, 2001:db8::1 or 2001:db8::/32")->required();
  shut->add_option("--for", ban_span, "90s, 10m, 2h or 7d; without it until it is lifted or the relay ends")
      ->type_name("SPAN")
      ->check([](const std::string& text) {
        return parse_span(text) ? std::string{} : "a span is a number and s, m, h or d: 10m";
      });
  shut->add_option("--reason", ban_order.reason, "for those who read `fanlight bans`")->type_name("TEXT");
  shut->callback([this] {
    ban_order.seconds = parse_span(ban_span);
    run = [this] { return ban(context, ban_order); };
  });
  CLI::App* open = command(app, "unban", "let an address or a prefix in again", "fanlight unban 203.0.113.0/24");
  open->add_option("PREFIX", name, "as `fanlight bans` shows it")->required();
  open->callback([this] { run = [this] { return unban(context, name); }; });
  command(app, "bans", "who is shut out, and for how long", "fanlight bans --json")->callback([this] {
    run = [this] { return list_bans(context); };
  });
}

void CommandLine::add_key_commands() {
  CLI::App* group =
      command(app, "key", "passphrases, and the keys that viewers' packets are encrypted with", "fanlight key list");
  group->require_subcommand(1);
  add_key_ring_commands(*group);
  CLI::App* rotate = command(*group, "rotate", "give encrypted viewers another key, without a packet lost",
                             "fanlight key rotate live/main\n  fanlight key rotate 'live/*' --json\n  "
                             "fanlight key rotate --session 17\n\nPublishers renew their keys themselves.");
  rotate->add_option("STREAM", name, "all viewers of this stream, or of a pattern like 'live/*'");
  rotate->add_option("--session", id, "this viewer alone; an ID as `fanlight sessions` shows it")
      ->check(CLI::Range(1, 0x3FFF'FFFF));
  rotate->callback([this] {
    if (name.empty() && id == 0) throw CLI::RequiredError("STREAM or --session");
    run = [this] { return rotate_keys(context, name, id); };
  });
}

void CommandLine::add_key_place(CLI::App& verb, KeyOfWhom& whom) {
  verb.add_option("STREAM", whom.stream, "live/main, or a pattern like 'live/*'")->required();
  verb.add_flag("--publish", whom.publishes, "of publishers");
  verb.add_flag("--view", whom.views, "of viewers");
  // A variable of a script that is not set must not mean everybody.
  const auto is_name = [](const std::string& text) { return text.empty() ? std::string{"empty"} : std::string{}; };
  CLI::Option* user = verb.add_option("--user", whom.user, "of the one who says u= this")->check(is_name);
  verb.add_option("--group", whom.group, "of this group, as policies and tokens have it")
      ->check(is_name)
      ->excludes(user);
}

CLI::Option* CommandLine::add_span(CLI::App& verb, const char* option, const char* what) {
  return verb.add_option(option, span_text, what)->type_name("SPAN")->check([](const std::string& text) {
    return parse_span(text) ? std::string{} : "a span is a number and s, m, h or d: 10m";
  });
}

void CommandLine::add_key_ring_commands(CLI::App& group) {
  CLI::App* set = command(group, "set", "set a passphrase for new sessions, until the relay ends",
                          "fanlight key set live/main --view --user bob --passphrase-file bob.key\n  fanlight key set "
                          "'live/*' --publish --expires 2h < key.txt\n  fanlight key set live/main --view "
                          "--kick\n\nWithout a file one line of stdin is read; a "
                          "terminal asks for it and does not show it.");
  add_key_place(*set, key.whom);
  set->add_option("--passphrase-file", key.passphrase_file, "file whose first line is the passphrase")
      ->type_name("FILE");
  add_span(*set, "--expires", "90s, 10m, 2h or 7d from now; without it never");
  set->add_flag("--kick", key.kicks, "end the sessions that need it and came in with another, or with none");
  set->callback([this] {
    if (!key.whom.publishes && !key.whom.views) throw CLI::RequiredError("--publish, --view or both");
    key.expires_s = parse_span(span_text);
    run = [this] { return set_key(context, key); };
  });
  command(group, "list", "who needs a passphrase, since when and until when; never what it is", "fanlight key list")
      ->callback([this] { run = [this] { return list_keys(context); }; });
  CLI::App* expire = command(
      group, "expire", "let nobody in with a passphrase any more: they hear 2423",
      "fanlight key expire live/main --view --user bob\n  fanlight key expire live/main --in 10m "
      "--kick\n\nWithout a direction: both of the stream. The last word counts: without --kick it takes back a kick "
      "that is to come. Set another one to open it again.");
  add_key_place(*expire, end.whom);
  add_span(*expire, "--in", "90s, 10m, 2h or 7d from now; without it at once");
  expire->add_flag("--kick", end.kicks, "then end the sessions that came in with it, or with an earlier one");
  expire->callback([this] {
    end.in_s = parse_span(span_text).value_or(0);
    run = [this] { return expire_keys(context, end); };
  });
  CLI::App* kick = command(group, "kick", "end the sessions that came in with an earlier passphrase",
                           "fanlight key kick live/main --view\n\nThey need another one now: see EARLIER in "
                           "`fanlight key list`. Who came in with the present one stays.");
  add_key_place(*kick, end.whom);
  kick->callback([this] { run = [this] { return kick_earlier(context, end.whom); }; });
}

void CommandLine::add_policy_commands() {
  CLI::App* group = command(app, "policy", "who may publish and view", "fanlight policy list");
  group->require_subcommand(1);
  command(*group, "list", "the policies, in the order in which they are tried", "fanlight policy list")
      ->callback([this] { run = [this] { return list_policies(context); }; });
  CLI::App* check = command(
      *group, "check", "what would become of a caller, and which policy decides",
      "fanlight policy check '#!::r=live/main,m=request,u=bob' --from 203.0.113.7\n  fanlight "
      "policy check publish:live/main --from '[2001:db8::1]:5000' --at 2026-12-24T18:00:00+01:00\n  fanlight policy "
      "check '' --from 203.0.113.7 --listen 192.0.2.1:9001\n\n"
      "Nothing is changed, and no webhook asked. Exit codes: 0 let in, or a webhook decides; 1 "
      "turned away; 2 no answer: wrong usage, or no relay.");
  check->add_option("STREAMID", question.stream_id, "as the caller sends it; '' for a caller without one")->required();
  check->add_option("--from", question.from, "its address, with its port or without")
      ->type_name("ADDRESS[:PORT]")
      ->required();
  check->add_option("--listen", question.listen, "the relay's address that it calls, where there are several")
      ->type_name("ADDRESS:PORT");
  check->add_option("--at", question.at, "then, instead of now")->type_name("TIME");
  check->callback([this] { run = [this] { return check_policy(context, question); }; });
}

void CommandLine::add_feed_commands() {
  CLI::App* group =
      command(app, "feed", "RTP and bare transport streams that come in without a call", "fanlight feed list");
  group->require_subcommand(1);
  command(*group, "list", "the feeds of the configuration, and who sends", "fanlight feed list")->callback([this] {
    run = [this] { return list_feeds(context); };
  });
  CLI::App* sdp =
      command(app, "sdp", "what receivers of a stream's RTP output must know, as a session description",
              "fanlight sdp live/main > main.sdp\n  fanlight sdp live/main rtp://239.1.2.3:5004 > main.sdp");
  sdp->add_option("STREAM", name, "as `fanlight streams` shows it")->required();
  sdp->add_option("ID|URL", output,
                  "of several outputs, as `fanlight viewer list` shows them; the URL's options may be left out");
  sdp->add_flag("--with-keys", shows_keys, "show the key of one that is sent SRTP: what is printed is a secret then");
  sdp->callback([this] { run = [this] { return show_sdp(context, name, output, shows_keys); }; });
}

// Listeners that the relay calls, by what they are to the stream.
void CommandLine::add_call_commands(const char* role, const char* what, const char* example) {
  const std::string verb = std::string{"fanlight "} + role;
  const bool is_viewer = std::string_view{role} == "viewer";
  CLI::App* group = command(app, role, what, example);
  group->require_subcommand(1);
  CLI::App* add = command(*group, "add", what, example);
  add->add_option("URL", call.url,
                  std::string{"srt://HOST:PORT?streamid=NAME&latency=MILLISECONDS&pbkeylen=16|24|32&passphrase=SECRET; "
                              "values percent-encoded"} +
                      (is_viewer ? ". Or, without a call, rtp://ADDRESS:PORT?pt=33&ttl=8&source=ADDRESS&interface=NAME"
                                   "&rtcp=next_port|same_port|off&nack=1&rtx_pt=97&fec=1&second=ADDRESS:PORT, or "
                                   "udp://ADDRESS:PORT for a bare transport stream; docs/configuration.md tells each"
                                 : ""))
      ->required();
  add->add_option("--stream", call.stream, "the relay's stream")->required();
  add->add_option("--passphrase-file", call.passphrase_file,
                  "file whose first line encrypts the session; an argument can be seen in `ps`")
      ->type_name("FILE");
  if (is_viewer)
    add->add_option("--srtp-file", call.srtp_file,
                    "file whose first line is an SRTP key, SUITE inline:BASE64 as SDES writes it, for an rtp:// URL; "
                    "/dev/stdin reads a pipe")
        ->type_name("FILE");
  add->callback([this, role] {
    call.role = role;
    run = [this] { return add_call(context, call); };
  });
  CLI::App* remove = command(*group, "remove", "end the session and call no more", (verb + " remove 3").c_str());
  remove->add_option("ID", id, "as the list shows it")->required();
  remove->callback([this, role] { run = [this, role] { return remove_call(context, role, id); }; });
  command(*group, "list", "whom the relay calls, and what became of it", (verb + " list").c_str())
      ->callback([this, role] { run = [this, role] { return list_calls(context, role); }; });
}

// The first word that is no command of ours; empty when a command is merely missing.
std::string unknown_word(const CLI::App& app, const CLI::ParseError& error) {
  const bool is_command_missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  const std::vector<std::string> words = app.remaining(true);
  return is_command_missing && !words.empty() ? words.front() : "";
}

int refuse(const std::string& word, const CLI::App& app) {
  std::string parent = "fanlight";
  for (const char* group : {"stream", "viewer", "publisher", "key", "policy", "feed"})
    if (app.got_subcommand(group)) parent = std::string{"fanlight "} + group;
  const char* kind = word.front() == '-' ? "option" : "command";
  std::fprintf(stderr, "%s: unknown %s %s\nRun %s --help for more information.\n", parent.c_str(), kind,
               printable(word).c_str(), parent.c_str());
  return 2;
}

}  // namespace
}  // namespace fanlight::cli

int main(int argc, char** argv) {
  fanlight::cli::CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::string word = fanlight::cli::unknown_word(line.app, error);
    if (!word.empty()) return fanlight::cli::refuse(word, line.app);
    return line.app.exit(error) == 0 ? 0 : 2;
  }
  for (int i = 1; i < argc; ++i) fanlight::cli::hide_passphrase(argv[i]);  // Copied by now.
  return line.run();
}
