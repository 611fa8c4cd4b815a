#include "service/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
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

using Counts = std::array<std::uint64_t, OriginCounters::kReleaseBounds.size() + 1>;

// `counts`: how many up to each of OriginCounters::kReleaseBounds, and beyond.
ClientMetric::Histogram histogram_of(const Counts& counts, double sum_us) {
  constexpr auto& kBounds = OriginCounters::kReleaseBounds;
  ClientMetric::Histogram histogram;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    histogram.sample_count += counts[i];
    const double bound =
        i == kBounds.size() ? std::numeric_limits<double>::infinity() : static_cast<double>(kBounds[i].count) * kMicro;
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = sum_us * kMicro;
  return histogram;
}

// What streams have and groups have not: a family's lines stand together.
template <class Add>
void each_stream(std::span<const StreamStanding> streams, Add&& add) {
  for (const StreamStanding& one : streams)
    if (!one.is_group) add(one, Labels{{"stream", one.name}});
}

// How what comes is cut, and how its clock goes.
void add_pace(Families& to, std::span<const StreamStanding> streams) {
  const auto span = [&](const char* name, const char* help, Micros StreamStanding::*value) {
    each_stream(streams, [&](const StreamStanding& one, Labels labels) {
      to.gauge(name, help, static_cast<double>((one.*value).count) * kMicro, std::move(labels));
    });
  };
  span("fanlight_packager_part_target_seconds", "How long parts are at most; 0 until it was live.",
       &StreamStanding::part_target);
  span("fanlight_packager_part_shortest_seconds", "The shortest so far within a segment; 0 without one.",
       &StreamStanding::part_shortest);
  span("fanlight_packager_part_longest_seconds", "The longest so far within a segment; 0 without one.",
       &StreamStanding::part_longest);
  span("fanlight_packager_gop_seconds", "From the last but one key frame to the last; 0 without two.",
       &StreamStanding::gop);
  each_stream(streams, [&](const StreamStanding& one, Labels labels) {
    to.gauge("fanlight_packager_source_drift_ppm",
             "By how much the source's clock is faster than ours; 0 until half a minute is known.", one.drift_ppm,
             std::move(labels));
  });
}

void add_publications(Families& to, std::span<const StreamStanding> streams) {
  const auto each = [&](auto&& add) { each_stream(streams, add); };
  each([&](const StreamStanding& one, Labels labels) {
    to.counter("fanlight_packager_segments_evicted_total", "Segments that are not kept any more, of all tracks.",
               static_cast<double>(one.evicted), std::move(labels));
  });
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
                 histogram_of(one.publish_delays, static_cast<double>(one.publish_delay_sum.count)), std::move(labels));
  });
}

void add_streams(Families& to, std::span<const StreamStanding> streams) {
  const auto each = [&](auto&& add) { each_stream(streams, add); };
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
    each_stream(streams, [&](const StreamStanding& one, Labels labels) {
      to.counter(name, help, static_cast<double>(one.*value), std::move(labels));
    });
  };
  count("fanlight_packager_sources_lost_total", "How often a source went, or sent nothing that could be played.",
        &StreamStanding::sources_lost);
  count("fanlight_packager_discontinuities_total", "Discontinuities.", &StreamStanding::discontinuities);
  count("fanlight_packager_hints_misjudged_total", "Hints at a next segment where the one before went on.",
        &StreamStanding::hints_misjudged);
  count("fanlight_packager_samples_left_out_total", "Pictures and frames of sound that no player is given.",
        &StreamStanding::samples_left_out);
  count("fanlight_packager_slices_left_clear_total", "Slices of encrypted streams that could not be encrypted.",
        &StreamStanding::slices_left_clear);
}

// What was wrong with what came.
void add_faults(Families& to, std::span<const StreamStanding> streams) {
  for (const StreamStanding& one : streams)
    for (std::size_t i = 0; i < kInputFaults && !one.is_group; ++i)
      to.counter("fanlight_packager_input_faults_total", "What was wrong with what a source sent.",
                 static_cast<double>(one.faults[i].count),
                 {{"stream", one.name}, {"kind", name_of(static_cast<InputFault>(i))}});
}

// Of all threads together.
template <class Each, class Value>
std::uint64_t sum(const std::vector<const Each*>& all, Value&& value) {
  std::uint64_t sum = 0;
  for (const Each* const one : all) sum += value(*one);
  return sum;
}

