#include "service/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace fanlight::packager {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  void counter(const char* name, const char* help, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = value;
    family(name, help, MetricType::Counter).metric.push_back(std::move(metric));
  }
  void gauge(const char* name, const char* help, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    family(name, help, MetricType::Gauge).metric.push_back(std::move(metric));
  }
  void histogram(const char* name, const char* help, ClientMetric::Histogram&& values, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.histogram = std::move(values);
    family(name, help, MetricType::Histogram).metric.push_back(std::move(metric));
  }
  [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(all_); }

 private:
  MetricFamily& family(const char* name, const char* help, MetricType type) {
    if (all_.empty() || all_.back().name != name) all_.push_back({name, help, type, {}});
    return all_.back();
  }
  std::vector<MetricFamily> all_;
};

constexpr double kMicro = 1e-6;

// `counts`: how many up to each of OriginCounters::kReleaseBounds, and beyond; `value` of one: its number.
template <class Counts, class Value>
ClientMetric::Histogram histogram_of(const Counts& counts, Value&& value, double sum_us) {
  constexpr auto& kBounds = OriginCounters::kReleaseBounds;
  ClientMetric::Histogram histogram;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    histogram.sample_count += value(counts[i]);
    const double bound =
        i == kBounds.size() ? std::numeric_limits<double>::infinity() : static_cast<double>(kBounds[i].count) * kMicro;
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = sum_us * kMicro;
  return histogram;
}

void add_publications(Families& to, std::span<const StreamStanding> streams) {
  const auto each = [&](auto&& add) {
    for (const StreamStanding& one : streams)
      if (!one.is_group) add(one, Labels{{"stream", one.name}});
  };
  each([&](const StreamStanding& one, Labels labels) {
    to.counter("fanlight_packager_segments_dropped_early_total",
               "Segments that went before their time: more is sent than bitrate_max_mbps.",
               static_cast<double>(one.dropped_early), std::move(labels));
  });
  each([&](const StreamStanding& one, Labels labels) {
    to.gauge("fanlight_packager_publish_delay_worst_seconds",
             "The longest so far from the bytes that complete a part to its publication.",
             static_cast<double>(one.publish_delay_worst.count) * kMicro, std::move(labels));
  });
  each([&](const StreamStanding& one, Labels labels) {
    to.histogram("fanlight_packager_publish_delay_seconds", "From the bytes that complete a part to its publication.",
                 histogram_of(
                     one.publish_delays, [](std::uint64_t count) { return count; },
                     static_cast<double>(one.publish_delay_sum.count)),
                 std::move(labels));
  });
}

void add_streams(Families& to, std::span<const StreamStanding> streams) {
  const auto each = [&](auto&& add) {
    for (const StreamStanding& one : streams)
      if (!one.is_group) add(one, Labels{{"stream", one.name}});
  };
  each([&](const StreamStanding& one, Labels labels) {
    to.gauge("fanlight_packager_stream_live", "1 while a stream comes and can be watched.",
             one.state == StreamState::kLive ? 1 : 0, std::move(labels));
  });
  each([&](const StreamStanding& one, Labels labels) {
    to.counter("fanlight_packager_source_bytes_total", "Bytes of transport stream that came.",
               static_cast<double>(one.bytes), std::move(labels));
  });
  each([&](const StreamStanding& one, Labels labels) {
    to.counter("fanlight_packager_source_ups_total", "How often a source answered, or began to be heard.",
               static_cast<double>(one.times_up), std::move(labels));
  });
  each([&](const StreamStanding& one, Labels labels) {
    to.counter("fanlight_packager_source_calls_failed_total", "Calls that nobody answered, or that were turned away.",
               static_cast<double>(one.calls_failed), std::move(labels));
  });
  each([&](const StreamStanding& one, Labels labels) {
    to.counter("fanlight_packager_snapshots_total", "Publications: one for each part, or other change.",
               static_cast<double>(one.snapshots), std::move(labels));
  });
  each([&](const StreamStanding& one, Labels labels) {
    to.gauge("fanlight_packager_continuity_errors", "Jumps of continuity counters since the source came last.",
             static_cast<double>(one.packets_lost), std::move(labels));
  });
  for (const StreamStanding& one : streams)
    if (one.is_group)
      to.gauge("fanlight_packager_group_left_out", "Streams of a group that are not aligned with its first, or away.",
               static_cast<double>(one.members - one.members_played), {{"group", one.name}});
  for (const StreamStanding& one : streams) {
    if (one.is_group) continue;
    const auto splices = [&](const char* kind, std::uint64_t value) {
      to.gauge("fanlight_packager_splice_sections", "Sections of SCTE 35 since the source came last.",
               static_cast<double>(value), {{"stream", one.name}, {"kind", kind}});
    };
    splices("command", one.splices);
    splices("encrypted", one.splices_encrypted);
    splices("malformed", one.splices_malformed);
    splices("other", one.splices_other);
  }
}

