// A world's network: what is sent, by whomever, on its way, and what is seen of it before anything happens to it.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "world.h"

namespace fanlight::sim {
namespace {

// The stream clock moves 500 ppm, in steps a second apart; the silence of a publisher adds up.
constexpr std::int64_t kSlewPpm = 500;
constexpr Micros kSlewSpan = millis(1'200);
constexpr Micros kSilence = seconds(6);
constexpr Micros kBlockedSpan = millis(25);  // A stamped packet waits for a port that blocks and a worker that stalls.

}  // namespace

SocketId World::viewer_at(const Endpoint& address) const {
  const auto found = addresses_.find(address);
  const bool is_viewer = found != addresses_.end() && homes_[found->second].who == Who::kViewer;
  return is_viewer ? viewers_[found->second - 1]->caller().terms().socket : SocketId{};
}

std::span<const std::uint32_t> World::homes_at(const Endpoint& address) const {
  if (const auto group = groups_.find(address); group != groups_.end()) return group->second;
  const auto found = addresses_.find(address);
  return found == addresses_.end() ? std::span<const std::uint32_t>{} : std::span(&found->second, 1);
}

void World::send(Instant now, const Peer& from, ByteSpan datagram) {
  note_sent(datagram);
  Home& home = homes_[addresses_.at(from.address())];
  const bool is_rtcp = spec_.way != Way::kCall && wire::is_rtcp_beside_srt(datagram);
  const Link::Fate fate = home.up.judge(now, random_);
  if (fate.copies > 0 && spec_.has_srtp && home.who == Who::kSource) intruders_.overhear(now, datagram);
  if (fate.copies == 0) joins_.note_lost(viewer_at(from.address()));
  if (fate.copies == 0 && home.who == Who::kSource && spec_.way != Way::kCall && !is_rtcp)
    feed_.made.back().is_lost = true;
  for (std::size_t i = 0; i < fate.copies; ++i)
    inject(from.address(), is_rtcp ? home.relay_control : home.relay, datagram, fate.at[i]);
}

bool World::send_to(Instant now, const Peer& from, const Endpoint& to, ByteSpan datagram) {
  note_sent(datagram);
  const Link::Fate fate = homes_[addresses_.at(from.address())].up.judge(now, random_);
  const Micros longer = to == second_feed_address_ ? kSecondLegLonger : Micros{};
  for (std::size_t i = 0; i < fate.copies; ++i) inject(from.address(), to, datagram, fate.at[i] + longer);
  return fate.copies > 0;
}

// FNV-1a, a word at a time. The desk draws its keys from the system: where it does, what is encrypted differs.
void World::note_sent(ByteSpan datagram) {
  if (spec_.rekey_packets > 0) datagram = datagram.first(std::min(datagram.size(), wire::kHeaderBytes));
  const auto mix = [this](std::uint64_t word) { fingerprint_ = (fingerprint_ ^ word) * 0x100'0000'01B3; };
  mix(static_cast<std::uint64_t>(now_.us));
  for (std::size_t at = 0; at < datagram.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, datagram.data() + at, std::min<std::size_t>(8, datagram.size() - at));
    mix(word);
  }
}

void World::inject(const Endpoint& from, const Endpoint& to, ByteSpan datagram, Instant at) {
  schedule(at, What::kToRelay, keep(from, to, datagram));
}

void World::say_unreachable(const Endpoint& remote, Home& home) {
  const Link::Fate fate = home.up.judge(now_, random_);
  for (std::size_t i = 0; i < fate.copies; ++i) {
    const std::uint32_t word = keep(remote, relay_address_, {});
    datagrams_[word]->is_unreachable = true;
    schedule(fate.at[i], What::kToRelay, word);
  }
}

void World::report(const Peer& from, const char* what) {
  books_.fail(from.address().text() + " at " + std::to_string(now_.us) + " us: " + what);
}

void World::carry_outbox(io::SimPort& port) {
  for (io::SimPort::Sent& sent : port.outbox()) {
    const std::span<const std::uint32_t> homes = homes_at(sent.path.remote);
    if (homes.empty()) continue;  // Answers to strangers.
    if (sent.path.local.ip.is_multicast()) books_.fail("what leaves has a group's address for its own");
    std::array<std::byte, kDatagramBytesMax> flat;
    std::size_t bytes = 0;
    sent.packet.for_each_segment([&](ByteSpan segment) {
      std::memcpy(flat.data() + bytes, segment.data(), segment.size());
      bytes += segment.size();
    });
    const ByteSpan datagram = std::span(flat).first(bytes);
    note_sent(datagram);
    look_at(homes_[homes.front()], datagram);
    for (const std::uint32_t home : homes) {
      const Link::Fate fate = homes_[home].down.judge(now_, random_);
      if (fate.copies == 0) joins_.note_lost(viewer_at(sent.path.remote));
      const Endpoint& to = sent.path.remote.ip.is_multicast() ? homes_[home].peer->address() : sent.path.remote;
      for (std::size_t i = 0; i < fate.copies; ++i)
        schedule(fate.at[i], What::kToPeer, keep(to, relay_address_, datagram));
    }
  }
  port.outbox().clear();
}

void World::look_at(Home& home, ByteSpan datagram) {
  if (home.who == Who::kViewer) check_stamp(datagram);
  if (home.who == Who::kSource && has_one_whole_source(spec_)) return check_reports(datagram);
  if (home.who == Who::kDestination) return static_cast<Recipient*>(home.peer)->note_sent(books_, now_, datagram);
  if (const auto header = wire::parse_data_header(datagram)) joins_.note_sent(books_, now_, *header);
}

void World::check_reports(ByteSpan datagram) {
  wire::RtcpReader reader(datagram);
  while (const auto packet = reader.next())
    if (const auto block = wire::find_report_block(*packet, rtp_publisher_->ssrc()))
      reception_.check(books_, *block, spec_.publisher_link.loss == 0);
}

// A viewer sets its watch by control packets: their clock does not run backwards and is slewed, never stepped.
void World::check_stamp(ByteSpan datagram) {
  const auto header = wire::parse_control_header(datagram);
  if (!wire::is_control(datagram) || header->type == wire::ControlType::kHandshake) return;
  const auto [found, is_new] = shown_.try_emplace(header->destination);
  Shown& shown = found->second;
  if (!is_new) {
    const std::int64_t step = static_cast<std::int32_t>(header->time.raw - shown.time);
    const std::int64_t span = (now_ - shown.at).count;
    if (step < 0) books_.fail("stream clock ran backwards by " + std::to_string(-step) + " us");
    const bool may_be_silent = spec_.publisher_vanishes || spec_.publisher_returns || spec_.publisher_pauses;
    const std::int64_t silence = may_be_silent ? kSilence.count : 0;
    const std::int64_t slewed = (span + silence + kSlewSpan.count) * kSlewPpm / 1'000'000;
    books_.expect_at_most("stream clock stepped, us", std::abs(step - span),
                          slewed + (spec_.port_blocks ? kBlockedSpan.count : 0));
  }
  shown = {now_, header->time.raw};
}

}  // namespace fanlight::sim
