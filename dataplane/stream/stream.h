// One live feed: its history, its clock, its publisher's place and its viewers. It holds each packet once and never
// knows a protocol's rules.
//
//   admit ──▶ history ──▶ pass over the audience (fan_out) ──▶ transmit queue
//                 ├─────▶ repair, catch-up (joining, lagging and parked viewers)
//                 ╰─────▶ release, in order, to those that do not call (destinations)
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "contract/commands.h"
#include "contract/limits.h"
#include "packet/fresh.h"
#include "stream/access_index.h"
#include "stream/audience.h"
#include "stream/fec_out.h"
#include "stream/history.h"
#include "stream/packet_rate.h"
#include "stream/release.h"
#include "stream/report_clock.h"
#include "stream/stream_clock.h"
#include "stream/viewer.h"
#include "stream/viewer_list.h"
#include "wire/ts_packet.h"

namespace fanlight {

class Stream {
 public:
  // `slots` is a power of two; `viewers_max` bounds those that are live.
  Stream(std::size_t slots, std::size_t viewers_max, const StreamOptions& options);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // A run of positions on its way to everybody, and the late ones that came with it.
  struct Pass {
    bool active = false;
    bool is_late_done = false;  // Everybody had the late ones.
    PacketPos first;
    PacketPos end;  // Exclusive.
    std::size_t late_count = 0;
    std::array<PacketPos, kFreshMax> late{};
    // What was held when the pass began. A gap of the run that is filled later belongs to the next pass.
    std::size_t packets = 0;
    std::array<FreshPacket, kFreshMax> held{};
    std::uint64_t bytes = 0;
    std::size_t payload_bytes_max = 0;
    [[nodiscard]] std::span<FreshPacket> fresh() noexcept { return std::span(held).first(packets); }
  };

  // Takes a packet of the publisher; what is accepted goes to the viewers with the next pass. `arrived`: when it came
  // to this relay, before another worker handed it over; the clock goes by that.
  [[nodiscard]] Verdict admit(Instant now, PacketPos pos, StreamTime time, PacketRef& packet, Instant arrived,
                              const RtpMarks& marks) noexcept;
  [[nodiscard]] Verdict admit(Instant now, PacketPos pos, StreamTime time, PacketRef& packet,
                              const RtpMarks& marks) noexcept {
    return admit(now, pos, time, packet, now, marks);
  }
  [[nodiscard]] Verdict admit(Instant now, PacketPos pos, StreamTime time, PacketRef& packet) noexcept {
    return admit(now, pos, time, packet, now, RtpMarks::of(time));
  }
  // The publisher's numbers moved on without a packet (undecryptable, dropped by request).
  void advance_to(PacketPos pos) noexcept { history_.advance_to(pos); }

  // It waits for its turn to start.
  void add_viewer(Viewer& viewer) noexcept;
  void remove_viewer(Viewer& viewer) noexcept;
  // It gets nothing more; its figures stay.
  void dismiss(Viewer& viewer) noexcept;
  // Between passes: to the live set, or out of it.
  [[nodiscard]] bool enter_live(Viewer& viewer) noexcept;
  void leave_live(Viewer& viewer) noexcept;
  // At any time, for those that are not live.
  void start_lagging(Viewer& viewer) noexcept;
  void park(Viewer& viewer) noexcept;
  // It has what the live set has, but was not heard: it is served on its own until it is.
  void await_word(Viewer& viewer) noexcept;
  // For the first time.
  void note_heard(Instant now, Viewer& viewer) noexcept;