void add_server(Families& to, const HttpTallies& http) {
  const auto value = [&](HttpCount ServerCounts::*count) {
    return static_cast<double>(sum(http.servers, [&](const ServerCounts& one) { return (one.*count).value(); }));
  };
  const auto count = [&](const char* name, const char* help, HttpCount ServerCounts::*what) {
    to.counter(name, help, value(what));
  };
  to.gauge("fanlight_packager_http_connections", "Connections now.", value(&ServerCounts::connections));
  count("fanlight_packager_http_connections_accepted_total", "Connections since the start.",
        &ServerCounts::connections_accepted);
  count("fanlight_packager_http_connections_h2_total", "Of these, with HTTP/2.", &ServerCounts::connections_h2);
  count("fanlight_packager_http_tls_handshakes_total", "TLS handshakes that came to their end.",
        &ServerCounts::tls_handshakes);
  const auto refused = [&](const char* why, HttpCount ServerCounts::*what) {
    to.counter("fanlight_packager_http_refused_total", "Connections and requests that were not let in.", value(what),
               {{"why", why}});
  };
  refused("too_many", &ServerCounts::refused_by_cap);
  refused("too_many_from_address", &ServerCounts::refused_by_address_cap);
  refused("too_many_requests_of_address", &ServerCounts::refused_requests);
  refused("malformed_head", &ServerCounts::heads_malformed);
  refused("h2_error", &ServerCounts::h2_errors);
  refused("tls_failed", &ServerCounts::tls_failed);
  refused("no_descriptors", &ServerCounts::accepts_failed);
  const auto timeout = [&](const char* kind, HttpCount ServerCounts::*what) {
    to.counter("fanlight_packager_http_timeouts_total",
               "Connections, and streams of HTTP/2, that were ended because they took too long.", value(what),
               {{"kind", kind}});
  };
  timeout("head", &ServerCounts::timeouts_head);
  timeout("idle", &ServerCounts::timeouts_idle);
  timeout("slow", &ServerCounts::timeouts_slow);
  timeout("stall", &ServerCounts::timeouts_stall);
  timeout("stream", &ServerCounts::timeouts_stream);
  count("fanlight_packager_http_requests_total", "Requests.", &ServerCounts::requests);
  count("fanlight_packager_http_sent_bytes_total", "Bytes sent, heads and TLS included.", &ServerCounts::bytes_sent);
}

void add_origin(Families& to, const HttpTallies& http) {
  const auto value = [&](OriginCounter OriginCounters::*count) {
    return sum(http.origins, [&](const OriginCounters& one) { return (one.*count).get(); });
  };
  for (std::size_t kind = 0; kind < kRequestKinds; ++kind)
    for (std::size_t status = 0; status < kStatuses.size(); ++status) {
      const std::uint64_t answers =
          sum(http.origins, [&](const OriginCounters& one) { return one.answers[kind][status].get(); });
      if (answers == 0) continue;
      to.counter("fanlight_packager_answers_total", "Answers, by what was asked for.", static_cast<double>(answers),
                 {{"kind", name_of(static_cast<RequestKind>(kind))}, {"status", std::to_string(kStatuses[status])}});
    }
  to.gauge("fanlight_packager_waiting", "Requests that wait for what comes next.",
           static_cast<double>(value(&OriginCounters::waiting)));
  to.counter("fanlight_packager_waits_expired_total", "Waits for what did not come in time.",
             static_cast<double>(value(&OriginCounters::expired)));
  to.counter("fanlight_packager_waits_refused_total", "Requests that might not wait: too many do.",
             static_cast<double>(value(&OriginCounters::refused_waits)));
  Counts releases{};
  for (std::size_t i = 0; i < releases.size(); ++i)
    releases[i] = sum(http.origins, [&](const OriginCounters& one) { return one.releases[i].get(); });
  to.histogram("fanlight_packager_release_seconds", "From a publication to the answers that waited for it.",
               histogram_of(releases, static_cast<double>(value(&OriginCounters::release_us))));
}

}  // namespace

std::string metrics_text(std::span<const StreamStanding> streams, const HttpTallies& http, Micros board_age) {
  Families families;
  families.gauge("fanlight_packager_board_age_seconds",
                 "Since the streams were looked at last; long: packaging stands.",
                 static_cast<double>(board_age.count) * kMicro);
  add_streams(families, streams);
  add_pace(families, streams);
  add_publications(families, streams);
  add_cuts(families, streams);
  add_faults(families, streams);
  add_server(families, http);
  add_origin(families, http);
  return families.text();
}

}  // namespace fanlight::packager
