#include "service/memory.h"

#include <algorithm>
#include <cstdio>

#include "http/pace.h"
#include "origin/origin.h"

namespace fanlight::packager {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kProgram = 96 * kMebibyte;
// A head and what came behind it, answers' heads, HTTP/2's tables; TLS's keys and records.
constexpr std::uint64_t kConnection = 64 << 10, kTls = 64 << 10;
constexpr std::uint64_t kWait = 512;
// A picture that is being put together, and the part that is made of it.
constexpr std::uint64_t kUnderWay = 32 * kMebibyte;

std::uint64_t bits_per_second(const StreamSettings& settings) {
  return settings.bitrate_max_mbps * std::uint64_t{1'000'000};
}

// What slow clients are still sent that the stream has let go of, for as long as that may take.
std::uint64_t held_by_slow_clients(const StreamSettings& settings) {
  const Micros longest = Pace{}.age_most;
  return bits_per_second(settings) / 8 * static_cast<std::uint64_t>(longest.count) / 1'000'000;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string((bytes + kMebibyte - 1) / kMebibyte) + " MiB"; }

}  // namespace

LiveOptions live_options_of(const StreamSettings& settings) {
  LiveOptions options{.name = settings.name,
                      .program = settings.program,
                      .part = settings.part,
                      .segment = settings.segment,
                      .window = settings.window,
                      .grace = settings.grace,
                      .keys = settings.keys};
  options.bytes_max = bytes_of_segments(options, bits_per_second(settings));
  return options;
}

MemoryBound memory_bound(const Settings& settings, std::size_t connections_max) {
  MemoryBound bound{.program = kProgram};
  for (const StreamSettings& stream : settings.streams)
    bound.streams += memory_bound(live_options_of(stream)) + kUnderWay + held_by_slow_clients(stream);
  const std::uint64_t each = kConnection + (settings.http.tls_listen.empty() ? 0 : kTls);
  bound.connections = connections_max * each + OriginConfig{}.waiters_max * kWait;
  return bound;
}

std::string described(const MemoryBound& bound, const Settings& settings, std::size_t connections_max) {
  return mebibytes(bound.all()) + ": " + mebibytes(bound.streams) + " for " + std::to_string(settings.streams.size()) +
         " streams at their bitrate_max_mbps, " + mebibytes(bound.connections) + " for " +
         std::to_string(connections_max) + " connections, " + mebibytes(bound.program) + " for the program";
}

}  // namespace fanlight::packager
