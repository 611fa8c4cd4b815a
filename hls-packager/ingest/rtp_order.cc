#include "ingest/rtp_order.h"

#include <algorithm>
#include <utility>

namespace fanlight::packager {
namespace {

constexpr int kLateMax = 1000;  // Behind that it is another count.
constexpr int kAheadMax = 32;   // Ahead of that as well: what is in between would not come any more.

int distance(std::uint16_t from, std::uint16_t to) noexcept {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(to - from));
}

}  // namespace

bool RtpOrder::handle(Instant now, std::uint32_t ssrc, std::uint16_t seq, ByteSpan payload) {
  const int ahead = distance(next_, seq);
  if (ssrc_ != ssrc || ahead > kAheadMax || ahead < -kLateMax) {
    std::ranges::move(held_, std::back_inserter(ready_));
    held_.clear();
    ssrc_ = ssrc;
    next_ = seq;
  } else if (ahead < 0 || std::ranges::find(held_, seq, &Held::seq) != held_.end()) {
    return false;
  }
  if (seq != next_) {
    hold(now, seq, payload);
    return true;
  }
  ++next_;
  if (ready_.empty() && held_.empty()) {
    passing_ = payload;
    return true;
  }
  ready_.push_back({seq, {payload.begin(), payload.end()}});
  // What waited for it.
  while (!held_.empty() && held_.front().seq == next_) {
    ready_.push_back(std::move(held_.front()));
    held_.erase(held_.begin());
    ++next_;
    since_ = now;
  }
  return true;
}

void RtpOrder::hold(Instant now, std::uint16_t seq, ByteSpan payload) {
  if (held_.empty()) since_ = now;
  const auto place = std::ranges::find_if(held_, [&](const Held& one) { return distance(seq, one.seq) > 0; });
  held_.insert(place, {seq, {payload.begin(), payload.end()}});
  if (held_.size() > kHeldMax) give_up_gap(now);
}

void RtpOrder::give_up_gap(Instant now) {
  next_ = held_.front().seq;
  while (!held_.empty() && held_.front().seq == next_) {
    ready_.push_back(std::move(held_.front()));
    held_.erase(held_.begin());
    ++next_;
  }
  since_ = now;
}

void RtpOrder::handle_timeout(Instant now) {
  if (is_holding() && now - since_ >= kWait) give_up_gap(now);
}

std::optional<ByteSpan> RtpOrder::poll() {
  if (polled_ < ready_.size()) return ByteSpan(ready_[polled_++].payload);
  ready_.clear();
  polled_ = 0;
  return std::exchange(passing_, std::nullopt);
}

}  // namespace fanlight::packager
