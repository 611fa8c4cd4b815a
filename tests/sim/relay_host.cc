#include "relay_host.h"

#include <algorithm>

namespace fanlight::sim {

std::vector<Stream*> SimStreams::make(const StreamOptions& options) {
  return {streams_.emplace_back(std::make_unique<Stream>(slots_, 256, options)).get()};
}

void SimStreams::take_back(Stream* stream) {
  const auto gone = std::erase_if(streams_, [&](const auto& held) { return held.get() == stream; });
  CHECK(gone == 1);
}

RelayHost::RelayHost(const Options& options)
    : packets_(options.receive_buffers, kCopyRoomBytes),
      headers_(options.header_buffers, kHeaderRoomBytes),
      copies_(options.copy_buffers, kCopyRoomBytes),
      port_(packets_, options.inbox_max),
      streams_(options.history_slots),
      worker_({.sessions_max = options.sessions_max, .publishers_max = 8, .key = options.key}, Pools{headers_, copies_},
              mailbox_, port_, clock_),
      desk_(options.rules, streams_) {}

bool RelayHost::breathe(Instant now) {
  clock_.set(now);
  return worker_.breathe();
}

bool RelayHost::take_control_turn(Instant now, bool is_deaf) {
  Event event;
  while (!is_deaf && mailbox_.events.try_pop(event)) {
    if (auto* closed = std::get_if<event::SessionClosed>(&event)) {
      closed_.push_back({closed->request, closed->socket, closed->reason, closed->stats, {}});
    }
    desk_.handle_event(now, std::move(event));
  }
  if (now >= desk_.next_deadline()) desk_.handle_timeout(now);
  bool has_pushed = false;
  while (Command* command = desk_.peek_command()) {
    if (!mailbox_.commands.try_push(std::move(*command))) break;
    desk_.pop_command();
    has_pushed = true;
  }
  while (desk_.poll_notice()) {
  }
  return has_pushed;
}

std::size_t RelayHost::buffers_out() const {
  return packets_.capacity() - packets_.available() + headers_.capacity() - headers_.available() + copies_.capacity() -
         copies_.available();
}

}  // namespace fanlight::sim