  [[nodiscard]] bool has_fresh() const noexcept { return served_next_ < history_.next() || late_count_ > 0; }
  // When what no pass has taken yet is to leave; far away when there is nothing.
  [[nodiscard]] Instant pass_due() const noexcept { return has_fresh() ? pass_due_ : Instant::never(); }
  void begin_pass(Instant now) noexcept;
  // Everybody had the late ones; now the fresh run goes round.
  void end_late() noexcept;
  void end_pass(Instant now) noexcept;
  // The position right after the last one `viewer` was sent.
  [[nodiscard]] PacketPos next_for(const Viewer& viewer) const noexcept;
  // It had some packets of the pass and waits for the others: until then, that position stands only in the audience.
  [[nodiscard]] bool is_within_pass(const Viewer& viewer) const noexcept;
  [[nodiscard]] StreamEdge edge_for(const Viewer& viewer) const noexcept;
  // Fresh packets and payload bytes `viewer` got so far.
  [[nodiscard]] std::uint64_t packets_sent_to(const Viewer& viewer) const noexcept;
  [[nodiscard]] std::uint64_t bytes_sent_to(const Viewer& viewer) const noexcept;

  // Its window moved. The live set is looked through when a pass goes beyond the narrowest; who was parked goes on.
  void note_window(Instant now, Viewer& viewer) noexcept;
  void close_windows(PacketPos pass_end) noexcept;
  // The largest payload that every live viewer takes, or less.
  [[nodiscard]] std::size_t payload_limit() const noexcept { return payload_limit_; }
  // At the beginning of a pass: viewers whose MSS does not hold a packet of it leave the live set for good. Answers how
  // many packets they do not get.
  std::uint64_t part_with_outgrown() noexcept;

