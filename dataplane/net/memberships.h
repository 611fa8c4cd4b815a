// Which groups we are in on one link, told to its routers and switches: a host's side of IGMPv3 (RFC 3376 §5, §7) and
// MLDv2 (RFC 3810 §6, §8), or of the older version that is asked in. Time and frames in, frames out.
//
//   join() ─▶ start(): what is wanted, said `robustness` times ─▶ answers, each a random span after its question
//                ▲ the link is up again ╯                     ╰─▶ leave(): not any more
//
// The groups are the operator's and stay the same between start() and leave(), so a change is always all of them.
// Beside them are, for IPv6, the solicited-node groups of our own addresses: where switches look at MLD, nobody finds
// us without.
//
// Other hosts' reports do not silence ours, as versions 1 and 2 have it: switches want to hear each of us.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"
#include "net/frame.h"
#include "net/group_messages.h"

namespace fanlight::net {

class Memberships {
 public:
  static constexpr std::size_t kSourcesMax = 64;  // Of a group: one record names them all and fits into a frame.

  Memberships(const Interface& interface, std::uint64_t seed);

  // Before start(). Without a source: whoever sends; with several: each of them. False: a family that is not spoken, or
  // too many sources.
  [[nodiscard]] bool join(const IpAddress& group, const std::optional<IpAddress>& source);

  // The link is up, for the first time or again.
  void start(Instant now) noexcept;
  // From now on there is nothing to say but that we left; it is said at once.
  void leave(Instant now) noexcept;
  // Hears a frame judged kGroups; others change nothing.
  void handle_frame(Instant now, ByteSpan frame, const FrameView& view) noexcept;

  // Writes the next due report; answers its size, 0 when none is due. Call until 0.
  [[nodiscard]] std::size_t poll_report(Instant now, MutableByteSpan out) noexcept;
  // When poll_report() may have something to say again.
  [[nodiscard]] Instant next_report_at() const noexcept { return next_due_; }

 private:
  static constexpr std::uint8_t kRobustness = 2;  // Until a router says something else. RFC 3376 §8.1, RFC 3810 §9.1

  enum class Saying : std::uint8_t { kState, kJoin, kLeave };
  struct Group {
    IpAddress ip{};
    bool is_from_anybody = false;
    std::vector<IpAddress> sources{};  // Whom it is wanted from, unless from anybody.
    Instant answer_due = Instant::never();
    std::uint64_t asked = 0;  // Sources that the answer is about, a bit each.
  };
  struct Family {
    bool is_v4 = false;
    ReportSender sender{};
    std::vector<Group> groups{};
    std::uint8_t robustness = kRobustness;
    Micros interval = seconds(125);        // Between general queries.
    std::array<Instant, 2> older_until{};  // How long versions 1 and 2 are spoken, when they are older ones.
    std::uint8_t changes_left = 0;         // How often joins, or leaves, will be said.
    Instant change_due = Instant::never();
    std::size_t change_next = 0;            // A group: those before it are in frames of this time.
    Instant answer_due = Instant::never();  // To a general query.
    std::size_t answer_next = 0;
    [[nodiscard]] std::uint8_t newest() const { return is_v4 ? 3 : 2; }
    [[nodiscard]] std::uint8_t version(Instant now) const {
      for (std::uint8_t older = 1; older < newest(); ++older)
        if (now < older_until[older - 1u]) return older;
      return newest();
    }
  };

  [[nodiscard]] Group& group_of(Family& family, const IpAddress& ip);
  [[nodiscard]] Micros random_up_to(Micros span) noexcept;
  void note_querier(Instant now, Family& family, const GroupQuery& query) noexcept;
  void schedule_answer(Instant due, Group& group, const GroupQuery& query) noexcept;
  void note_due(Instant due) noexcept;
  [[nodiscard]] Instant earliest_due() const noexcept;

  [[nodiscard]] std::size_t poll_family(Instant now, Family& family, MutableByteSpan out) noexcept;
  [[nodiscard]] std::size_t poll_change(Instant now, Family& family, MutableByteSpan out) noexcept;
  [[nodiscard]] std::size_t poll_answer(Instant now, Family& family, MutableByteSpan out) noexcept;
  [[nodiscard]] std::size_t write_some(Instant now, const Family& family, std::size_t& next, Saying what,
                                       MutableByteSpan out) const noexcept;
  [[nodiscard]] std::size_t write_group(Instant now, const Family& family, const Group& group,
                                        MutableByteSpan out) const noexcept;

  std::array<Family, 2> families_;
  std::uint64_t random_;
  bool is_leaving_ = false;
  Instant next_due_ = Instant::never();  // Not later than any due.
};

}  // namespace fanlight::net
