// Puts the workers' figures and control's names together. A report is open from AskReport to every worker's ReportEnd,
// then waits to be taken; one that nobody takes gives way to newer ones.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/rules.h"
#include "contract/commands.h"

namespace fanlight::control {

struct StreamView {  // A stream as the API shows it.
  std::string name;
  StreamRule rule;                      // Passphrases are left out ...
  bool has_publish_passphrase = false;  // ... and only whether they exist is said.
  bool has_view_passphrase = false;
  bool is_dynamic = false;  // Born under a pattern.
  bool is_removed = false;  // Waits for its sessions to end.
  event::StreamReport report;

  // Another worker's word on the same stream. Each has all its packets, and viewers of its own.
  void add(const event::StreamReport& other);
};
constexpr const char* kRtpAgent = "RTP";  // A feed, or a destination.

struct SessionView {
  std::string stream;
  std::string user;   // u= of the stream ID; empty when absent.
  std::string agent;  // Peer's SRT version, "1.5.1", or kRtpAgent.
  bool is_encrypted = false;
  std::uint32_t call = 0;  // The call of ours that it came from; 0: it called us.
  event::SessionReport report;
};
struct Report {
  std::vector<StreamView> streams;
  std::vector<SessionView> sessions;
};

class ReportDesk {
 public:
  static constexpr std::size_t kHeldMax = 64;

  // `answers`: how many ReportEnds close it.
  [[nodiscard]] std::uint64_t open(std::size_t answers = 1);
  // The open report of that ticket; null when it is closed or gave way.
  [[nodiscard]] Report* find_open(std::uint64_t ticket);
  // One of them.
  void close(std::uint64_t ticket);
  // Once, and only when it is closed.
  [[nodiscard]] std::optional<Report> take(std::uint64_t ticket);

 private:
  struct Held {
    std::size_t answers_missing = 0;
    Report report;
  };
  std::map<std::uint64_t, Held> held_;  // By ticket: oldest first.
  std::uint64_t last_ticket_ = 0;
};

}  // namespace fanlight::control
