// The balance at the end of a world: what must add up, and the sentences about what does not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fanlight::sim {

class Books {
 public:
  void fail(std::string what);
  void expect_equal(const char* what, std::uint64_t left, std::uint64_t right);
  void expect_at_most(const char* what, std::int64_t value, std::int64_t limit);
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }

 private:
  static constexpr std::size_t kKeptMax = 20;
  std::vector<std::string> failures_;
  std::uint64_t failed_ = 0;
};

class RelayHost;
struct Feed;
struct Watch;
struct WorldSpec;

// The relay's own books, once it has nothing left to do.
void balance_relay(Books& books, RelayHost& relay);
// One viewing session against what was published and what the relay says it left out.
void balance_watch(Books& books, const WorldSpec& spec, const Feed& feed, const Watch& watch, std::uint64_t skipped,
                   bool is_closed_by_relay);

}  // namespace fanlight::sim
