#include "config/stream_rule.h"

#include <algorithm>

#include "config/secret_source.h"
#include "config/stream_pattern.h"

namespace fanlight::control {
namespace {

void read_name(FieldReader& reader, StreamRule& rule) {
  rule.name = reader.text("name");
  if (is_rule_name(rule.name) || reader.is_no_text("name")) return;
  reader.complain("name", reader.has("name") ? quoted(rule.name) : "nothing", kRuleNameText);
}

void read_latency(FieldReader& reader, StreamRule& rule) {
  const std::int64_t latency = reader.integer("latency_ms", kLatencyMs, rule.latency.count / 1000);
  const std::int64_t latency_max =
      reader.integer("latency_max_ms", kLatencyMs, std::max(latency, rule.latency_max.count / 1000));
  rule.latency = millis(latency);
  rule.latency_max = millis(latency_max);
  if (latency_max >= latency) return;
  reader.complain("latency_max_ms", std::to_string(latency_max),
                  std::to_string(latency) + " (latency_ms) to " + std::to_string(kLatencyMs.most));
}

void read_bitrate(FieldReader& reader, StreamRule& rule) {
  const double mbps = reader.number("bitrate_max_mbps", kBitrateMbps, 10);
  if (mbps < 0.01) reader.complain("bitrate_max_mbps", show(Field::Value{mbps}), "a number from 0.01 to 1000");
  rule.bitrate_bits_max = static_cast<std::uint64_t>(mbps * 1e6);
}

void read_join(FieldReader& reader, StreamRule& rule) {
  rule.gop_max = millis(reader.integer("gop_max_ms", kLatencyMs, rule.gop_max.count / 1000));
  rule.join.at_picture = reader.choice("join", {"keyframe", "live"}, 0) == 0;
  rule.join.bits_max = static_cast<std::uint64_t>(reader.number("join_rate_max_mbps", kJoinRateMbps, 0) * 1e6);
  rule.join.time_max = millis(reader.integer("join_time_max_ms", kLatencyMs, rule.join.time_max.count / 1000));
}

void read_bounds(FieldReader& reader, StreamRule& rule) {
  rule.bounds.repair_percent =
      static_cast<std::uint32_t>(reader.integer("repair_share_percent", kRepairPercent, rule.bounds.repair_percent));
  rule.bounds.cuts_slow = reader.flag("cut_slow", rule.bounds.cuts_slow);
  rule.coalesce = millis(reader.integer("coalesce_ms", kCoalesceMs, rule.coalesce.count / 1000));
  rule.order_wait = millis(reader.integer("order_wait_ms", kLatencyMs, rule.order_wait.count / 1000));
}

void read_rekey(FieldReader& reader, StreamRule& rule) {
  const std::int64_t packets = reader.integer("rekey_packets", kRekeyPackets, rule.rekey_packets);
  if (packets > 0 && packets < kRekeyPacketsLeast)
    reader.complain(
        "rekey_packets", std::to_string(packets),
        "0 (never), or " + std::to_string(kRekeyPacketsLeast) + " to " + std::to_string(kRekeyPackets.most));
  rule.rekey_packets = static_cast<std::uint32_t>(packets);
  rule.rekey_interval =
      seconds(reader.integer("rekey_interval_s", kRekeySeconds, rule.rekey_interval.count / 1'000'000));
}

void read_fec(FieldReader& reader, StreamRule& rule) {
  FecOptions& fec = rule.fec;
  fec.columns = static_cast<std::uint8_t>(reader.integer("fec_columns", {1, kFecSideMax}, fec.columns));
  fec.rows = static_cast<std::uint8_t>(reader.integer("fec_rows", {kFecSideMin, kFecSideMax}, fec.rows));
  if (static_cast<std::size_t>(fec.packets()) > kFecMatrixMax)
    reader.complain("fec_rows", std::to_string(fec.columns) + " columns by " + std::to_string(fec.rows),
                    std::to_string(kFecMatrixMax) + " packets in a matrix at most");
  fec.has_rows = reader.flag("fec_2d", fec.columns >= kFecSideMin);
  if (fec.has_rows && fec.columns < kFecSideMin)
    reader.complain("fec_2d", "true beside " + std::to_string(fec.columns) + " columns", "4 columns or more");
}

void read_wait(FieldReader& reader, StreamRule& rule) {
  rule.wait = reader.flag("wait", !rule.is_pattern());
  if (!rule.wait || !rule.is_pattern()) return;
  rule.wait = false;
  reader.complain("wait", "true", "false under a pattern: its streams exist only while somebody publishes them");
}

}  // namespace

bool is_rule_name(std::string_view name) { return is_stream_name(name) || is_stream_pattern(name); }

StreamRule read_stream_rule(FieldReader& reader) {
  StreamRule rule;
  read_name(reader, rule);
  read_latency(reader, rule);
  read_bitrate(reader, rule);
  read_join(reader, rule);
  read_bounds(reader, rule);
  read_fec(reader, rule);
  read_rekey(reader, rule);
  read_wait(reader, rule);
  rule.publish_passphrase = read_secret(reader, "publish_passphrase", kPassphraseBytes);
  rule.view_passphrase = read_secret(reader, "view_passphrase", kPassphraseBytes);
  reader.finish();
  return rule;
}

}  // namespace fanlight::control
