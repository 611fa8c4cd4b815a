// A world's RTP: the feed in a publisher's place, and destinations beside its viewers.
#include <algorithm>
#include <array>
#include <cstdio>

#include "world.h"

namespace fanlight::sim {
namespace {

constexpr char kStream[] = "live/main";
constexpr std::array<std::int64_t, 8> kWrongPaces{0, 500, 900, 990, 1'010, 1'100, 2'000, 300'000};
constexpr Micros kAddSpan = millis(1'000);  // Destinations are added within the first second.

}  // namespace

void World::build_feed() {
  CHECK(feed_.ts.is_on());  // Nothing else is taken.
  RtpPublisherPeer::Plan plan{
      .clock = DriftingClock(random_.between(1'000'000, 900'000'000'000), random_.between(-200, 200)),
      .kind = spec_.way == Way::kRtp ? FeedKind::kRtp : FeedKind::kTransportStream,
      .interval = spec_.interval,
      .payload_bytes = feed_.ts.packets * 188,
      .wraps_numbers = spec_.wraps_numbers,
      .repair = spec_.repair,
      .relay = feed_address_,
      .second = second_feed_address_};
  if (spec_.has_wrong_clock)
    plan.pace_permille = kWrongPaces[static_cast<std::size_t>(random_.between(0, kWrongPaces.size() - 1))];
  if (spec_.has_srtp) plan.srtp = draw_master(random_);
  if (spec_.is_day) plan.clock = DriftingClock(1'000'000, 200);
  // What is bare has no numbers to tell a loss by.
  if (spec_.way == Way::kPlain) feed_.is_dense = false;
  auto publisher =
      std::make_unique<RtpPublisherPeer>(Endpoint{IpAddress::v4(198, 51, 100, 1), 5'000}, plan, feed_, *this, random_);
  rtp_publisher_ = publisher.get();
  source_ = std::move(publisher);
  FeedTerms terms{.kind = plan.kind, .local = feed_address_, .rtcp = RtcpWay::kSamePort};
  terms.fec = spec_.repair == Repair::kFec;
  terms.nack = spec_.repair == Repair::kNack || spec_.repair == Repair::kSecondLeg;
  if (terms.nack) terms.source = source_->address().ip;
  if (spec_.repair == Repair::kNack) terms.rtx_payload_type = RtpPublisherPeer::kRtxPayloadType;
  if (spec_.repair == Repair::kSecondLeg) terms.second = FeedLeg{.local = second_feed_address_};
  relay_->desk().set_feeds(now_, {{.rule = {.stream = kStream, .terms = terms, .srtp = plan.srtp}}});
}

// RTP with RTCP beside it, bare, RTP with RTCP on the same port, RTP without, in turn.
void World::build_destinations() {
  constexpr std::array kRtcp{RtcpWay::kNextPort, RtcpWay::kNone, RtcpWay::kSamePort, RtcpWay::kNone};
  std::vector<crypto::SrtpMaster> keys;
  for (std::size_t i = 0; spec_.has_srtp && i < 2; ++i) keys.push_back(draw_master(random_));
  for (std::size_t i = 0; i < spec_.destinations; ++i) {
    const DestinationTerms terms{.kind = i % 4 == 1 ? FeedKind::kTransportStream : FeedKind::kRtp,
                                 .remote = {IpAddress::v4(198, 51, 102, static_cast<std::uint8_t>(i + 1)), 5'004},
                                 .payload_type = static_cast<std::uint8_t>(i % 4 == 1 || spec_.has_srtp ? 33 : 33 + i),
                                 .rtcp = kRtcp[i % 4],
                                 .nack = spec_.destinations_ask && i % 2 == 0,
                                 .rtx_payload_type = spec_.destinations_ask && i % 4 == 0
                                                         ? std::optional(DestinationPeer::kRtxPayloadType)
                                                         : std::nullopt};
    const DriftingClock clock(random_.between(1'000'000, 900'000'000'000), random_.between(-200, 200));
    destinations_.push_back(std::make_unique<DestinationPeer>(
        terms, spec_, clock, static_cast<std::uint32_t>(random_.between(1, 0x7FFF'FFFF)),
        keys.empty() || i % 2 == 1 ? std::nullopt : std::optional(keys[i / 2 % 2]), feed_, *this));
    addresses_[terms.remote] = static_cast<std::uint32_t>(homes_.size());
    if (const std::uint16_t port = terms.rtcp_port(); port != 0)
      addresses_[{terms.remote.ip, port}] = static_cast<std::uint32_t>(homes_.size());
    homes_.push_back({.peer = destinations_.back().get(),
                      .up = Link(spec_.viewer_link),
                      .down = Link(spec_.viewer_link),
                      .who = Who::kDestination,
                      .relay = relay_address_,
                      .relay_control = relay_address_});
    DestinationPeer* const peer = destinations_.back().get();
    act_at(Instant{} + micros(random_.between(0, kAddSpan.count)), [this, peer] {
      const auto added =
          relay_->desk().add_destination(now_, {.stream = kStream, .terms = peer->terms(), .srtp = peer->srtp()});
      if (!added) return books_.fail("a destination was refused: " + added.error().what);
      peer->set_number(*added);
      wake_control(now_);
    });
  }
}

void World::balance_destinations() {
  std::map<SocketId, std::uint64_t> sent;
  for (const event::SessionClosed& closed : relay_->closed()) sent[closed.socket] = closed.stats.packets_sent;
  std::uint64_t given_up = 0;
  for (const auto& destination : destinations_) {
    const auto socket = destination_sockets_.find(destination->number());
    const auto session = socket == destination_sockets_.end() ? sent.end() : sent.find(socket->second);
    if (session == sent.end()) books_.fail("destination " + destination->address().text() + " had no session");
    destination->line().balance(books_, session == sent.end() ? std::nullopt : std::optional(session->second),
                                fresh_index_, destination->is_there());
    given_up = std::max(given_up, destination->line().numbers_left_out());
    destination->balance(books_);
    if (destination->received() == 0) books_.fail("destination " + destination->address().text() + " got nothing");
  }
  books_.expect_at_most("numbers left out", static_cast<std::int64_t>(given_up),
                        static_cast<std::int64_t>(relay_->count(Counter::kReleaseGivenUp)));
  if (rtp_publisher_ != nullptr) balance_feed();
}

void World::balance_feed() {
  const bool has_silences = spec_.publisher_vanishes || spec_.publisher_returns || spec_.publisher_pauses;
  if (spec_.way == Way::kRtp && !has_silences && rtp_publisher_->reports() == 0)
    books_.fail("the feed's sender was never reported to");
  if (spec_.repair != Repair::kNone) rtp_publisher_->balance(books_);
  books_.expect_equal("clocks that do not run at their rate", relay_->count(Counter::kClocksWrong),
                      spec_.has_wrong_clock ? 1 : 0);
  if (spec_.has_srtp) {
    const auto lost = std::ranges::count_if(feed_.made, [](const Feed::Made& made) { return made.is_lost; });
    // What was sent before the first that came may come behind it.
    books_.expect_equal(
        "packets taken = payloads that came, once each",
        relay_->count(Verdict::kAccepted) + relay_->count(Verdict::kAcceptedLate) + relay_->count(Verdict::kTooLate),
        feed_.made.size() - static_cast<std::size_t>(lost));
  }
  if (spec_.repair == Repair::kFec) {
    books_.expect_equal("what FEC brought back = what was lost", relay_->count(Counter::kFecRepaired),
                        rtp_publisher_->dropped());
    books_.expect_equal("FEC that was wrong", relay_->count(Counter::kFecWrong), 0);
  }
  if (spec_.repair == Repair::kSecondLeg) {
    books_.expect_equal("packets by both legs = duplicates", rtp_publisher_->legs().twice(),
                        relay_->count(Verdict::kDuplicate));
    if (rtp_publisher_->legs().once() == 0) books_.fail("nothing was lost");
  }
}

void World::show_rtp() const {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t left_out = 0;
  Micros wander{};
  for (const auto& destination : destinations_) {
    sent += destination->line().packets();
    received += destination->received();
    left_out += destination->line().numbers_left_out();
    wander = std::max(wander, destination->line().wander());
  }
  std::printf("  destinations %zu: sent %llu, received %llu, numbers left out %llu, timestamps wander %lld us\n",
              destinations_.size(), static_cast<unsigned long long>(sent), static_cast<unsigned long long>(received),
              static_cast<unsigned long long>(left_out), static_cast<long long>(wander.count));
  if (rtp_publisher_ != nullptr)
    std::printf("  the feed's sender heard %llu reports\n", static_cast<unsigned long long>(rtp_publisher_->reports()));
}

}  // namespace fanlight::sim
