#include "net/memberships.h"

#include <algorithm>

#include "net/igmp.h"
#include "net/ip_header.h"
#include "net/mld.h"

namespace fanlight::net {
namespace {

constexpr Micros kUnsolicitedInterval = seconds(1);  // RFC 3376 §8.11, RFC 3810 §9.11
constexpr Micros kQueryResponseInterval = seconds(10);
constexpr Micros kResponseMin =
    millis(10);                          // Whatever is asked: who asks without end gets a few hundred answers a second.
constexpr std::size_t kRecordsMax = 64;  // In one frame.
constexpr std::uint64_t kAllSources = ~std::uint64_t{0};
static_assert(Memberships::kSourcesMax == 64, "a bit for each");

constexpr std::size_t kReportHeadsV4 = kEthernetBytes + kIpv4Bytes + 4 + kIgmpBytesMin;
constexpr std::size_t kReportHeadsV6 = kEthernetBytes + kIpv6Bytes + 8 + 8;
static_assert(kReportHeadsV6 + 20 + Memberships::kSourcesMax * 16 <= kFrameBytesMax);

std::size_t record_bytes(bool is_v4, std::size_t sources) { return is_v4 ? 8 + 4 * sources : 20 + 16 * sources; }

// RFC 3376 §9.1: a question about all goes to all; anything else was made to load a single host.
bool goes_to_all(const FrameView& view) { return view.local.ip == kAllSystems || view.local.ip == kAllNodes; }

std::size_t write_records(bool is_v4, const ReportSender& sender, std::span<const GroupRecord> records,
                          MutableByteSpan out) {
  return is_v4 ? write_igmp_report(out, sender, records) : write_mld_report(out, sender, records);
}

std::size_t write_old(bool is_v4, const ReportSender& sender, OldReport what, const IpAddress& group,
                      MutableByteSpan out) {
  return is_v4 ? write_igmp_old(out, sender, what, group) : write_mld_old(out, sender, what, group);
}

}  // namespace

Memberships::Memberships(const Interface& interface, std::uint64_t seed)
    : families_{Family{.is_v4 = true, .sender = {interface.mac, interface.ipv4}},
                Family{.is_v4 = false, .sender = {interface.mac, interface.link_local()}}},
      random_(seed) {
  if (!interface.has_ipv4()) families_[0].sender.ip = {};
  if (!interface.has_ipv6()) families_[1].sender.ip = {};
  if (interface.has_ipv6())
    for (const IpAddress& own : {interface.link_local(), interface.ipv6})
      group_of(families_[1], solicited_node_of(own)).is_from_anybody = true;
}

Memberships::Group& Memberships::group_of(Family& family, const IpAddress& ip) {
  const auto found = std::ranges::find(family.groups, ip, &Group::ip);
  return found != family.groups.end() ? *found : family.groups.emplace_back(Group{.ip = ip});
}

bool Memberships::join(const IpAddress& group, const std::optional<IpAddress>& source) {
  Family& family = families_[group.is_v4() ? 0 : 1];
  if (family.sender.ip == IpAddress{}) return false;
  if (group == kAllSystems || group == kAllNodes) return true;  // Everybody is in them, and nobody says so.
  Group& joined = group_of(family, group);
  joined.is_from_anybody = joined.is_from_anybody || !source;
  if (!source || std::ranges::find(joined.sources, *source) != joined.sources.end()) return true;
  if (joined.sources.size() == kSourcesMax) return false;
  joined.sources.push_back(*source);
  return true;
}

// splitmix64 (Steele, Lea, Flood 2014): hosts that were asked at once are to answer one after the other.
Micros Memberships::random_up_to(Micros span) noexcept {
  std::uint64_t z = (random_ += 0x9E37'79B9'7F4A'7C15);
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
  return Micros{static_cast<std::int64_t>((z ^ (z >> 31)) % (static_cast<std::uint64_t>(span.count) + 1))};
}

void Memberships::start(Instant now) noexcept {
  for (Family& family : families_) {
    if (family.groups.empty() || is_leaving_) continue;
    family.changes_left = family.robustness;
    family.change_next = 0;
    family.change_due = now;
    note_due(now);
  }
}

void Memberships::leave(Instant now) noexcept {
  for (Family& family : families_) {
    family.answer_due = Instant::never();
    for (Group& group : family.groups) group.answer_due = Instant::never();
  }
  start(now);
  is_leaving_ = true;
}

void Memberships::note_due(Instant due) noexcept { next_due_ = std::min(next_due_, due); }

Instant Memberships::earliest_due() const noexcept {
  Instant due = Instant::never();
  for (const Family& family : families_) {
    due = std::min({due, family.change_due, family.answer_due});
    for (const Group& group : family.groups) due = std::min(due, group.answer_due);
  }
  return due;
}

void Memberships::handle_frame(Instant now, ByteSpan frame, const FrameView& view) noexcept {
  if (view.kind != FrameKind::kGroups || is_leaving_) return;
  const bool is_v4 = view.local.ip.is_v4();
  const std::optional<GroupQuery> query =
      is_v4 ? parse_igmp_query(view.payload_of(frame)) : parse_mld_query(view.payload_of(frame));
  if (!query || (query->is_general() && !goes_to_all(view))) return;
  Family& family = families_[is_v4 ? 0 : 1];
  note_querier(now, family, *query);
  const Instant due = now + random_up_to(std::max(query->max_response, kResponseMin));
  if (family.groups.empty() || family.answer_due <= due) return;  // What is to be said soon says this as well.
  if (query->is_general()) {
    family.answer_due = due;
    return note_due(due);
  }
  const auto asked = std::ranges::find(family.groups, query->group, &Group::ip);
  if (asked != family.groups.end()) schedule_answer(due, *asked, *query);
}

// RFC 3376 §7.2.1, RFC 3810 §8.2.1: general queries alone, which come from the link, tell that a router is older, each
// version for a time of its own. What waits to be said then goes out in the older version's words.
void Memberships::note_querier(Instant now, Family& family, const GroupQuery& query) noexcept {
  if (query.version < family.newest()) {
    const Instant until = now + family.robustness * family.interval + kQueryResponseInterval;
    if (query.is_general()) family.older_until[query.version - 1u] = until;
    return;
  }
  family.robustness = query.robustness != 0 ? query.robustness : kRobustness;  // RFC 3376 §4.1.6, RFC 3810 §5.1.8
  if (query.interval > Micros{}) family.interval = query.interval;
}

// RFC 3376 §5.2: a group that is wanted from anybody answers whole, whichever sources were asked for.
void Memberships::schedule_answer(Instant due, Group& group, const GroupQuery& query) noexcept {
  std::uint64_t asked = kAllSources;
  if (query.sources > 0 && !group.is_from_anybody) {
    asked = 0;
    for (std::size_t i = 0; i < group.sources.size(); ++i)
      if (query.asks_for(group.sources[i])) asked |= std::uint64_t{1} << i;
  }
  if (asked == 0) return;
  group.asked |= asked;
  group.answer_due = std::min(group.answer_due, due);
  note_due(group.answer_due);
}

std::size_t Memberships::poll_report(Instant now, MutableByteSpan out) noexcept {
  if (now < next_due_) return 0;
  for (Family& family : families_)
    if (const std::size_t size = poll_family(now, family, out)) return size;
  next_due_ = earliest_due();
  return 0;
}

std::size_t Memberships::poll_family(Instant now, Family& family, MutableByteSpan out) noexcept {
  if (family.change_due <= now)
    if (const std::size_t size = poll_change(now, family, out)) return size;
  if (family.answer_due <= now) return poll_answer(now, family, out);
  for (Group& group : family.groups) {
    if (group.answer_due > now) continue;
    group.answer_due = Instant::never();
    const std::size_t size = write_group(now, family, group, out);
    group.asked = 0;
    if (size != 0) return size;
  }
  return 0;
}

std::size_t Memberships::poll_change(Instant now, Family& family, MutableByteSpan out) noexcept {
  const Saying what = is_leaving_ ? Saying::kLeave : Saying::kJoin;
  const std::size_t size = write_some(now, family, family.change_next, what, out);
  if (size != 0 && family.change_next < family.groups.size()) return size;
  family.change_next = 0;
  family.changes_left = static_cast<std::uint8_t>(size == 0 ? 0 : family.changes_left - 1);
  family.change_due = family.changes_left == 0 ? Instant::never()
                      : is_leaving_            ? now
                                               : now + random_up_to(kUnsolicitedInterval);
  return size;
}

std::size_t Memberships::poll_answer(Instant now, Family& family, MutableByteSpan out) noexcept {
  const std::size_t size = write_some(now, family, family.answer_next, Saying::kState, out);
  if (size != 0 && family.answer_next < family.groups.size()) return size;
  family.answer_next = 0;
  family.answer_due = Instant::never();
  return size;
}

// One frame, about the groups from `next` on; 0 when nothing is to be said of them. IGMPv1 knows no leave.
std::size_t Memberships::write_some(Instant now, const Family& family, std::size_t& next, Saying what,
                                    MutableByteSpan out) const noexcept {
  const std::uint8_t version = family.version(now);
  if (version < family.newest()) {
    const bool is_v1 = family.is_v4 && version == 1;
    if (is_v1 && what == Saying::kLeave) return 0;
    const OldReport old = what == Saying::kLeave ? OldReport::kLeave : is_v1 ? OldReport::kJoinV1 : OldReport::kJoin;
    return write_old(family.is_v4, family.sender, old, family.groups[next++].ip, out);
  }
  std::array<GroupRecord, kRecordsMax> records;
  std::size_t count = 0;
  std::size_t bytes = family.is_v4 ? kReportHeadsV4 : kReportHeadsV6;
  for (; next < family.groups.size() && count < records.size(); ++next) {
    const Group& group = family.groups[next];
    constexpr std::array kFromAnybody = {RecordType::kModeIsExclude, RecordType::kChangeToExclude,
                                         RecordType::kChangeToInclude};  // By Saying.
    constexpr std::array kFromSome = {RecordType::kModeIsInclude, RecordType::kAllowNewSources,
                                      RecordType::kBlockOldSources};
    const std::span<const IpAddress> sources =
        group.is_from_anybody ? std::span<const IpAddress>{} : std::span<const IpAddress>{group.sources};
    bytes += record_bytes(family.is_v4, sources.size());
    if (bytes > kFrameBytesMax) break;
    const auto& types = group.is_from_anybody ? kFromAnybody : kFromSome;
    records[count++] = {types[static_cast<std::size_t>(what)], group.ip, sources};
  }
  return write_records(family.is_v4, family.sender, std::span(records).first(count), out);
}

std::size_t Memberships::write_group(Instant now, const Family& family, const Group& group,
                                     MutableByteSpan out) const noexcept {
  const std::uint8_t version = family.version(now);
  if (version < family.newest())
    return write_old(family.is_v4, family.sender, family.is_v4 && version == 1 ? OldReport::kJoinV1 : OldReport::kJoin,
                     group.ip, out);
  std::array<IpAddress, kSourcesMax> sources;
  std::size_t count = 0;
  for (std::size_t i = 0; i < group.sources.size() && !group.is_from_anybody; ++i)
    if ((group.asked >> i & 1) != 0) sources[count++] = group.sources[i];
  const GroupRecord record{group.is_from_anybody ? RecordType::kModeIsExclude : RecordType::kModeIsInclude, group.ip,
                           std::span(sources).first(count)};
  return write_records(family.is_v4, family.sender, {&record, 1}, out);
}

}  // namespace fanlight::net
