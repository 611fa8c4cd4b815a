#include "session/stream_policy.h"

#include <tuple>

#include "access/stream_id.h"
#include "contract/limits.h"

namespace fanlight::control {

StreamPolicy::StreamPolicy(const StreamRule& rule)
    : name(rule.name),
      latency(rule.latency),
      latency_max(rule.latency_max),
      bitrate_bits_max(rule.bitrate_bits_max),
      gop_max(rule.gop_max),
      join(rule.join),
      bounds(rule.bounds),
      coalesce(rule.coalesce),
      order_wait(rule.order_wait),
      fec(rule.fec),
      rekey{rule.rekey_packets, rule.rekey_interval},
      wait(rule.wait),
      publish_passphrase(rule.publish_passphrase),
      view_passphrase(rule.view_passphrase) {}

StreamOptions StreamPolicy::options() const {
  return {.bitrate_bits_max = bitrate_bits_max,
          .latency = latency,
          .latency_max = latency_max,
          .gop_max = gop_max,
          .join = join,
          .bounds = bounds,
          .coalesce = coalesce,
          .order_wait = order_wait,
          .fec = fec};
}

bool StreamPolicy::keep_dimensions_of(const StreamPolicy& running) {
  const auto dimensions = [](StreamPolicy& p) {
    return std::tie(p.bitrate_bits_max, p.latency_max, p.gop_max, p.join, p.bounds, p.coalesce, p.order_wait, p.fec);
  };
  StreamPolicy kept = running;
  const bool is_same = dimensions(*this) == dimensions(kept);
  dimensions(*this) = dimensions(kept);
  return is_same;
}

StreamRule StreamPolicy::public_rule() const {
  StreamRule rule;
  rule.name = name;
  rule.latency = latency;
  rule.latency_max = latency_max;
  rule.bitrate_bits_max = bitrate_bits_max;
  rule.gop_max = gop_max;
  rule.join = join;
  rule.bounds = bounds;
  rule.coalesce = coalesce;
  rule.order_wait = order_wait;
  rule.fec = fec;
  rule.rekey_packets = rekey.packets;
  rule.rekey_interval = rekey.interval;
  rule.wait = wait;
  return rule;
}

void wipe_passphrases(std::vector<StreamRule>& rules) {
  for (StreamRule& rule : rules) {
    wipe(rule.publish_passphrase);
    wipe(rule.view_passphrase);
  }
}

std::optional<std::string> find_fault(const StreamRule& rule) {
  if (rule.is_pattern() ? !is_stream_pattern(rule.name) : !is_stream_name(rule.name))
    return "stream name is not letters, digits and '._-' between single slashes (a pattern ends in one '*')";
  if (!Secret::fits(rule.publish_passphrase) || !Secret::fits(rule.view_passphrase))
    return "passphrase of stream " + rule.name + " is not 10 to 79 bytes long";
  if (rule.bitrate_bits_max == 0) return "bitrate of stream " + rule.name + " is 0";
  if (rule.latency < Micros{} || rule.latency > rule.latency_max || rule.latency_max > millis(0xFFFF))
    return "latency of stream " + rule.name + " is not within 0 and latency_max (at most 65,535 ms)";
  return std::nullopt;
}

// As plan_join() sees it: bits_max is of whole datagrams, the bitrate of payload.
std::optional<std::string> find_doubt(const StreamRule& rule) {
  constexpr std::uint64_t kUsualPayloadBytes = 1316;  // Seven TS packets.
  const std::uint64_t needed = rule.bitrate_bits_max / kUsualPayloadBytes * (kUsualPayloadBytes + kMssOverhead);
  if (!rule.join.at_picture || rule.join.bits_max == 0 || rule.join.bits_max > needed) return std::nullopt;
  return "stream " + rule.name +
         ": join_rate_max_mbps is not above bitrate_max_mbps and its headers, 3.3 %; at that bitrate no viewer can "
         "catch"
         " up, and all start with the next packet instead of a picture. Raise it, set 0, or say join = \"live\"";
}

}  // namespace fanlight::control
