// Groups of SRTP destinations, made at the start and lent to the streams that have some (stream/srtp_group.h), and the
// sources that they begin with.
//
// A key is an operator's and outlives the process; under one key no SSRC may come back, for its indices begin again.
// Within a process none does: each worker takes every 64th of a sequence that goes through all 2^32 before it repeats.
// Where it begins, the process' random key says; what earlier processes drew is not remembered, as RFC 7714 §8.4 would
// have it (docs/adr/0039 has the odds).
#pragma once

#include <cstdint>
#include <vector>

#include "base/siphash.h"
#include "contract/limits.h"
#include "stream/srtp_out.h"
#include "stream/stream.h"

namespace fanlight {

class SrtpPlaces {
 public:
  static constexpr std::size_t kGroups = 2 * SrtpOut::kGroupsMax;

  // All destinations of the worker stand in places of `pool`.
  SrtpPlaces(std::size_t worker, const HashKey& key, PlacePool& pool);

  // The group that a destination of that key is to be a member of, which it then is. When a place is left, one whose
  // rollover counter its receiver takes for what it is. Null: all places are taken.
  [[nodiscard]] SrtpGroup* join(Stream& stream, crypto::SrtpSendingKey& key, std::uint8_t payload_type) noexcept;
  // Of a member; the last one's group is nobody's any more.
  void leave(Stream& stream, SrtpGroup& group) noexcept;
  // Whether a member that is sent nothing may stay: half of all places are kept for those that are sent to.
  [[nodiscard]] bool may_keep(const Stream& stream, const SrtpGroup& group) const noexcept;
  // Whether a receiver that was sent nothing from that index on (its low bits) still takes the next one for what it is.
  [[nodiscard]] bool goes_on(Stream& stream, const SrtpGroup& group, std::uint32_t paused_at) const noexcept;
  // Members of a group that may have wrapped, since it was asked last: there was no place for another.
  [[nodiscard]] std::uint64_t take_late_joins() noexcept { return std::exchange(late_joins_, 0); }
  [[nodiscard]] bool is_in_use() const noexcept { return free_groups_.size() < kGroups; }
  [[nodiscard]] std::size_t free_groups() const noexcept { return free_groups_.size(); }

 private:
  [[nodiscard]] SrtpSource draw() noexcept;
  [[nodiscard]] SrtpGroup* take(Stream& stream, crypto::SrtpSendingKey& key, std::uint8_t payload_type) noexcept;
  [[nodiscard]] bool has_place_for_another(const SrtpOut& out) const noexcept;

  const std::uint64_t worker_;
  const HashKey key_;
  std::uint64_t drawn_ = 0;
  std::uint64_t late_joins_ = 0;
  std::vector<SrtpGroup> groups_;
  std::vector<SrtpOut> outs_;
  std::vector<SrtpGroup*> free_groups_;  // Within their capacity: they begin with all.
  std::vector<SrtpOut*> free_outs_;
};

}  // namespace fanlight
