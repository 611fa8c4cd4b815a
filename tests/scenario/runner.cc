#include "runner.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <sstream>
#include <stdexcept>

namespace fanlight::scenario {
namespace {

Micros parse_span(std::string_view text) {
  std::size_t used = 0;
  const double value = std::stod(std::string(text), &used);
  const std::string_view unit = text.substr(used);
  if (unit == "ms") return micros(std::llround(value * 1e3));
  if (unit == "s" || unit.empty()) return micros(std::llround(value * 1e6));
  throw std::runtime_error("a span is like 20ms or 1.5s, not " + std::string(text));
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  std::string one_spaced;
  for (std::istringstream words(text); !words.eof();) {
    std::string word;
    if (words >> word) one_spaced += (one_spaced.empty() ? "" : " ") + word;
  }
  return one_spaced;
}

void parse_peer(Script& script, std::istringstream& words) {
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (key == "latency") {
      script.latency = parse_span(value);
    } else if (key == "first") {
      script.first_seq = static_cast<std::uint32_t>(std::stoul(value));
    } else if (key == "window") {
      script.window_packets = static_cast<std::uint32_t>(std::stoul(value));
    } else {
      throw std::runtime_error("peer knows latency, first and window, not " + key);
    }
  }
}

Line parse_event(const std::string& moment, std::istringstream& words, const Script& script) {
  Line line;
  if (moment == "...") {
    if (script.lines.empty()) throw std::runtime_error("nothing to repeat");
    line.is_repeated = true;
    line.at = script.lines.back().at;
  } else {
    line.at = Instant{} + parse_span(moment);
    if (!script.lines.empty() && line.at < script.lines.back().at) throw std::runtime_error("time runs backwards");
  }
  if (!(words >> line.kind) || std::string_view("<>!.").find(line.kind) == std::string_view::npos)
    throw std::runtime_error("a line says < > ! or .");
  std::getline(words, line.what);
  if (const auto every = line.what.find(" every "); every != std::string::npos) {
    line.every = parse_span(trimmed(line.what.substr(every + 7)));
    line.what.resize(every);
  }
  line.what = trimmed(line.what);
  if (line.is_repeated != (line.every > Micros{})) throw std::runtime_error("... and every belong together");
  return line;
}

// What must be said, at its moment. A repeated line becomes one entry for each repetition before `until`.
struct Expected {
  Instant at;
  std::string words;
  int number;
};

std::string stamp(Instant at) {
  std::ostringstream out;
  out.precision(6);
  out << std::fixed << static_cast<double>(at.us) / 1e6;
  return out.str();
}

std::deque<Expected> expectations(const Script& script) {
  std::deque<Expected> all;
  for (std::size_t i = 0; i < script.lines.size(); ++i) {
    const Line& line = script.lines[i];
    if (line.kind != '>' && line.kind != '!') continue;
    const std::string words = std::string(1, line.kind) + " " + line.what;
    if (!line.is_repeated) {
      all.push_back({line.at, words, line.number});
      continue;
    }
    const Instant until = i + 1 < script.lines.size() ? script.lines[i + 1].at : line.at;
    for (Instant at = line.at + line.every; at < until; at = at + line.every) all.push_back({at, words, line.number});
  }
  return all;
}

// Compares what was said at `now` with what was written for it. Order within one moment is the engine's own.
std::string compare(Instant now, std::vector<std::string> said, std::deque<Expected>& expected) {
  while (!expected.empty() && expected.front().at <= now) {
    const Expected want = expected.front();
    expected.pop_front();
    const auto found = std::find(said.begin(), said.end(), want.words);
    if (want.at < now || found == said.end())
      return "line " + std::to_string(want.number) + ": at " + stamp(want.at) + " expected \"" + want.words + "\"" +
             (said.empty() ? ", nothing was said" : ", it was \"" + said.front() + "\"");
    said.erase(found);
  }
  return said.empty() ? "" : "at " + stamp(now) + " unexpected \"" + said.front() + "\"";
}

}  // namespace

Script parse(std::istream& in) {
  Script script;
  int number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    std::istringstream words(text.substr(0, text.find('#')));
    std::string first;
    if (!(words >> first)) continue;
    try {
      if (first == "engine") {
        words >> script.engine;
      } else if (first == "peer") {
        parse_peer(script, words);
      } else {
        script.lines.push_back(parse_event(first, words, script));
        script.lines.back().number = number;
      }
    } catch (const std::exception& why) {
      throw std::runtime_error("line " + std::to_string(number) + ": " + why.what());
    }
  }
  return script;
}

std::unique_ptr<Subject> make_subject(const Script& script) {
  if (script.engine == "receiver") return make_receiver(script);
  if (script.engine == "sender") return make_sender(script);
  if (script.engine == "caller") return make_caller(script);
  if (script.engine == "joiner") return make_joiner(script);
  if (script.engine == "rtp_receiver") return make_rtp_receiver(script);
  if (script.engine == "rtp_sender") return make_rtp_sender(script);
  throw std::runtime_error("a script names its engine: receiver, sender, caller, joiner, rtp_receiver or rtp_sender");
}

std::string play(const Script& script, Subject& subject) {
  std::deque<Expected> expected = expectations(script);
  std::size_t next = 0;
  const Instant end = script.lines.empty() ? Instant{} : script.lines.back().at;
  for (Instant now{}; now <= end;) {
    for (; next < script.lines.size() && script.lines[next].at <= now; ++next)
      if (script.lines[next].kind == '<') subject.hear(now, script.lines[next].what);
    if (std::string why = compare(now, subject.speak(now), expected); !why.empty()) return why;
    const Instant heard = next < script.lines.size() ? script.lines[next].at : Instant::never();
    const Instant due = std::min(subject.next_deadline(), heard);
    if (due <= now) return "at " + stamp(now) + " the engine asks to be woken for a moment that is past";
    if (due > end && now < end) {
      now = end;
    } else {
      now = due;
    }
  }
  return expected.empty() ? "" : "line " + std::to_string(expected.front().number) + " never came";
}

}  // namespace fanlight::scenario
