#include "daemon/dataplane_plan.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <set>

#include "config/destination_check.h"
#include "config/stream_pattern.h"
#include "contract/limits.h"
#include "engine/rtp/fec_receiver.h"
#include "stream/fec_encoder.h"
#include "worker/mesh.h"

namespace fanlight::control {
namespace {

constexpr std::uint64_t kUsualPayloadBytes = 1316;  // Seven TS packets.
// Of an encrypted session: two key schedules, a key-encrypting key and the stream keys that it sends.
constexpr std::size_t kSecretBytesPerSession = 640;
// Keys of RTP and RTCP, each with what AES-GCM multiplies with.
constexpr std::size_t kSecretBytesPerSrtp = 8 * 1024;
// The API may add streams up to the limit, each with passphrases for both directions, and SRTP destinations; the rest
// is for cached keys.
constexpr std::size_t kSecretBytesBeside = kStreamsMax * 256 + 64 * 1024 + kSrtpKeysMax * kSecretBytesPerSrtp;

StreamOptions options_of(const StreamRule& rule) {
  return {.bitrate_bits_max = rule.bitrate_bits_max, .latency_max = rule.latency_max, .gop_max = rule.gop_max};
}

io::MemoryPlan memory_for(const Config& config, std::size_t slots) {
  io::MemoryNeeds needs;
  needs.history_slots = slots;
  needs.workers = config.relay.workers;
  for (const FeedRule& feed : config.feeds)
    if (feed.terms.fec) needs.fec_packets += rtp::FecReceiver::kHeldMax;
  needs.fec_sums = fec_streams_planned(config) * needs.workers * FecEncoder::kBuffersMax;
  std::set<std::string_view> secret_streams;
  for (const DestinationRule& one : config.destinations)
    if (one.srtp) secret_streams.insert(one.stream);
  // A stream's groups have their turn one after another. One stream more: the API may add to it.
  needs.srtp_packets = (secret_streams.size() + 1) * needs.workers * kFreshMax;
  needs.handover_slots = Mesh::slots_for(needs.workers);
  if (config.relay.port == PortKind::kEthernet) {
    needs.for_devices = true;
    needs.receive_descriptors = config.ethernet.devices.size() * needs.workers * kDescriptorsPerQueue;
    needs.transmit_descriptors = needs.receive_descriptors;
  }
  return io::plan_memory(needs);
}

// Of one packet on one worker, each copy of a payload counted where it is made: on the device queues of that worker and
// staged for them, in its transmit queue, in its history, and adopted by each other worker once.
std::size_t references_max(const Config& config) {
  return config.ethernet.devices.size() * (kDescriptorsPerQueue + kReceiveBurst) + kTransmitQueue + 1 +
         config.relay.workers;
}

// How many streams feeds and calls of the file publish under that pattern: they are there for good, and the first that
// fits a name is its.
std::size_t published_under(const Config& config, const StreamRule& pattern) {
  std::set<std::string_view> names;
  const auto take = [&](std::string_view name) {
    const auto is_its_name = [&](const StreamRule& rule) { return rule.name == name; };
    if (std::ranges::any_of(config.streams, is_its_name)) return;
    const auto fits = [&](const StreamRule& rule) { return rule.is_pattern() && covers(rule.name, name); };
    const auto first = std::ranges::find_if(config.streams, fits);
    if (first != config.streams.end() && &*first == &pattern) names.insert(name);
  };
  for (const FeedRule& feed : config.feeds) take(feed.stream);
  for (const CallRule& call : config.calls)
    if (call.role == Role::kPublisher) take(call.stream);
  return names.size();
}

std::size_t publisher_places(std::size_t sessions_max, std::size_t streams_max) {
  return std::min(streams_max, sessions_max / 16);
}

// What is wrong when the workers' sessions do not hold the file's destinations; empty when they do.
std::optional<Error> judge_sessions(const Config& config, std::size_t streams_max) {
  std::size_t wanted = 0;
  for (const DestinationRule& one : config.destinations) wanted += sessions_of(one);
  const std::size_t workers = config.relay.workers;
  const auto room = [&](std::size_t sessions_max) {
    return (sessions_max - publisher_places(sessions_max, streams_max)) * workers;
  };
  if (wanted <= room(config.relay.sessions_max)) return std::nullopt;
  std::size_t enough = config.relay.sessions_max;
  while (room(enough) < wanted) ++enough;
  return Error{ErrorCode::kInvalid, "the file has " + sessions_text(wanted) +
                                        ", and relay.sessions_max = " + std::to_string(config.relay.sessions_max) +
                                        " has room for " + std::to_string(room(config.relay.sessions_max)) +
                                        " beside publishers; set it to " + std::to_string(enough) +
                                        " and what other viewers need"};
}

// The most slots that fit into `bytes`; 0 when none do.
std::size_t slots_within(const Config& config, std::size_t bytes) {
  std::size_t least = 0;
  std::size_t most = bytes / io::kReceiveRoomBytes;
  while (least < most) {
    const std::size_t middle = most - (most - least) / 2;
    if (memory_for(config, middle).bytes() <= bytes) {
      least = middle;
    } else {
      most = middle - 1;
    }
  }
  return least;
}

std::string mebibytes(std::size_t bytes) { return std::to_string((bytes >> 20) + 1) + " MiB"; }

}  // namespace

std::size_t history_slots(const StreamOptions& options) {
  const auto held_us = static_cast<std::uint64_t>((options.latency_max + options.gop_max + seconds(1)).count);
  const std::uint64_t held_bytes = options.bitrate_bits_max / 8 * held_us / 1'000'000;
  return std::bit_ceil(std::max<std::uint64_t>(held_bytes / kUsualPayloadBytes, 64));
}

std::string DataplanePlan::text() const {
  const std::string adopted = memory.workers == 1
                                  ? std::string{}
                                  : std::to_string(memory.adopted.buffers) + " references for each of " +
                                        std::to_string(memory.workers) + " workers, ";
  return "memory plan: " + std::to_string(streams_max) + " streams with " + std::to_string(history_slots) +
         " history slots, " + std::to_string(memory.receive.buffers + memory.headers.buffers + memory.copies.buffers) +
         " packet buffers, " + adopted + mebibytes(memory.bytes()) + "; beside it " + std::to_string(sessions_max) +
         " sessions, " + mebibytes(sessions_max * kSessionBytes) + ", and " + std::to_string(secret_bytes >> 20) +
         " MiB at most for their keys";
}

Result<DataplanePlan> plan_dataplane(const Config& config) {
  if (config.relay.port == PortKind::kEthernet && references_max(config) > kReferencesMax)
    return Error{ErrorCode::kInvalid, std::to_string(config.ethernet.devices.size()) +
                                          " [[ethernet.device]] are too many: one packet could be under way on " +
                                          std::to_string(references_max(config)) + " descriptors of a worker, and " +
                                          std::to_string(kReferencesMax) + " can be counted; list fewer devices"};
  DataplanePlan plan;
  plan.streams_max = kSpareStreams;
  plan.history_slots = kSpareStreams * history_slots({});
  std::size_t slots_least = 0;  // Of streams that the file names: they exist from the start.
  for (const StreamRule& rule : config.streams) {
    const std::size_t named = rule.is_pattern() ? published_under(config, rule) : 1;
    const std::size_t count = named + (rule.is_pattern() ? kStreamsPerPattern : 0);
    const std::size_t slots = history_slots(options_of(rule));
    plan.streams_max += count;
    plan.history_slots += count * slots;
    slots_least += named * slots;
  }
  plan.streams_max = std::min(plan.streams_max, kStreamsMax);
  plan.publisher_places = publisher_places(config.relay.sessions_max, plan.streams_max);
  if (auto error = judge_sessions(config, plan.streams_max)) return *std::move(error);
  if (config.relay.memory_mb > 0) {
    plan.history_slots = slots_within(config, std::size_t{config.relay.memory_mb} << 20);
    if (plan.history_slots < std::max<std::size_t>(slots_least, 1))
      return Error{ErrorCode::kNoMemory, "relay.memory_mb = " + std::to_string(config.relay.memory_mb) +
                                             " is too little: the configured streams need " +
                                             mebibytes(memory_for(config, slots_least).bytes()) +
                                             "; raise it, or lower bitrate_max_mbps, latency_max_ms or gop_max_ms"};
  }
  plan.sessions_max = std::size_t{config.relay.sessions_max} * config.relay.workers;
  plan.memory = memory_for(config, plan.history_slots);
  const auto srtp_feeds = static_cast<std::size_t>(
      std::ranges::count_if(config.feeds, [](const FeedRule& feed) { return feed.srtp.has_value(); }));
  plan.secret_bytes = std::bit_ceil(std::max<std::size_t>(
      plan.sessions_max * kSecretBytesPerSession + srtp_feeds * kSecretBytesPerSrtp + kSecretBytesBeside, 1 << 20));
  return plan;
}

}  // namespace fanlight::control
