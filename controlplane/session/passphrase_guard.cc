#include "session/passphrase_guard.h"

#include <algorithm>
#include <utility>

#include "base/prefix.h"

namespace fanlight::control {

bool PassphraseGuard::is_paused(Instant now, const Attempt& attempt) {
  if (!pause_end(now, attempt)) return false;
  ++refused_;
  return true;
}

std::optional<Instant> PassphraseGuard::pause_end(Instant now, const Attempt& attempt) const {
  const Place* place = find(attempt);
  if (place == nullptr || now >= place->paused_until) return std::nullopt;
  return place->paused_until;
}

void PassphraseGuard::note_failure(Instant now, const Attempt& attempt, bool is_known) {
  Place* place = find(attempt);
  if (place == nullptr && places_.size() < kPlaces) place = &places_.emplace_back();
  // Who wants to be forgotten has to fail from a thousand addresses, within the budget of derivations.
  if (place == nullptr) place = &*std::ranges::min_element(places_, {}, &Place::last);
  if (place->failures == 0 || place->passphrase != attempt.passphrase || place->host != host_of(attempt.from) ||
      now - place->last > kForgetAfter)
    *place = {.host = host_of(attempt.from), .passphrase = attempt.passphrase};
  place->last = now;
  ++place->failures;
  if (place->failures < kFree) return;
  const std::uint32_t doublings = std::min(place->failures - kFree, 16u);
  place->paused_until = now + (is_known ? kPauseMin : std::min((std::int64_t{1} << doublings) * kPauseMin, kPauseMax));
  if (is_known) place->failures = 0;
}

void PassphraseGuard::note_success(const Attempt& attempt) {
  if (Place* place = find(attempt)) *place = {};
}

const PassphraseGuard::Place* PassphraseGuard::find(const Attempt& attempt) const {
  const IpAddress host = host_of(attempt.from);
  const auto found = std::ranges::find_if(
      places_, [&](const Place& place) { return place.host == host && place.passphrase == attempt.passphrase; });
  return found == places_.end() ? nullptr : &*found;
}

PassphraseGuard::Place* PassphraseGuard::find(const Attempt& attempt) {
  return const_cast<Place*>(std::as_const(*this).find(attempt));
}

}  // namespace fanlight::control