  [[nodiscard]] History& history() noexcept { return history_; }
  [[nodiscard]] const History& history() const noexcept { return history_; }
  [[nodiscard]] StreamClock& clock() noexcept { return clock_; }
  [[nodiscard]] const StreamClock& clock() const noexcept { return clock_; }
  [[nodiscard]] Audience& audience(CipherClass c) noexcept { return audiences_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] ViewerList& joining() noexcept { return joining_; }
  [[nodiscard]] ViewerList& lagging() noexcept { return lagging_; }
  [[nodiscard]] ViewerList& parked() noexcept { return parked_; }
  [[nodiscard]] ViewerList& unheard() noexcept { return unheard_; }
  // When those that lag are to be looked through next.
  [[nodiscard]] Instant catch_up_at() const noexcept { return catch_up_at_; }
  void catch_up_again(Instant at) noexcept { catch_up_at_ = at; }
  // The payload's clock at that moment: a transport stream's follows from it, any other's from the newest packet.
  [[nodiscard]] std::uint32_t ticks_at(StreamTime time) const noexcept;
  // What reports say of that moment; `wall`: the time of day as we know it.
  [[nodiscard]] ReportClock::Moment report_moment(Instant now, const wire::NtpTime& wall) const noexcept {
    return report_clock_.at(now, {.time = wall, .ticks = ticks_at(clock_.now(now))}, options_.payload.clock_rate);
  }
  [[nodiscard]] ReportClock& report_clock() noexcept { return report_clock_; }
  [[nodiscard]] const ReportClock& report_clock() const noexcept { return report_clock_; }
  [[nodiscard]] const AccessIndex& access() const noexcept { return access_; }
  [[nodiscard]] const PacketRate& rate() const noexcept { return rate_; }
  [[nodiscard]] const StreamOptions& options() const noexcept { return options_; }
  [[nodiscard]] Pass& pass() noexcept { return pass_; }
  [[nodiscard]] Release& release() noexcept { return release_; }
  [[nodiscard]] const Release& release() const noexcept { return release_; }
  // Whether destinations may be sent it.
  [[nodiscard]] bool may_release(const History::Slot& slot) const noexcept {
    return !options_.payload.is_transport_stream || wire::is_transport_stream(slot.packet.bytes());
  }
  [[nodiscard]] FecOut& fec_out() noexcept { return fec_out_; }
  // A destination gets what is released from now on, each leg its own. False when there is no room.
  [[nodiscard]] bool start_flow(Destination& destination) noexcept {
    return destination.leg == DestinationPart::kMedia ? release_.enter(destination, history_)
                                                      : fec_out_.enter(destination);
  }
  void stop_flow(Destination& destination) noexcept {
    return destination.leg == DestinationPart::kMedia ? release_.leave(destination) : fec_out_.leave(destination);
  }
  [[nodiscard]] std::uint64_t packets_sent_to(const Destination& destination) const noexcept {
    return destination.leg == DestinationPart::kMedia ? release_.packets_sent_to(destination)
                                                      : fec_out_.packets_sent_to(destination);
  }
  [[nodiscard]] std::uint64_t bytes_sent_to(const Destination& destination) const noexcept {
    return destination.leg == DestinationPart::kMedia ? release_.bytes_sent_to(destination)
                                                      : fec_out_.bytes_sent_to(destination);
  }
  // Nothing of it is on its way.
  [[nodiscard]] bool is_between_passes() const noexcept { return !pass_.active && !release_.pass().active; }
  [[nodiscard]] PacketPos served_next() const noexcept { return served_next_; }
  // A destination is one, whatever goes to it by a second leg and as FEC.
  [[nodiscard]] std::size_t viewers() const noexcept {
    return audiences_[0].size() + audiences_[1].size() + joining_.size() + lagging_.size() + parked_.size() +
           unheard_.size() + release_.size() - release_.second_legs();
  }
  [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  // What happened since it was asked last.
  [[nodiscard]] std::uint64_t take_overruns() noexcept { return std::exchange(overruns_, 0); }
  [[nodiscard]] std::uint64_t take_windows_closed() noexcept { return std::exchange(windows_closed_, 0); }
  [[nodiscard]] std::size_t payload_bytes_max() const noexcept { return payload_bytes_max_; }
  // What was learned of the publisher before says nothing about the next one.
  void begin_publisher() noexcept {
    clock_.forget_window();
    access_.forget();
    rate_.forget();
    report_clock_.note({});
    payload_bytes_max_ = 0;
  }

 private:
  // All before it was taken by a pass.
  [[nodiscard]] PacketPos passed() const noexcept { return pass_.active ? pass_.end : served_next_; }
  void schedule_pass(Instant now, bool had_waiting) noexcept;
  void hold_pass() noexcept;
  void to_lagging(Viewer& viewer) noexcept;
  void take_on_unheard() noexcept;
  void leave_place(Viewer& viewer) noexcept;
  [[nodiscard]] bool had_this_pass(const Viewer& viewer) const noexcept;
  void enter(ViewerList& list, Viewer& viewer, Place place) noexcept;
  void note_window_end(PacketPos window_end) noexcept { window_min_ = std::min(window_min_, window_end); }

  History history_;
  StreamClock clock_;
  ReportClock report_clock_;
  AudienceRoom audience_room_;
  std::array<Audience, 2> audiences_;
  ViewerList joining_;
  ViewerList lagging_;
  ViewerList parked_;
  ViewerList unheard_;
  Release release_;
  FecOut fec_out_;
  Instant catch_up_at_;
  StreamTime newest_time_;  // Of the newest packet ...
  std::uint32_t newest_ticks_ = 0;
  AccessIndex access_;
  PacketRate rate_;
  Pass pass_;
  std::array<PacketPos, kFreshMax> late_{};  // Filled gaps that wait for the next pass.
  std::size_t late_count_ = 0;
  PacketPos served_next_;  // All before it went to the whole live set.
  Instant pass_due_;
  PacketPos window_min_;
  std::size_t payload_limit_ = kPayloadBytesMax;
  StreamOptions options_;
  Instant last_fresh_;
  std::uint64_t live_packets_ = 0;  // What a viewer that was always live got.
  std::uint64_t live_bytes_ = 0;
  std::uint64_t packets_ = 0;  // Admitted.
  std::uint64_t bytes_ = 0;
  std::uint64_t overruns_ = 0;
  std::uint64_t windows_closed_ = 0;
  std::size_t payload_bytes_max_ = 0;
};

}  // namespace fanlight
