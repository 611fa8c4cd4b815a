// A flood of handshakes, to see what those who watch feel of it: most of them bogus, INDUCTIONs whose answers nobody
// uses and CONCLUSIONs with invented cookies; the others whole, from real addresses of this host, that ask for a stream
// that is not there, with a wrong passphrase, or rightly, and vanish.
//
// Nothing is remembered of any: what a handshake is for stands in its socket ID, to which its answers come.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/srt_handshake.h"

namespace fanlight::load {

struct FloodSettings {
  Endpoint relay;
  double per_second = 5'000;
  double bogus = 0.9;           // Share of them.
  std::size_t addresses = 256;  // On 127.0.0.0/8 each in a /24 of its own; elsewhere, ports.
  std::size_t hosts = 1;        // In each of those /24s.
  Micros duration = seconds(10);
  std::string name = "live/main";   // Asked for rightly.
  std::string sealed = "";          // Asked for with a wrong passphrase; empty: `name`.
  std::string missing = "flood/x";  // Is not there.
  std::uint64_t seed = 1;
  int core = -1;
  std::string json_path;
};

struct FloodReport {
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t inductions = 0;     // Bogus: their answers are not used.
  std::uint64_t wrong_cookies = 0;  // Bogus.
  std::uint64_t complete = 0;
  std::uint64_t cookies = 0;  // INDUCTIONs that were answered, of all.
  std::uint64_t conclusions = 0;
  std::uint64_t accepted = 0;
  std::map<std::int32_t, std::uint64_t> rejected;  // By code.
  std::uint64_t wrong_cookies_answered = 0;        // Must stay 0.
  std::uint64_t longer_answers = 0;                // Than their requests; than the shortest CONCLUSION. Must stay 0.
  std::uint64_t not_sent = 0;                      // The kernel had no room.
};

class Flood {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Flood>> open(const FloodSettings& settings);
  ~Flood();
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  void run(const std::atomic<bool>& stop);
  [[nodiscard]] const FloodReport& report() const { return report_; }

 private:
  // The two last bits of a socket ID.
  enum class Kind : std::uint32_t { kBogus, kMissing, kSealed, kGood };
  static constexpr std::uint32_t kKinds = 4;

  explicit Flood(const FloodSettings& settings) : settings_(settings), random_(settings.seed) {}
  Result<Done> open_sockets();
  void begin_one();
  void hear_all();
  void hear(int socket, ByteSpan datagram);
  void send_induction(int socket, SocketId peer);
  void send_conclusion(int socket, SocketId peer, Kind kind, std::uint32_t cookie);
  void send(int socket, const wire::HandshakePacket& packet);

  const FloodSettings settings_;
  std::mt19937_64 random_;
  std::vector<int> sockets_;
  int poll_ = -1;
  std::uint32_t begun_ = 0;
  FloodReport report_;
  std::size_t shortest_conclusion_ = SIZE_MAX;  // Said so far; what a session answers is not longer.
};

[[nodiscard]] std::string flood_json(const FloodReport& report);
[[nodiscard]] std::string flood_table(const FloodReport& report);

}  // namespace fanlight::load
