#include "api/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>

namespace fanlight::control {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Workers = std::vector<const WorkerCounters*>;

ClientMetric::Label label_of(std::size_t worker) { return {"worker", std::to_string(worker)}; }

ClientMetric counted(std::uint64_t value, std::vector<ClientMetric::Label> labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(value);
  return metric;
}

ClientMetric gauged(double value, std::vector<ClientMetric::Label> labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

MetricFamily gauge(std::string name, std::string help, double value, std::vector<ClientMetric::Label> labels = {}) {
  return {std::move(name), std::move(help), MetricType::Gauge, {gauged(value, std::move(labels))}};
}

// What a counter counts, as the last word of its metric: packets, unless its name says it already.
std::string_view unit_of(Counter counter) {
  switch (counter) {
    case Counter::kBreaths:
    case Counter::kBreathsIdle:
    case Counter::kBusyMicros:
    case Counter::kReceivedBytes:
    case Counter::kTransmittedBytes:
    case Counter::kTransmitCalls:
    case Counter::kTransmitPaused:
    case Counter::kReceivePoolDry:
    case Counter::kHeaderPoolDry:
    case Counter::kCopyPoolDry:
    case Counter::kAdoptionPoolDry:
    case Counter::kNakOverflow:
    case Counter::kOwnFrames:
    case Counter::kNeighbourNewsLost:
    case Counter::kDropRequestsSent:
    case Counter::kPublisherSplices:
    case Counter::kClocksWrong:
    case Counter::kWindowClosed:
    case Counter::kViewerSkips:
    case Counter::kPacketsSkipped:
    case Counter::kSessionsOpened:
    case Counter::kSessionsClosed:
    case Counter::kSessionsRefused:
    case Counter::kHalfOpenDisplaced:
    case Counter::kEventsRefused:
      return "";
    default:
      return "_packets";
  }
}

MetricFamily family_of(Counter counter, const Workers& workers) {
  const std::string name{kCounterNames[static_cast<std::size_t>(counter)]};
  MetricFamily family{"fanlight_" + name + std::string{unit_of(counter)} + "_total",
                      "See docs/counters.md, " + name + ".",
                      MetricType::Counter,
                      {}};
  for (std::size_t i = 0; i < workers.size(); ++i)
    family.metric.push_back(counted(workers[i]->read(counter), {label_of(i)}));
  return family;
}

MetricFamily verdict_family(const Workers& workers) {
  MetricFamily family{"fanlight_verdict_packets_total",
                      "Received packets by what became of them (docs/counters.md).",
                      MetricType::Counter,
                      {}};
  for (std::size_t worker = 0; worker < workers.size(); ++worker) {
    for (std::size_t i = 0; i < kVerdictCount; ++i) {
      const auto verdict = static_cast<Verdict>(i);
      family.metric.push_back(
          counted(workers[worker]->read(verdict), {label_of(worker), {"verdict", std::string{name_of(verdict)}}}));
    }
  }
  return family;
}

// Closed is read first: a session that closes in between must not make the difference negative.
double sessions_now(const WorkerCounters& counters) {
  const std::uint64_t closed = counters.read(Counter::kSessionsClosed);
  return static_cast<double>(counters.read(Counter::kSessionsOpened) - closed);
}

MetricFamily sessions_family(const Workers& workers) {
  MetricFamily family{"fanlight_sessions", "Sessions right now.", MetricType::Gauge, {}};
  for (std::size_t i = 0; i < workers.size(); ++i)
    family.metric.push_back(gauged(sessions_now(*workers[i]), {label_of(i)}));
  return family;
}

MetricFamily counter(std::string name, std::string help, std::uint64_t value) {
  return {std::move(name), std::move(help), MetricType::Counter, {counted(value, {})}};
}

void add_webhooks(std::vector<MetricFamily>& families, const RelayFacts& facts) {
  MetricFamily requests{"fanlight_webhook_requests_total",
                        "Questions by webhook and by what came of them (docs/configuration.md).",
                        MetricType::Counter,
                        {}};
  MetricFamily seconds{
      "fanlight_webhook_answer_seconds", "What the webhook's last response took.", MetricType::Gauge, {}};
  for (const WebhookView& hook : facts.webhooks) {
    for (std::size_t i = 0; i < hook.outcomes.size(); ++i)
      requests.metric.push_back(
          counted(hook.outcomes[i], {{"hook", hook.name}, {"outcome", std::string{kHookOutcomeNames[i]}}}));
    seconds.metric.push_back(gauged(hook.answer_seconds, {{"hook", hook.name}}));
  }
  if (!facts.webhooks.empty()) families.push_back(std::move(requests));
  if (!facts.webhooks.empty()) families.push_back(std::move(seconds));
  families.push_back(counter("fanlight_webhook_unasked_total",
                             "Times a caller was left without an answer: its webhook had no turn for it in time.",
                             facts.left_unasked));
  families.push_back(counter("fanlight_tokens_unread_total",
                             "Tokens that were not looked at, because too many from there were bad.",
                             facts.tokens_unread));
  families.push_back(counter("fanlight_webhook_refusals_remembered_total",
                             "Callers turned down without a question, because the webhook had just refused the same.",
                             facts.refusals_remembered));
  families.push_back(
      counter("fanlight_events_posted_total", "Session events that the webhook took.", facts.events.posted));
  families.push_back(counter("fanlight_events_dropped_total",
                             "Session events that were not told: too many, or the webhook did not take them.",
                             facts.events.dropped));
  families.push_back(counter("fanlight_event_listeners_cut_total",
                             "Followers of GET /v1/events that were cut because they did not read.",
                             facts.events.listeners_cut));
}

// Of those that are live, so that what is not known is not 0.
void add_feeds(std::vector<MetricFamily>& families, const std::vector<FeedView>& feeds) {
  MetricFamily jitter{"fanlight_feed_jitter_seconds",
                      "Interarrival jitter of an RTP feed (RFC 3550 A.8), while it is live.",
                      MetricType::Gauge,
                      {}};
  MetricFamily lost{"fanlight_feed_lost_packets_total",
                    "Packets of an RTP feed that were missing on first sight, since it was opened.",
                    MetricType::Counter,
                    {}};
  for (const FeedView& feed : feeds) {
    if (!feed.reception) continue;
    const std::vector<ClientMetric::Label> labels{{"feed", std::to_string(feed.id)}, {"stream", feed.stream}};
    jitter.metric.push_back(gauged(static_cast<double>(feed.reception->jitter.count) / 1e6, labels));
    lost.metric.push_back(counted(feed.reception->lost, labels));
  }
  if (jitter.metric.empty()) return;
  families.push_back(std::move(jitter));
  families.push_back(std::move(lost));
}

}  // namespace

std::string metrics_text(const RelayFacts& facts) {
  std::vector<MetricFamily> families;
  families.push_back(
      gauge("fanlight_build_info", "Always 1; the version is the label.", 1, {{"version", facts.version}}));
  families.push_back(
      gauge("fanlight_uptime_seconds", "Since the relay was ready.", static_cast<double>(facts.uptime_s)));
  families.push_back(gauge("fanlight_egress_limit_bits",
                           "What all viewers together may be sent, per second; 0: no limit.",
                           facts.admission.bits_max));
  families.push_back(gauge("fanlight_egress_bits", "What all viewers together are sent, per second, as reckoned.",
                           facts.admission.bits));
  families.push_back({"fanlight_overload_refused_total",
                      "Viewers turned away because of the limit.",
                      MetricType::Counter,
                      {counted(facts.admission.refused, {})}});
  families.push_back(gauge("fanlight_bans", "Prefixes that are shut out.", static_cast<double>(facts.armour.bans)));
  families.push_back({"fanlight_passphrases_paused_total",
                      "Callers turned down unheard because passphrases from there were wrong.",
                      MetricType::Counter,
                      {counted(facts.armour.passphrases_paused, {})}});
  families.push_back({"fanlight_key_derivations_total",
                      "PBKDF2 runs on the control thread.",
                      MetricType::Counter,
                      {counted(facts.armour.key_derivations, {})}});
  families.push_back({"fanlight_conclusions_postponed_total",
                      "Conclusions left unanswered because no key derivation was left; their callers repeat them.",
                      MetricType::Counter,
                      {counted(facts.armour.postponed, {})}});
  families.push_back({"fanlight_key_refreshes_ignored_total",
                      "Publishers' key refreshes that changed nothing: wrong, replayed, or too many.",
                      MetricType::Counter,
                      {counted(facts.armour.refreshes_ignored, {})}});
  add_webhooks(families, facts);
  add_feeds(families, facts.feeds);
  families.push_back(sessions_family(facts.counters));
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    const auto counter = static_cast<Counter>(i);
    families.push_back(family_of(counter, facts.counters));
  }
  families.push_back(verdict_family(facts.counters));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace fanlight::control
