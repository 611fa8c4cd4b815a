#include "relay_host.h"

#include <algorithm>

#include "wire/srt_header.h"

namespace fanlight::sim {

std::vector<Stream*> SimStreams::make(const StreamOptions& options) {
  std::vector<Stream*> made;
  for (std::size_t worker = 0; worker < workers_; ++worker)
    made.push_back(streams_.emplace_back(std::make_unique<Stream>(slots_, 256, options)).get());
  return made;
}

void SimStreams::take_back(Stream* stream) {
  const auto gone = std::erase_if(streams_, [&](const auto& held) { return held.get() == stream; });
  CHECK(gone == 1);
}

RelayHost::Seat::Seat(const Options& options, std::uint8_t number, PacketPool& packets, Pools pools, Mesh& mesh,
                      VirtualClock& clock)
    : port(packets, options.inbox_max),
      adopted(options.workers > 1 ? 4 * options.history_slots : 0, 0),
      worker({.worker = number,
              .sessions_max = options.sessions_max,
              .publishers_max = 8,
              .fec_feeds = 1,
              .key = options.key,
              .mesh = options.workers > 1 ? &mesh : nullptr,
              .adopted = &adopted,
              .own_doors = {{IpAddress{}, 9'000}}},
             pools, mailbox, port, clock) {}

RelayHost::RelayHost(const Options& options)
    : packets_(options.receive_buffers, kCopyRoomBytes),
      headers_(options.header_buffers, kHeaderRoomBytes),
      copies_(options.copy_buffers, kCopyRoomBytes),
      streams_(options.history_slots, options.workers),
      mesh_(options.workers),
      desk_(
          options.rules, streams_, options.workers, [](const Endpoint& to) { return Path{.remote = to, .local = {}}; },
          [](const Endpoint&) { return false; }, options.formats) {
  desk_.set_fec_streams_max(1);
  for (std::size_t worker = 0; worker < options.workers; ++worker)
    seats_.push_back(std::make_unique<Seat>(options, static_cast<std::uint8_t>(worker), packets_,
                                            Pools{headers_, copies_}, mesh_, clock_));
}

std::size_t RelayHost::steer(const Endpoint& remote, ByteSpan datagram) const {
  const std::optional<SocketId> destination = wire::peek_destination(datagram);
  const bool names_worker = destination && *destination != SocketId{} && worker_of(*destination) < workers();
  return names_worker ? worker_of(*destination) : (remote.port + remote.ip.bytes[15]) % workers();
}

bool RelayHost::breathe(Instant now, std::size_t first, std::size_t stalled) {
  clock_.set(now);
  bool had_news = false;
  for (std::size_t i = 0; i < workers(); ++i) {
    const std::size_t worker = (first + i) % workers();
    if (worker != stalled) had_news |= seats_[worker]->worker.breathe();
  }
  return had_news;
}

Instant RelayHost::next_deadline(Instant now) const {
  Instant due = Instant::never();
  for (const auto& seat : seats_) due = std::min(due, seat->worker.relay().next_deadline(now));
  return due;
}

bool RelayHost::take_control_turn(Instant now, bool is_deaf) {
  Event event;
  for (std::size_t worker = 0; worker < workers(); ++worker) {
    while (!is_deaf && seats_[worker]->mailbox.events.try_pop(event)) {
      if (auto* closed = std::get_if<event::SessionClosed>(&event)) {
        closed_.push_back({closed->request, closed->socket, closed->reason, closed->stats, {}});
      }
      desk_.handle_event(now, std::move(event), worker);
    }
  }
  if (now >= desk_.next_deadline()) desk_.handle_timeout(now);
  bool has_pushed = false;
  for (std::size_t i = 0; i < 2 * workers(); ++i) has_pushed |= push_commands(i % workers());
  while (desk_.poll_notice()) {
  }
  return has_pushed;
}

bool RelayHost::push_commands(std::size_t worker) {
  bool has_pushed = false;
  if (worker == held_back_) return false;
  while (Command* command = desk_.peek_command(worker)) {
    if (const auto* open = std::get_if<command::OpenDestination>(command))
      opened_[open->request.raw()] = open->path.remote;
    if (!seats_[worker]->mailbox.commands.try_push(std::move(*command))) break;
    desk_.pop_command(worker);
    has_pushed = true;
  }
  return has_pushed;
}

std::optional<std::uint64_t> RelayHost::sent_to(const Endpoint& remote) const {
  std::optional<std::uint64_t> sent;
  for (const event::SessionClosed& closed : closed_)
    if (const auto opened = opened_.find(closed.request.raw()); opened != opened_.end() && opened->second == remote)
      sent = sent.value_or(0) + closed.stats.packets_sent;
  return sent;
}

bool RelayHost::has_events() const {
  return std::ranges::any_of(seats_, [](const auto& seat) { return !seat->mailbox.events.is_empty(); });
}

bool RelayHost::has_commands_waiting() {
  for (std::size_t worker = 0; worker < workers(); ++worker)
    if (desk_.has_commands(worker)) return true;
  return false;
}

bool RelayHost::has_arrivals_waiting() const {
  return std::ranges::any_of(seats_, [](const auto& seat) { return seat->port.has_waiting(); });
}

std::size_t RelayHost::queued() const {
  std::size_t queued = 0;
  for (const auto& seat : seats_) queued += kTransmitQueue - seat->worker.relay().queue().room();
  return queued;
}

std::size_t RelayHost::buffers_out() const {
  std::size_t out = packets_.capacity() - packets_.available() + headers_.capacity() - headers_.available() +
                    copies_.capacity() - copies_.available();
  for (const auto& seat : seats_) out += seat->adopted.capacity() - seat->adopted.available();
  return out;
}

}  // namespace fanlight::sim
