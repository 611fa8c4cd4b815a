// Answers control's questions about sessions and streams, a few in each breath, as the event ring has room.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "contract/mailbox.h"
#include "worker/sessions.h"

namespace fanlight {

struct StreamEntry {
  Stream* stream = nullptr;
  Session* publisher = nullptr;
  std::uint32_t sessions = 0;  // Calls and those that are closing included: control is to hear of their end first.
  bool is_removing = false;
  bool is_distributed = false;          // Other workers are to hear of it: of our publisher, or of its end.
  bool has_publisher_abroad = false;    // On another worker, which tells us ...
  PacketPos missing_abroad{};           // ... up to where its packets are held or given up.
  rtp::CanonicalName told_name{};       // Of its reports, as far as control knows.
  std::optional<Instant> unfit_told{};  // That some of it is not sent to destinations.
};

class Reporter {
 public:
  Reporter(Sessions& sessions, std::span<const StreamEntry> streams, const srt::RangePool& ranges, Mailbox& mailbox)
      : sessions_(sessions), streams_(streams), ranges_(ranges), mailbox_(mailbox) {}

  void ask(const command::AskReport& question) noexcept;
  void answer(Instant now) noexcept;
  [[nodiscard]] bool is_idle() const noexcept { return jobs_first_ == jobs_end_; }

 private:
  struct Job {
    std::uint64_t ticket = 0;
    SocketId socket;
    std::size_t slot = 0;    // The next session to look at.
    std::size_t stream = 0;  // The next stream.
  };
  [[nodiscard]] bool answer_job(Instant now, Job& job, std::size_t& budget) noexcept;
  [[nodiscard]] bool report_session(Instant now, const Job& job, Session& session) noexcept;
  [[nodiscard]] bool report_stream(const Job& job, std::size_t index) noexcept;

  static constexpr std::size_t kJobs = 16;
  Sessions& sessions_;
  std::span<const StreamEntry> streams_;
  const srt::RangePool& ranges_;
  Mailbox& mailbox_;
  std::array<Job, kJobs> jobs_{};  // A ring. A question that finds it full gets no answer; control asks again.
  std::size_t jobs_first_ = 0;
  std::size_t jobs_end_ = 0;
};

// A session's figures, from its engine and its stream.
[[nodiscard]] SessionStats stats_of(const Session& session, const srt::RangePool& ranges) noexcept;

}  // namespace fanlight
