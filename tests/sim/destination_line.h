// What leaves the relay for one destination, datagram by datagram, before any network touches it: in order, dense but
// for what was given up, each payload right, numbers and timestamps going on through everything, reports that agree.
// What is asked for goes again, as it was or as RTX, within its budget.
#pragma once

#include <optional>
#include <vector>

#include "base/strong.h"
#include "books.h"
#include "contract/destination_terms.h"
#include "feed.h"
#include "wire/rtcp.h"
#include "wire/rtp_header.h"
#include "world_spec.h"

namespace fanlight::sim {

class DestinationLine {
 public:
  // `is_of_group`: under SRTP it hears a source that others hear as well. `is_second`: of two legs.
  DestinationLine(const WorldSpec& spec, const Feed& feed, const DestinationTerms& terms, bool is_of_group,
                  bool is_second = false)
      : spec_(spec), feed_(feed), terms_(terms), is_of_group_(is_of_group), is_second_(is_second) {}

  void note_data(Books& books, Instant now, ByteSpan datagram);
  void note_control(Books& books, Instant now, ByteSpan datagram);
  // The session it was told by its own books, and what the relay says it has sent it.
  void balance(Books& books, std::optional<std::uint64_t> packets_sent, std::uint64_t fresh_index, bool is_there) const;
  // What came is new to it: it was sent nothing for a while.
  void break_off() { is_broken_off_ = true; }

  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  [[nodiscard]] std::uint64_t numbers_left_out() const { return numbers_left_out_; }
  [[nodiscard]] Micros wander() const { return wander_; }

 private:
  struct Sent {
    Instant at;
    std::uint64_t index = 0;
    std::uint16_t seq = 0;
    std::int64_t ticks = 0;  // Timestamps unwrapped, from the first on.
    std::uint32_t timestamp = 0;
  };
  struct Report {
    std::int64_t wall_us = 0;
    std::uint32_t timestamp = 0;
  };
  // False: it is no packet that went before.
  [[nodiscard]] bool note_repeat(Books& books, const wire::RtpHeader& header, ByteSpan payload);
  void note_order(Books& books, Instant now, std::uint64_t index, const wire::RtpHeader& header);
  // Payloads that came behind the first of their publication that came, which is that one: there is no place for them.
  [[nodiscard]] std::uint64_t overtaken_by(std::uint64_t first) const;
  void note_time(Books& books, const Sent& sent);
  void check_marks(Books& books, const Sent& sent, const wire::RtpHeader& header) const;
  void note_report(Books& books, Instant now, const wire::SenderReport& report);
  // What it carries has its own clock, of which the source's reports tell.
  [[nodiscard]] bool has_own_clock() const { return spec_.is_opaque; }
  [[nodiscard]] bool is_on_source_clock(const wire::SenderReport& report) const;
  void check_count(Books& books, const wire::SenderReport& report) const;
  void note_bye() { is_over_ = true; }
  void fail(Books& books, const std::string& what) const;

  const WorldSpec& spec_;
  const Feed& feed_;
  const DestinationTerms terms_;
  const bool is_of_group_;
  const bool is_second_;
  std::optional<std::uint32_t> ssrc_;
  std::vector<std::int64_t> indices_ = std::vector<std::int64_t>(65'536, -1);  // By number; for those who ask.
  std::uint64_t repeated_ = 0;
  std::optional<Sent> last_;
  std::optional<Report> report_;
  std::uint64_t reports_on_source_clock_ = 0;
  std::uint64_t first_index_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t left_out_ = 0;          // Payloads that reached the relay, and were not sent while it was there.
  std::uint64_t numbers_left_out_ = 0;  // Positions that were given up.
  bool is_broken_off_ = false;
  bool is_over_ = false;  // The relay said BYE.
  // --- of one publication: what the timestamps are ahead of its publisher's clock.
  std::uint32_t publication_ = 0;
  std::int64_t ahead_min_ = 0;
  std::int64_t ahead_max_ = 0;
  Micros wander_{};
};

}  // namespace fanlight::sim
