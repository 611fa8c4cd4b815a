// Plays a conversation with an engine in virtual time and says where it went otherwise than written.
//
//   # comment                          engine receiver | sender | caller | joiner | rtp_receiver | rtp_sender
//   peer latency=120ms first=100 window=8192
//   0.005 < data 102                   the peer says this at 5 ms
//   0.005 > nak 101-103,105            the engine says exactly this, at that moment
//   ...   > nak 101 every 20ms         and again each 20 ms, up to the next line that has a moment of its own
//   0.122 ! dropped 101 too_late       the engine has decided this (given up, refused, ended) at that moment
//   0.140 . silence                    from the line before until now, nothing
//
// All that the engine says between two moments must be written. Moments are seconds since the session opened.
#pragma once

#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace fanlight::scenario {

struct Line {
  int number = 0;
  Instant at;
  bool is_repeated = false;  // "...": each `every`, until the next line's moment.
  Micros every;
  char kind = '.';   // < > ! .
  std::string what;  // Without comment and "every".
};

struct Script {
  std::string engine;
  Micros latency = millis(120);
  std::uint32_t first_seq = 100;
  std::uint32_t window_packets = 8192;
  std::vector<Line> lines;
};

// Throws std::runtime_error naming the line.
[[nodiscard]] Script parse(std::istream& in);

// What an engine under test offers to the runner. Words are those of the script.
class Subject {
 public:
  virtual ~Subject() = default;
  // Takes what the peer says.
  virtual void hear(Instant now, std::string_view words) = 0;
  // Lets the engine speak until it is silent; answers its words ("> ack 103", "! dropped 101 too_late"), in order.
  virtual std::vector<std::string> speak(Instant now) = 0;
  [[nodiscard]] virtual Instant next_deadline() const = 0;
};
[[nodiscard]] std::unique_ptr<Subject> make_receiver(const Script& script);
[[nodiscard]] std::unique_ptr<Subject> make_sender(const Script& script);
[[nodiscard]] std::unique_ptr<Subject> make_caller(const Script& script);
[[nodiscard]] std::unique_ptr<Subject> make_joiner(const Script& script);
[[nodiscard]] std::unique_ptr<Subject> make_rtp_receiver(const Script& script);
[[nodiscard]] std::unique_ptr<Subject> make_rtp_sender(const Script& script);
// By the name that the script gives.
[[nodiscard]] std::unique_ptr<Subject> make_subject(const Script& script);

// Empty when everything went as written; otherwise one line of explanation.
[[nodiscard]] std::string play(const Script& script, Subject& subject);

}  // namespace fanlight::scenario
