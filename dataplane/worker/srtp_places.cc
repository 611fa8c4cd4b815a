#include "worker/srtp_places.h"

#include <array>

#include "base/check.h"

namespace fanlight {

SrtpPlaces::SrtpPlaces(std::size_t worker, const HashKey& key, PlacePool& pool)
    : worker_(worker), key_(key), groups_(kGroups), outs_(kSrtpKeysMax) {
  for (SrtpGroup& group : groups_) {
    group.destinations().places().lend_from(pool);
    free_groups_.push_back(&group);
  }
  for (SrtpOut& out : outs_) free_outs_.push_back(&out);
}

// Numbers that only we know, but for the SSRC's place in the sequence.
SrtpSource SrtpPlaces::draw() noexcept {
  constexpr std::uint64_t kFirst = 0x7372'7470;
  constexpr std::uint64_t kStep = 0x9E37'79B1;  // Odd: it goes through all of 32 bits.
  const std::array<std::uint64_t, 1> first{kFirst};
  const std::array<std::uint64_t, 3> other{kFirst, worker_, drawn_};
  const std::uint64_t place = drawn_++ * kWorkersMax + worker_;
  return {.ssrc = static_cast<std::uint32_t>(siphash(key_, std::as_bytes(std::span(first))) + place * kStep),
          .random = static_cast<std::uint32_t>(siphash(key_, std::as_bytes(std::span(other))))};
}

SrtpGroup* SrtpPlaces::join(Stream& stream, crypto::SrtpSendingKey& key, std::uint8_t payload_type) noexcept {
  const PacketPos next = stream.release().begin(stream.history());
  SrtpGroup* late = nullptr;
  if (const SrtpOut* out = stream.release().srtp())
    for (SrtpGroup* group : out->groups()) {
      if (!group->is_for(key, payload_type) || group->is_worn()) continue;
      if (late == nullptr || group->index_of(next) < late->index_of(next)) late = group;
      if (!group->takes_members(next)) continue;
      group->add_member();
      return group;
    }
  SrtpGroup* group =
      late == nullptr || has_place_for_another(*stream.release().srtp()) ? take(stream, key, payload_type) : nullptr;
  if (group == nullptr) group = late;
  if (group == nullptr) return nullptr;
  if (group == late) ++late_joins_;
  group->add_member();
  return group;
}

// A key's first group always finds a place, for control knows how many keys there are: others take what is left.
bool SrtpPlaces::has_place_for_another(const SrtpOut& out) const noexcept {
  return free_groups_.size() > kSrtpKeysMax && out.groups().size() < SrtpOut::kGroupsMax - kSrtpKeysPerStreamMax;
}

bool SrtpPlaces::may_keep(const Stream& stream, const SrtpGroup& group) const noexcept {
  if (group.destinations().size() > 0) return true;
  return 2 * free_groups_.size() >= kGroups && 2 * stream.release().srtp()->groups().size() <= SrtpOut::kGroupsMax;
}

// RFC 3711 §3.3.1: it takes the index for the nearest to the newest that it knows.
bool SrtpPlaces::goes_on(Stream& stream, const SrtpGroup& group, std::uint32_t paused_at) const noexcept {
  constexpr std::uint32_t kNear = 1 << 15;
  const PacketPos next = stream.release().begin(stream.history());
  return group.takes_members(next) || static_cast<std::uint32_t>(group.index_of(next)) - paused_at < kNear;
}

SrtpGroup* SrtpPlaces::take(Stream& stream, crypto::SrtpSendingKey& key, std::uint8_t payload_type) noexcept {
  Release& release = stream.release();
  if (free_groups_.empty()) return nullptr;
  if (release.srtp() == nullptr) {
    if (free_outs_.empty()) return nullptr;
    release.set_srtp(free_outs_.back());
    free_outs_.pop_back();
    (void)release.srtp()->take_worn();  // Of who had it before.
  }
  if (!release.srtp()->has_room()) return nullptr;
  SrtpGroup* group = free_groups_.back();
  free_groups_.pop_back();
  group->begin(key, payload_type, draw(), release.begin(stream.history()));
  release.srtp()->add(*group);
  return group;
}

void SrtpPlaces::leave(Stream& stream, SrtpGroup& group) noexcept {
  if (group.remove_member()) return;
  SrtpOut& out = *stream.release().srtp();
  out.remove(group);
  DCHECK(free_groups_.size() < groups_.size());
  free_groups_.push_back(&group);
  if (!out.groups().empty()) return;
  stream.release().set_srtp(nullptr);
  free_outs_.push_back(&out);
}

}  // namespace fanlight
