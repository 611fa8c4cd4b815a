#include "worker/reporter.h"

#include <algorithm>

#include "stream/srtp_group.h"
#include "stream/stream.h"

namespace fanlight {
namespace {

constexpr std::size_t kReportsPerBreath = 32;
constexpr std::size_t kSlotsPerBreath = 2048;

SessionStats viewer_stats(const Session& session, const srt::RangePool& ranges) {
  const Viewer& viewer = session.viewer();
  const srt::Sender& sender = viewer.sender;
  const Stream& stream = *viewer.stream;
  SessionStats stats;
  stats.packets_sent_unique = stream.packets_sent_to(viewer);
  stats.packets_retransmitted = sender.stats().repaired;
  stats.packets_sent = stats.packets_sent_unique + stats.packets_retransmitted;
  stats.bytes_sent = stream.bytes_sent_to(viewer) + viewer.bytes_repaired;
  stats.packets_lost = sender.stats().lost;
  stats.packets_dropped_late = sender.stats().too_old;
  stats.packets_skipped = sender.stats().skipped;
  stats.acks_received = sender.stats().acks;
  stats.naks_received = sender.stats().naks;
  if (viewer.ciphers) {
    stats.key_turns = viewer.ciphers->turns;
    stats.key_packets =
        seq_distance(viewer.ciphers->sending_from, viewer.envelope.offset.seq_of(stream.next_for(viewer)));
  }
  stats.mss = viewer.payload_bytes_max + kMssOverhead;
  stats.rtt = sender.rtt().rtt();
  stats.rtt_variance = sender.rtt().variance();
  stats.send_latency = sender.latency();
  stats.flow_window_packets = sender.window_packets();
  stats.flight_packets = static_cast<std::uint32_t>(stream.next_for(viewer) - sender.acked());
  stats.loss_list_packets = static_cast<std::uint32_t>(sender.waiting_repairs(ranges));
  return stats;
}

void add_figures(const srt::Receiver& receiver, SessionStats& stats) {
  stats.packets_repaired = receiver.stats().repaired;
  stats.packets_lost = receiver.stats().lost;
  stats.packets_dropped_late = receiver.stats().given_up;
  stats.acks_sent = receiver.stats().acks_sent;
  stats.naks_sent = receiver.stats().naks_sent;
  stats.rtt = receiver.rtt().rtt();
  stats.rtt_variance = receiver.rtt().variance();
  stats.receive_latency = receiver.latency();
  stats.flow_window_packets = receiver.free_window();
  stats.receive_rate_packets = receiver.rates().packets_per_second();
  stats.receive_rate_bytes = receiver.rates().bytes_per_second();
  stats.link_capacity_packets = receiver.rates().capacity();
  stats.loss_list_packets = static_cast<std::uint32_t>(receiver.missing_packets());
}

void add_figures(const Feed& feed, SessionStats& stats) {
  const rtp::Receiver& receiver = feed.receiver;
  stats.packets_repaired = receiver.stats().repaired;
  stats.packets_repaired_late = feed.repaired_late;
  stats.packets_lost = receiver.stats().lost;
  stats.packets_dropped_late = receiver.stats().given_up;
  stats.packets_repaired_by_fec = feed.fec_repaired;
  stats.fec_packets_received = feed.fec_packets;
  stats.receive_latency = receiver.latency();
  stats.naks_sent = receiver.stats().nacks_sent;
  for (std::size_t i = 0; i < stats.legs.size(); ++i) {
    const rtp::Leg::Stats leg = receiver.leg(i).stats();
    stats.legs[i] = {.packets = leg.packets,
                     .lost = leg.lost,
                     .first = feed.firsts[i],
                     .behind = leg.behind,
                     .behind_max = leg.behind_max};
  }
  stats.jitter = receiver.jitter();
  stats.loss_list_packets = static_cast<std::uint32_t>(receiver.missing_packets());
}

SessionStats destination_stats(const Session& session) {
  const Destination& destination = session.destination();
  const Stream& stream = *destination.stream;
  const rtp::Sender::Stats& heard = destination.sender.stats();
  SessionStats stats;
  stats.packets_sent_unique = stream.packets_sent_to(destination);
  stats.packets_retransmitted = heard.repaired;
  stats.packets_sent = stats.packets_sent_unique + stats.packets_retransmitted;
  stats.bytes_sent = stream.bytes_sent_to(destination) + (destination.is_protected ? 0 : destination.repairs.bytes);
  stats.naks_received = heard.nacks;
  stats.packets_lost = static_cast<std::uint64_t>(std::max<std::int32_t>(heard.lost, 0));
  stats.rtt = heard.rtt;
  stats.jitter = heard.jitter;
  stats.ssrc = destination.sender.ssrc();
  if (const SrtpGroup* group = destination.srtp())
    stats.rollovers = static_cast<std::uint32_t>(group->index_of(stream.release().cursor()) >> 16);
  return stats;
}

SessionStats publisher_stats(const Session& session) {
  const Publisher& publisher = session.publisher();
  SessionStats stats;
  stats.packets_received = publisher.packets;
  stats.bytes_received = publisher.bytes;
  stats.packets_received_unique = publisher.unique;
  stats.packets_belated = publisher.belated;
  stats.packets_undecrypted = publisher.undecrypted;
  stats.key_turns = publisher.ciphers ? publisher.ciphers->turns : 0;
  stats.mss = publisher.mss;
  std::visit([&](const auto& receiver) { add_figures(receiver, stats); }, publisher.receiver);
  return stats;
}

bool is_live(Instant now, const Session& session) {
  if (session.is_destination()) return session.destination().is_flowing;
  return session.is_publisher() ? now - session.publisher().last_data < seconds(1)
                                : session.viewer().place == Place::kLive;
}

}  // namespace

SessionStats stats_of(const Session& session, const srt::RangePool& ranges) noexcept {
  if (session.is_destination()) return destination_stats(session);
  return session.is_publisher() ? publisher_stats(session) : viewer_stats(session, ranges);
}

void Reporter::ask(const command::AskReport& question) noexcept {
  if (jobs_end_ - jobs_first_ == kJobs) return;
  jobs_[jobs_end_++ % kJobs] = {.ticket = question.ticket, .socket = question.socket};
}

void Reporter::answer(Instant now) noexcept {
  std::size_t budget = kReportsPerBreath;
  while (!is_idle() && answer_job(now, jobs_[jobs_first_ % kJobs], budget)) ++jobs_first_;
}

// False when the breath's budget is spent or the ring is full: the job goes on where it stopped.
bool Reporter::answer_job(Instant now, Job& job, std::size_t& budget) noexcept {
  std::size_t looked_at = 0;
  for (; job.slot < sessions_.capacity(); ++job.slot) {
    Session& session = sessions_.at(static_cast<std::uint32_t>(job.slot));
    if (++looked_at > kSlotsPerBreath) return false;
    if (session.state != Session::State::kOpen) continue;
    if (job.socket != SocketId{} && session.socket != job.socket) continue;
    if (budget == 0 || !report_session(now, job, session)) return false;
    --budget;
  }
  for (; job.stream < streams_.size(); ++job.stream) {
    if (streams_[job.stream].stream == nullptr) continue;
    if (budget == 0 || !report_stream(job, job.stream)) return false;
    --budget;
  }
  return mailbox_.post(Event{event::ReportEnd{job.ticket}});
}

bool Reporter::report_session(Instant now, const Job& job, Session& session) noexcept {
  return mailbox_.post(Event{event::SessionReport{
      .ticket = job.ticket,
      .request = session.request,
      .socket = session.socket,
      .peer = session.peer(),
      .role = session.role(),
      .stream = session.stream,
      .path = session.path,
      .is_up = session.has_been_heard(),
      .is_live = is_live(now, session),
      .age = now - session.opened,
      .stats = stats_of(session, ranges_),
  }});
}

bool Reporter::report_stream(const Job& job, std::size_t index) noexcept {
  const StreamEntry& entry = streams_[index];
  return mailbox_.post(Event{event::StreamReport{
      .ticket = job.ticket,
      .stream = StreamIndex{static_cast<std::uint16_t>(index)},
      .has_publisher = entry.publisher != nullptr && (!entry.publisher->is_feed() || entry.publisher->is_up),
      .viewers = static_cast<std::uint32_t>(entry.stream->viewers()),
      .packets = entry.stream->packets(),
      .bytes = entry.stream->bytes(),
      .history_packets = static_cast<std::uint32_t>(entry.stream->history().held()),
      .history_slots = static_cast<std::uint32_t>(entry.stream->history().slots()),
  }});
}

}  // namespace fanlight