// What became of what came.
void add_cuts(Families& to, std::span<const StreamStanding> streams) {
  const auto count = [&](const char* name, const char* help, std::uint64_t StreamStanding::*value) {
    for (const StreamStanding& one : streams)
      to.counter(name, help, static_cast<double>(one.*value), {{"stream", one.name}});
  };
  count("fanlight_packager_sources_lost_total", "How often a source went, or sent nothing that could be played.",
        &StreamStanding::sources_lost);
  count("fanlight_packager_tracks_gone_total", "Tracks that ended before their stream.", &StreamStanding::tracks_gone);
  count("fanlight_packager_tracks_refused_total", "Tracks that there was no place for.",
        &StreamStanding::tracks_refused);
  count("fanlight_packager_discontinuities_total", "Discontinuities.", &StreamStanding::discontinuities);
  count("fanlight_packager_cuts_forced_total", "Segments that begin with a picture that needs those before it.",
        &StreamStanding::cuts_forced);
  count("fanlight_packager_hints_misjudged_total", "Hints at a next segment where the one before went on.",
        &StreamStanding::hints_misjudged);
  count("fanlight_packager_samples_left_out_total", "Pictures and frames of sound that no player is given.",
        &StreamStanding::samples_left_out);
}

void add_server(Families& to, const ServerCounts& counts) {
  const auto count = [&](const char* name, const char* help, const HttpCount& value) {
    to.counter(name, help, static_cast<double>(value.value()));
  };
  to.gauge("fanlight_packager_http_connections", "Connections now.", static_cast<double>(counts.connections.value()));
  count("fanlight_packager_http_connections_accepted_total", "Connections since the start.",
        counts.connections_accepted);
  count("fanlight_packager_http_connections_h2_total", "Of these, with HTTP/2.", counts.connections_h2);
  const auto refused = [&](const char* why, const HttpCount& value) {
    to.counter("fanlight_packager_http_refused_total", "Connections and requests that were not let in.",
               static_cast<double>(value.value()), {{"why", why}});
  };
  refused("too_many", counts.refused_by_cap);
  refused("too_many_from_address", counts.refused_by_address_cap);
  refused("too_many_requests_of_address", counts.refused_requests);
  refused("malformed_head", counts.heads_malformed);
  refused("h2_error", counts.h2_errors);
  refused("tls_failed", counts.tls_failed);
  refused("no_descriptors", counts.accepts_failed);
  const auto timeout = [&](const char* kind, const HttpCount& value) {
    to.counter("fanlight_packager_http_timeouts_total",
               "Connections, and streams of HTTP/2, that were ended because they took too long.",
               static_cast<double>(value.value()), {{"kind", kind}});
  };
  timeout("head", counts.timeouts_head);
  timeout("idle", counts.timeouts_idle);
  timeout("slow", counts.timeouts_slow);
  timeout("stall", counts.timeouts_stall);
  timeout("stream", counts.timeouts_stream);
  count("fanlight_packager_http_requests_total", "Requests.", counts.requests);
  count("fanlight_packager_http_sent_bytes_total", "Bytes sent, heads and TLS included.", counts.bytes_sent);
}

void add_origin(Families& to, const OriginCounters& counts) {
  for (std::size_t kind = 0; kind < kRequestKinds; ++kind)
    for (std::size_t status = 0; status < kStatuses.size(); ++status) {
      const std::uint64_t value = counts.answers[kind][status].get();
      if (value == 0) continue;
      to.counter("fanlight_packager_answers_total", "Answers, by what was asked for.", static_cast<double>(value),
                 {{"kind", name_of(static_cast<RequestKind>(kind))}, {"status", std::to_string(kStatuses[status])}});
    }
  to.gauge("fanlight_packager_waiting", "Requests that wait for what comes next.",
           static_cast<double>(counts.waiting.get()));
  to.counter("fanlight_packager_waits_expired_total", "Waits for what did not come in time.",
             static_cast<double>(counts.expired.get()));
  to.counter("fanlight_packager_waits_refused_total", "Requests that might not wait: too many do.",
             static_cast<double>(counts.refused_waits.get()));
  to.histogram("fanlight_packager_release_seconds", "From a publication to the answers that waited for it.",
               histogram_of(
                   counts.releases, [](const OriginCounter& one) { return one.get(); },
                   static_cast<double>(counts.release_us.get())));
}

}  // namespace

std::string metrics_text(std::span<const StreamStanding> streams, const ServerCounts& server,
                         const OriginCounters& origin) {
  Families families;
  add_streams(families, streams);
  add_publications(families, streams);
  add_cuts(families, streams);
  add_server(families, server);
  add_origin(families, origin);
  return families.text();
}

}  // namespace fanlight::packager
