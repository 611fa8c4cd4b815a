#include "live/in_step.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {
namespace {

std::int64_t decoded_at(const TimedSample& sample) {
  return rescale(sample.decode_time, sample.timescale, kMediaClock);
}

}  // namespace

void InStep::note_leader(const TimedSample& sample) noexcept { leader_ = Leader{sample.epoch, decoded_at(sample)}; }

std::optional<Micros> InStep::lateness_of(const TimedSample& sample) const noexcept {
  if (!leader_ || leader_->epoch != sample.epoch) return std::nullopt;
  return Micros{(leader_->newest - decoded_at(sample)) * 100 / 9};
}

void InStep::handle(TrackSample&& one, bool leads, Micros now) {
  const Micros late = leads ? Micros{} : lateness_of(one.sample).value_or(Micros{});
  const Micros wait = std::clamp(wait_ + Micros{-late.count}, Micros{}, wait_);
  Micros& until = newest_[one.track];
  until = std::max(until, now + wait);
  bytes_ += one.sample.bytes.size();
  waiting_.emplace(until, std::move(one));
}

std::optional<InStep::Waiting> InStep::take_due(Micros now) {
  if (waiting_.empty() || (now < waiting_.begin()->first && bytes_ <= kBytesMax)) return std::nullopt;
  return take_any();
}

std::optional<InStep::Waiting> InStep::take_any() {
  if (waiting_.empty()) return std::nullopt;
  auto next = waiting_.extract(waiting_.begin());
  bytes_ -= next.mapped().sample.bytes.size();
  if (waiting_.empty()) newest_.clear();
  return Waiting{next.key(), std::move(next.mapped())};
}

bool InStep::has_any_of(std::size_t track) const noexcept {
  return std::ranges::any_of(waiting_, [&](const auto& entry) { return entry.second.track == track; });
}

}  // namespace fanlight::packager
