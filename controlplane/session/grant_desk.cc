// SessionDesk's care of what sessions were let in with: the limits of policies and of the whole relay.
#include <array>
#include <cstdio>
#include <string>

#include "session/session_desk.h"

namespace fanlight::control {
namespace {

using wire::Reject;

// Whoever is above its bitrate is given so long: a scene change is no offence.
constexpr std::uint32_t kSecondsOverMax = 5;
constexpr double kBitrateTolerance = 1.1;
// Or so many seconds' worth beyond that, with what quiet seconds make up for.
constexpr double kOverdraftSecondsMax = 15;

std::string limit_text(const char* key, std::uint64_t most, const Grant& grant) {
  return std::string{key} + " = " + std::to_string(most) + (grant.by.empty() ? "" : " of " + grant.by);
}

std::string megabits_text(double bits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", bits / 1e6);
  return text.data();
}

}  // namespace

// Before any key is derived: it says nothing of a stream.
std::optional<Denied> SessionDesk::judge_address(const IpAddress& address, const Grant& grant) const {
  const std::uint32_t most = grant.sessions_per_address_max;
  if (most == 0 || sessions_.sessions_from(address) < most) return std::nullopt;
  return Denied{Reject::kOverload, limit_text("sessions_per_address_max", most, grant)};
}

std::optional<Denied> SessionDesk::judge_limits(const StreamEntry* stream, const StreamPolicy& policy, Role role,
                                                const Grant& grant) {
  if (role != Role::kViewer) return std::nullopt;
  if (grant.viewers_max > 0 && stream != nullptr && stream->viewers() >= grant.viewers_max)
    return Denied{Reject::kOverload, limit_text("viewers_max", grant.viewers_max, grant)};
  const double bits = stream != nullptr ? stream->viewer_bits() : static_cast<double>(policy.bitrate_bits_max);
  const double share_bits = capacity_bits_ * grant.share_max;
  if (share_bits > 0 && admission().bits + bits > share_bits) {
    admission_.note_refusal();
    return Denied{Reject::kOverload, "overload_share" + (grant.by.empty() ? "" : " of " + grant.by)};
  }
  if (!has_room_for(stream, policy)) return Denied{Reject::kOverload, "the relay sends as much as it may"};
  return std::nullopt;
}

// The publisher's own seconds, not the smoothed rate: one burst would count for ten.
void SessionDesk::judge_bitrate(StreamEntry& stream, std::optional<double> bits, std::uint64_t bytes) {
  const double most = static_cast<double>(stream.publisher_bits_max);
  if (most == 0 || !stream.publisher) return;
  stream.overdraft.note(now_, bytes, most * kBitrateTolerance);
  if (bits) stream.seconds_over = *bits > most * kBitrateTolerance ? stream.seconds_over + 1 : 0;
  const bool is_overdrawn = stream.overdraft.bits() > most * kOverdraftSecondsMax;
  if (stream.seconds_over < kSecondsOverMax && !is_overdrawn) return;
  const Session* session = sessions_.find(*stream.publisher);
  if (session == nullptr || session->socket == SocketId{}) return;
  const std::string sent = is_overdrawn ? "has sent " + megabits_text(stream.overdraft.bits()) + " Mbit"
                                        : "sends " + megabits_text(bits.value_or(0)) + " Mb/s,";
  note(Notice::Level::kWarning, "publisher " + session->path.remote.text() + " of " + session->stream_name + " " +
                                    sent + " more than bitrate_max_mbps = " + megabits_text(most) +
                                    (session->by.empty() ? "" : " of " + session->by));
  barred_.add(now_, session->path.remote.ip, session->stream_name);
  close_publisher(stream, CloseReason::kOverBitrate);
}

void SessionDesk::close_publisher(StreamEntry& stream, CloseReason reason) {
  const Session* session = sessions_.find(*stream.publisher);
  say(session->worker, command::CloseSession{.socket = session->socket, .reason = reason});
  // A single worker lets the next publisher in from that command on; with several, the place is free when it is gone.
  if (workers() == 1)
    stream.vacate(session->request);
  else
    stream.seconds_over = 0, stream.overdraft = {};
}

bool SessionDesk::has_room_for(const StreamEntry* stream, const StreamPolicy& policy) {
  if (!admission_.is_limited()) return true;
  const double bits = stream != nullptr ? stream->viewer_bits() : static_cast<double>(policy.bitrate_bits_max);
  return admission_.admit(admission().bits, bits);
}

AdmissionView SessionDesk::admission() {
  AdmissionView view{.bits_max = admission_.bits_max(), .refused = admission_.refused()};
  streams_.for_each([&view](const StreamEntry& stream) { view.bits += stream.flows() * stream.viewer_bits(); });
  return view;
}

// No report is open under ticket 0: what the streams' figures are for happens as they come.
void SessionDesk::ask_for_rates() {
  constexpr SocketId kStreamsOnly{0xFFFF'FFFF};  // No session has this ID.
  if (is_stopping_ || admission_.next_look() > now_) return;
  bool is_watching = false;
  streams_.for_each([&](const StreamEntry& stream) { is_watching |= stream.publisher_bits_max > 0; });
  admission_.watch(is_watching);
  if (!admission_.is_looking()) return;
  admission_.note_look(now_);
  say_to_all(command::AskReport{.ticket = 0, .socket = kStreamsOnly});
}

}  // namespace fanlight::control
