// A world's RTP: the feed in a publisher's place, and destinations beside its viewers.
#include <algorithm>
#include <array>
#include <cstdio>

#include "world.h"

namespace fanlight::sim {
namespace {

constexpr char kStream[] = "live/main";
constexpr std::array<std::int64_t, 8> kWrongPaces{0, 500, 900, 990, 1'010, 1'100, 2'000, 300'000};
constexpr std::uint8_t kOpaqueType = 96;
constexpr std::array kRtcp{RtcpWay::kNextPort, RtcpWay::kNone, RtcpWay::kSamePort, RtcpWay::kNone};
constexpr Micros kEchoLonger = millis(400);
constexpr Micros kAddSpan = millis(1'000);  // Destinations are added within the first second.

}  // namespace

void World::build_feed() {
  CHECK(feed_.ts.is_on() || spec_.is_opaque);  // Nothing else is taken.
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
  if (spec_.is_opaque) plan.payload_type = kOpaqueType;
  if (spec_.is_day) plan.clock = DriftingClock(1'000'000, 200);
  // What is bare has no numbers to tell a loss by.
  if (spec_.way == Way::kPlain) feed_.is_dense = false;
  auto publisher =
      std::make_unique<RtpPublisherPeer>(Endpoint{IpAddress::v4(198, 51, 100, 1), 5'000}, plan, feed_, *this, random_);
  rtp_publisher_ = publisher.get();
  source_ = std::move(publisher);
  FeedTerms terms{
      .kind = plan.kind, .local = feed_address_, .payload_type = plan.payload_type, .rtcp = RtcpWay::kSamePort};
  terms.fec = spec_.repair == Repair::kFec;
  terms.nack = spec_.repair == Repair::kNack || spec_.repair == Repair::kSecondLeg;
  if (terms.nack) terms.source = source_->address().ip;
  if (spec_.repair == Repair::kNack) terms.rtx_payload_type = RtpPublisherPeer::kRtxPayloadType;
  if (spec_.repair == Repair::kSecondLeg) terms.second = FeedLeg{.local = second_feed_address_};
  relay_->desk().set_feeds(now_, {{.rule = {.stream = kStream, .terms = terms, .srtp = plan.srtp}}});
}

// RTP with RTCP beside it, bare, RTP with RTCP on the same port, RTP without, in turn.
DestinationTerms World::destination_terms(std::size_t number) const {
  const bool is_bare = number % 4 == 1 && !spec_.is_opaque;
  const auto place = static_cast<std::uint8_t>(number + 1);
  const bool is_alike = is_bare || spec_.has_srtp || spec_.has_fec_out;
  const std::uint8_t first_type = spec_.is_opaque ? kOpaqueType : wire::kPayloadTypeMp2t;
  DestinationTerms terms{
      .kind = is_bare ? FeedKind::kTransportStream : FeedKind::kRtp,
      .remote = {spec_.has_groups ? IpAddress::v4(239, 1, 2, place) : IpAddress::v4(198, 51, 102, place), 5'004},
      .payload_type = static_cast<std::uint8_t>(is_alike ? first_type : first_type + number),
      .rtcp = kRtcp[number % kRtcp.size()],
      .nack = spec_.destinations_ask && number % 2 == 0};
  if (terms.nack && number % 4 == 0) terms.rtx_payload_type = DestinationPeer::kRtxPayloadType;
  terms.fec = spec_.has_fec_out && !is_bare;
  return terms;
}

void World::build_destinations() {
  std::vector<crypto::SrtpMaster> keys;
  for (std::size_t i = 0; spec_.has_srtp && i < 2; ++i) keys.push_back(draw_master(random_));
  for (std::size_t i = 0; i < spec_.destinations; ++i)
    build_destination(i, destination_terms(i),
                      keys.empty() || i % 2 == 1 ? std::nullopt : std::optional(keys[i / 2 % 2]));
}

void World::build_destination(std::size_t number, const DestinationTerms& terms,
                              const std::optional<crypto::SrtpMaster>& srtp) {
  const Endpoint own{IpAddress::v4(198, 51, 102, static_cast<std::uint8_t>(number + 1)), 5'004};
  destinations_.push_back(make_destination(own, terms, srtp));
  DestinationPeer& peer = *destinations_.back();
  const std::uint32_t home = house(peer, terms.rtcp_port());
  if (spec_.has_groups) build_members(terms, number, home);
  act_at(Instant{} + micros(random_.between(0, kAddSpan.count)), [this, rule = build_legs(peer)] {
    const auto added = relay_->desk().add_destination(now_, rule);
    if (!added) return books_.fail("a destination was refused: " + added.error().what);
    wake_control(now_);
  });
}

std::unique_ptr<DestinationPeer> World::make_destination(const Endpoint& address, const DestinationTerms& terms,
                                                         const std::optional<crypto::SrtpMaster>& srtp) {
  const DriftingClock clock(random_.between(1'000'000, 900'000'000'000), random_.between(-200, 200));
  return std::make_unique<DestinationPeer>(
      address, terms, spec_, clock, static_cast<std::uint32_t>(random_.between(1, 0x7FFF'FFFF)), srtp, feed_, *this);
}

// `rtcp_port`: where it is sent reports; 0: nowhere.
std::uint32_t World::house(Recipient& recipient, std::uint16_t rtcp_port, Micros longer) {
  const auto home = static_cast<std::uint32_t>(homes_.size());
  LinkQuality down = spec_.viewer_link;
  down.delay = down.delay + longer;
  addresses_[recipient.address()] = home;
  if (rtcp_port != 0) addresses_[{recipient.address().ip, rtcp_port}] = home;
  homes_.push_back({.peer = &recipient,
                    .up = Link(spec_.viewer_link),
                    .down = Link(down),
                    .who = Who::kDestination,
                    .relay = relay_address_,
                    .relay_control = relay_address_});
  return home;
}

// Beside its first address. What the relay is told of it all.
control::DestinationRule World::build_legs(DestinationPeer& peer) {
  control::DestinationRule rule{.stream = kStream, .terms = peer.terms(), .srtp = peer.srtp(), .says_type = true};
  if (spec_.has_second_out && rule.terms.kind == FeedKind::kRtp) {
    IpAddress ip = rule.terms.remote.ip;
    ++ip.bytes[14];
    rule.second = control::DestinationLeg{.remote = {ip, rule.terms.remote.port}};
    const DestinationTerms terms = rule.second_alone().terms;
    second_legs_.push_back(std::make_unique<SecondLeg>(terms, spec_, feed_, peer));
    (void)house(*second_legs_.back(), terms.rtcp_port(), kSecondLegLonger);
    peer.set_second(*second_legs_.back());
  }
  for (const control::DestinationRule& leg : control::legs_of(rule)) {
    const bool is_row = leg.terms.leg == DestinationPart::kFecRows;
    fec_legs_.push_back(std::make_unique<FecLeg>(leg.terms.remote, is_row, fec_, peer));
    (void)house(*fec_legs_.back(), 0);
  }
  return rule;
}

// Its way is longer than the sender is missed for.
void World::build_echo() {
  echo_ = std::make_unique<Echo>(*this, feed_address_);
  (void)house(*echo_, 0, kEchoLonger);
  const control::DestinationRule rule{
      .stream = kStream, .terms = {.remote = feed_address_, .rtcp = RtcpWay::kNone}, .says_type = true};
  act_at(Instant{} + micros(random_.between(0, kAddSpan.count)), [this, rule] {
    if (!relay_->desk().add_destination(now_, rule)) books_.fail("a destination that leads back was refused");
    wake_control(now_);
  });
}

void World::build_members(const DestinationTerms& terms, std::size_t number, std::uint32_t first) {
  std::vector<std::uint32_t> homes{first};
  for (std::size_t i = 1; i < kGroupMembers; ++i) {
    const Endpoint own{
        IpAddress::v4(198, 51, static_cast<std::uint8_t>(110 + i), static_cast<std::uint8_t>(number + 1)),
        terms.remote.port};
    members_.push_back(make_destination(own, terms, std::nullopt));
    homes.push_back(house(*members_.back(), 0));
  }
  groups_[terms.remote] = homes;
  if (terms.rtcp_port() != 0) groups_[{terms.remote.ip, terms.rtcp_port()}] = homes;
}

void World::balance_destinations() {
  std::uint64_t given_up = 0;
  for (const auto& destination : destinations_) {
    const auto sent = relay_->sent_to(destination->terms().remote);
    if (!sent) books_.fail("destination " + destination->address().text() + " had no session");
    destination->line().balance(books_, sent, fresh_index_, destination->is_there());
    given_up = std::max(given_up, destination->line().numbers_left_out());
    destination->balance(books_);
    if (destination->received() == 0) books_.fail("destination " + destination->address().text() + " got nothing");
  }
  for (const auto& member : members_)
    if (member->is_there() && member->newest_index() < fresh_index_)
      books_.fail("member " + member->address().text() + " is there and gets nothing");
  balance_legs();
  books_.expect_at_most(
      "numbers left out", static_cast<std::int64_t>(given_up),
      static_cast<std::int64_t>(relay_->count(Counter::kReleaseGivenUp) + relay_->count(Counter::kReleaseSkipped) +
                                relay_->count(Counter::kReleaseNotTs)));
  balance_odd();
  if (rtp_publisher_ != nullptr) balance_feed();
}

// Each that a destination's pass went over, on each worker that has some.
void World::balance_odd() {
  const auto made = static_cast<std::int64_t>(std::ranges::count_if(feed_.made, &Feed::Made::is_odd));
  const auto counted = static_cast<std::int64_t>(relay_->count(Counter::kReleaseNotTs));
  books_.expect_at_most("payloads that are no transport stream", counted,
                        made * static_cast<std::int64_t>(spec_.workers));
  if (spec_.has_odd_payloads && counted * 2 < made) books_.fail("what was not sent to destinations was not counted");
}

void World::balance_legs() {
  for (const auto& leg : second_legs_) leg->balance(books_, relay_->sent_to(leg->address()), fresh_index_);
  for (const auto& leg : fec_legs_) leg->balance(books_, relay_->sent_to(leg->address()));
  if (!fec_legs_.empty()) books_.expect_equal("lines without FEC", relay_->count(Counter::kFecSkipped), 0);
}

// SRT does not carry it, as all are told who ask.
void World::check_turned_away() {
  for (const auto& viewer : viewers_) {
    const bool is_told = viewer->rejections() > 0 &&
                         viewer->caller().rejection() == static_cast<std::int32_t>(wire::Reject::kUnsupportedMedia);
    if (viewer->is_up() || !is_told)
      books_.fail("viewer " + viewer->address().text() + " was not told that SRT does not carry this");
  }
}

void World::balance_feed() {
  const bool has_silences = spec_.publisher_vanishes || spec_.publisher_returns || spec_.publisher_pauses;
  if (spec_.way == Way::kRtp && !has_silences && rtp_publisher_->reports() == 0)
    books_.fail("the feed's sender was never reported to");
  if (spec_.repair != Repair::kNone) rtp_publisher_->balance(books_);
  if (has_one_whole_source(spec_) && reception_.checked() == 0) books_.fail("no report was looked at");
  if (spec_.demands_all) books_.expect_equal("repairs too late to be played", relay_->count(Counter::kRepairedLate), 0);
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
