#include "stream/fan_out.h"

#include <algorithm>

namespace fanlight {

bool FanOut::serve(Instant now, Stream& stream) noexcept {
  if (!stream.pass().active) {
    catch_up_.serve(now, stream);
    if (!stream.has_fresh()) return true;
    stream.close_windows(
        std::min(stream.history().next(), stream.served_next() + static_cast<std::int64_t>(kFreshMax)));
    stream.begin_pass(now);
    catch_up_.serve_late(stream);
  }
  if (!run_pass(stream)) {
    dresser_.counters().add(Counter::kTransmitPaused);
    return false;
  }
  stream.end_pass(now);
  return !stream.has_fresh();
}

bool FanOut::run_pass(Stream& stream) noexcept {
  const std::size_t need = static_cast<std::size_t>(stream.pass().packets) + stream.pass().late_count;
  for (const CipherClass c : {CipherClass::kClear, CipherClass::kSealed}) {
    Audience& audience = stream.audience(c);
    while (dresser_.queue().bulk_room() >= need) {
      Viewer* viewer = audience.next();
      if (viewer == nullptr) break;
      serve_viewer(stream, *viewer);
    }
    if (!audience.is_pass_done()) return false;
  }
  return true;
}

void FanOut::serve_viewer(Stream& stream, Viewer& viewer) noexcept {
  const Stream::Pass& pass = stream.pass();
  serve_late(stream, viewer);
  std::uint64_t sent = 0;
  for (PacketPos pos = pass.first; pos < pass.end; pos = pos + 1) {
    const History::Slot* slot = stream.history().find(pos);
    if (slot == nullptr || slot->first_sent > pass.started) continue;
    if (dresser_.send(viewer, *slot, {})) {
      ++sent;
    } else {
      ++viewer.packets_missed;
      viewer.bytes_missed += slot->packet.bytes().size();
    }
  }
  dresser_.counters().add(Counter::kFreshSent, sent);
}

// A packet that filled a gap goes out once to everybody, marked as a retransmission: nobody takes it for reordering.
void FanOut::serve_late(Stream& stream, Viewer& viewer) noexcept {
  const Stream::Pass& pass = stream.pass();
  for (std::size_t i = 0; i < pass.late_count; ++i) {
    const History::Slot* slot = viewer.sender.covers(pass.late[i]) ? stream.history().find(pass.late[i]) : nullptr;
    if (slot == nullptr || dresser_.queue().room() == 0) continue;
    catch_up_.send_counted(viewer, *slot, {.retransmitted = true});
  }
}

}  // namespace fanlight
