// Positions survive their way over the wire, across any number of wraps.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/seq.h"

namespace fanlight {
namespace {

constexpr std::int64_t kHalf = std::int64_t{1} << 30;

RC_GTEST_PROP(SeqProperty, UnwrapFindsThePositionNearby, ()) {
  const PacketPos near{*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 50)};
  const SeqOffset offset{*rc::gen::arbitrary<std::uint32_t>()};
  const PacketPos pos = near + *rc::gen::inRange<std::int64_t>(-kHalf, kHalf);
  RC_ASSERT(offset.seq_of(pos).raw <= kSeqMask);
  RC_ASSERT(unwrap(offset.seq_of(pos), offset, near) == pos);
}

RC_GTEST_PROP(SeqProperty, BetweenGivesThePositionItsNumber, ()) {
  const PacketPos pos{*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 50)};
  const SeqNo seq{*rc::gen::inRange<std::uint32_t>(0, kSeqMask)};
  const SeqOffset offset = SeqOffset::between(pos, seq);
  RC_ASSERT(offset.seq_of(pos) == seq);
  RC_ASSERT(offset.seq_of(pos + 1).raw == ((seq.raw + 1) & kSeqMask));
}

}  // namespace
}  // namespace fanlight
