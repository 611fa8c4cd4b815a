// `fanlight-load rtp`: senders into feeds, destinations of the relay's streams, or both, on one thread.
//
//   adding      the relay is told of the destinations, and each gets its first packet
//   running     the asked duration
//   drain       what was sent until then arrives
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "fanlight_load/histogram.h"
#include "fanlight_load/ports.h"
#include "fanlight_load/report.h"
#include "fanlight_load/rtp_destinations.h"
#include "fanlight_load/rtp_sender.h"
#include "fanlight_load/rtp_viewer.h"
#include "link_proxy/link.h"

namespace fanlight::load {

struct RtpReport {
  bool is_interrupted = false;
  std::string failure;  // Of adding destinations.
  double duration_s = 0;
  double cpu_s = 0;
  std::size_t senders = 0;
  std::uint64_t sent = 0;
  std::uint64_t delayed = 0;
  std::uint64_t reports_to_senders = 0;
  std::size_t unreported = 0;      // Senders of which the relay reported nothing.
  std::int64_t reported_lost = 0;  // As the relay has it.
  std::size_t destinations = 0;
  std::size_t added = 0;
  std::size_t begun = 0;   // Got something.
  std::size_t served = 0;  // And missed 0.1 % of it at most.
  std::uint64_t received_while_running = 0;
  std::uint64_t tail_lost = 0;  // Sent by our own senders and not there at the end.
  RtpTally tally;
  Micros jitter_max{};
  Histogram latency_ns;
  std::uint64_t strangers = 0;
  link_proxy::LinkCounters up, down;
  io::PortCounters port;
};

class RtpLoad {
 public:
  RtpLoad(const RtpSettings& settings, Ports& ports, Progress& progress);
  void run(const std::atomic<bool>& is_stopped);
  [[nodiscard]] std::unique_ptr<RtpReport> report() const;

 private:
  enum class Stage : std::uint8_t { kAdding, kRunning, kDrain, kDone };
  struct Place {
    RtpViewer viewer;
    RtpTally tally;
    Envelope envelope{};
    std::optional<Endpoint> relay;  // Where its packets come from, and its reports go to.
    std::int64_t next_report_ns = 0;
  };
  // A datagram that a bad network holds.
  struct Held {
    std::int64_t at_ns;
    std::uint64_t order;
    std::uint32_t place;
    std::vector<std::byte> bytes;
    bool operator<(const Held& other) const { return at_ns != other.at_ns ? at_ns > other.at_ns : order > other.order; }
  };
  struct AddressHash {
    std::size_t operator()(const Endpoint& at) const noexcept {
      std::uint32_t host;
      std::memcpy(&host, at.ip.bytes.data() + at.ip.bytes.size() - sizeof host, sizeof host);
      return (std::size_t{host} << 16 | at.port) * 0x9E37'79B9'7F4A'7C15;
    }
  };
  void breathe();
  void dispatch(std::int64_t now_ns, std::size_t received);
  void bring(std::int64_t now_ns, std::uint32_t place, const Path& path, ByteSpan datagram);
  void take(std::int64_t now_ns, std::uint32_t place, ByteSpan datagram);
  void take_held(std::int64_t now_ns);
  void say_reports(std::int64_t now_ns);
  void say_goodbye(std::int64_t now_ns);
  void step(std::int64_t now_ns);
  void begin_drain(std::int64_t now_ns);
  void settle();
  void note_progress(std::int64_t now_ns);
  [[nodiscard]] bool is_added() const;
  [[nodiscard]] std::size_t begun() const;
  [[nodiscard]] std::uint64_t received() const;
  [[nodiscard]] RtpViewer::Terms terms_of(std::size_t place) const;

  const RtpSettings& settings_;
  VirtualPort& port_;
  Outbox outbox_;
  Progress& progress_;
  std::vector<std::unique_ptr<RtpSender>> senders_;
  std::vector<Place> places_;
  std::unordered_map<Endpoint, std::uint32_t, AddressHash> by_address_;  // Senders first, then destinations.
  std::unique_ptr<RtpDestinations> destinations_;
  std::size_t to_add_ = 0;
  std::array<io::Arrival, kReceiveBurst> arrivals_;
  std::vector<link_proxy::Link> links_;  // Of destinations, when the network is bad.
  std::priority_queue<Held> held_;
  std::uint64_t held_order_ = 0;
  Stage stage_ = Stage::kAdding;
  std::int64_t stage_ns_ = 0;
  std::int64_t begun_ns_ = 0;
  std::int64_t next_progress_ns_ = 0;
  std::size_t next_reporter_ = 0;
  std::uint64_t received_before_ = 0;
  std::uint64_t received_after_ = 0;
  double cpu_before_ = 0;
  double cpu_ = 0;
  double duration_s_ = 0;
  std::uint64_t hashed_ = 0;
  std::uint64_t strangers_ = 0;
  std::uint64_t tail_lost_ = 0;
  std::unique_ptr<Histogram> latency_ns_ = std::make_unique<Histogram>();
  bool is_interrupted_ = false;
};

// What the verdict rests on; empty: on nothing.
[[nodiscard]] std::vector<std::string> verified(const RtpReport& report);
// Why the run has not passed; empty: it has.
[[nodiscard]] std::vector<std::string> judge(const RtpSettings& settings, const RtpReport& report);
[[nodiscard]] std::string rtp_table(const RtpSettings& settings, const RtpReport& report);
[[nodiscard]] std::string rtp_json(const RtpSettings& settings, const RtpReport& report);

}  // namespace fanlight::load
