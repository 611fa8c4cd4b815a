#include "service/memory.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "http/pace.h"
#include "origin/origin.h"
#include "service/told_texts.h"

namespace fanlight::packager {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
constexpr std::uint64_t kProgram = 96 * kMebibyte;
// A head and what came behind it, answers' heads, HTTP/2's tables; TLS's keys and records.
constexpr std::uint64_t kConnection = 64 << 10, kTls = 64 << 10;
// Metrics and lists of streams of the last minute, which slow clients hold.
constexpr std::uint64_t kTexts = 2 * ToldTexts::kBytesPerSecondMax * std::uint64_t{60};
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

std::uint64_t memory_of(const StreamSettings& stream) {
  return memory_bound(live_options_of(stream)) + kUnderWay + held_by_slow_clients(stream);
}

// Empty: it is not there, or says "max".
std::optional<std::uint64_t> number_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text;
  std::uint64_t number = 0;
  if (!(in >> text)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// Of proc_meminfo(5), in bytes.
std::optional<std::uint64_t> meminfo(const std::filesystem::path& root, std::string_view name) {
  std::ifstream in(root / "proc/meminfo");
  std::string key;
  std::uint64_t kibibytes = 0;
  for (std::string rest; in >> key >> kibibytes; std::getline(in, rest))
    if (key == name) return kibibytes << 10;
  return std::nullopt;
}

// Of the second version. cgroups(7)
std::string control_group(const std::filesystem::path& root) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("0::/")) return line.substr(4);
  return {};
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
  MemoryBound bound{.program = kProgram + kTexts};
  for (const StreamSettings& stream : settings.streams) bound.streams += memory_of(stream);
  const std::uint64_t each = kConnection + (settings.http.tls_listen.empty() ? 0 : kTls);
  bound.connections = connections_max * each + OriginConfig{}.waiters_max * kWaiterBytesMax;
  return bound;
}

// A group is bound by those above it as well. What it may have of swap counts: a host may be meant to swap.
std::optional<MemoryLimit> memory_limit(const std::filesystem::path& root) {
  std::optional<MemoryLimit> limit;
  const std::uint64_t swap = meminfo(root, "SwapTotal:").value_or(0);
  if (const auto ram = meminfo(root, "MemTotal:")) limit = {*ram + swap, "this host has"};
  const std::filesystem::path groups = root / "sys/fs/cgroup";
  for (std::filesystem::path group = control_group(root);; group = group.parent_path()) {
    if (const auto most = number_in(groups / group / "memory.max")) {
      const std::uint64_t bytes = *most + std::min(number_in(groups / group / "memory.swap.max").value_or(swap), swap);
      if (!limit || bytes < limit->bytes) limit = {bytes, "the control group /" + group.string() + " allows"};
    }
    if (group.empty()) return limit;
  }
}

std::string what_is_too_much(const Settings& settings, std::size_t connections_max, const MemoryLimit& limit) {
  const MemoryBound bound = memory_bound(settings, connections_max);
  if (bound.all() <= limit.bytes || settings.streams.empty()) return {};
  const std::string has = limit.of + " " + mebibytes(limit.bytes) + ": ";
  if (bound.streams + bound.program <= limit.bytes) return has + "lower connections_max, or what streams may take";
  const StreamSettings& largest = *std::ranges::max_element(settings.streams, {}, memory_of);
  return has + "streams alone may take " + mebibytes(bound.streams) + ", most of all " + largest.name + " with " +
         mebibytes(memory_of(largest)) + "; lower bitrate_max_mbps (it is " + std::to_string(largest.bitrate_max_mbps) +
         ") to what it sends, or window_s (" + std::to_string(largest.window.count / 1'000'000) + ")";
}

std::string described(const MemoryBound& bound, const Settings& settings, std::size_t connections_max) {
  return mebibytes(bound.all()) + ": " + mebibytes(bound.streams) + " for " + std::to_string(settings.streams.size()) +
         " streams at their bitrate_max_mbps, " + mebibytes(bound.connections) + " for " +
         std::to_string(connections_max) + " connections, " + mebibytes(bound.program) + " for the program";
}

}  // namespace fanlight::packager
