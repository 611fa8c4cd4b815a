#include "delay_meter.h"

#include <algorithm>
#include <optional>

#include "base/siphash.h"

namespace fanlight::link_proxy {
namespace {

// The payload's hash, when this is an SRT data packet (bit 31 clear) sent for the first time (R, bit 26 of the second
// word, clear).
std::optional<std::uint64_t> fresh_payload(ByteSpan datagram) {
  constexpr std::size_t kHeader = 16;
  if (datagram.size() <= kHeader) return std::nullopt;
  const bool control = (load_be32(datagram.data()) >> 31) != 0;
  const bool retransmitted = ((load_be32(datagram.data() + 4) >> 26) & 1) != 0;
  if (control || retransmitted) return std::nullopt;
  return siphash(HashKey{}, datagram.subspan(kHeader));
}

double percentile_us(const std::vector<std::int64_t>& sorted_ns, double share) {
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted_ns.size() - 1) + 0.5);
  return static_cast<double>(sorted_ns[index]) / 1'000.0;
}

}  // namespace

void DelayMeter::sent_to_relay(ByteSpan datagram, std::int64_t at_ns) {
  const auto hash = fresh_payload(datagram);
  if (!hash || !sent_.try_emplace(*hash, at_ns).second) return;  // Repeated payloads (stuffing) would be ambiguous.
  order_.push_back(*hash);
  if (order_.size() <= kRemembered) return;
  sent_.erase(order_.front());
  order_.pop_front();
}

void DelayMeter::received_for(int viewer, ByteSpan datagram, std::int64_t at_ns) {
  const auto hash = fresh_payload(datagram);
  if (!hash) return;
  const std::int64_t first = first_data_.try_emplace(viewer, at_ns).first->second;
  if (at_ns - first < skip_ns_) return;
  const auto sent = sent_.find(*hash);
  if (sent == sent_.end()) {
    ++unmatched_;
    return;
  }
  samples_ns_.push_back(at_ns - sent->second);
}

DelaySummary DelayMeter::summary() const {
  if (samples_ns_.empty()) return {};
  std::vector<std::int64_t> sorted = samples_ns_;
  std::ranges::sort(sorted);
  return {.samples = sorted.size(),
          .p50 = percentile_us(sorted, 0.50),
          .p90 = percentile_us(sorted, 0.90),
          .p99 = percentile_us(sorted, 0.99),
          .max = static_cast<double>(sorted.back()) / 1'000.0};
}

}  // namespace fanlight::link_proxy
