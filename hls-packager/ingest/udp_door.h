// A port where a stream comes in without a call: MPEG-TS bare, or in RTP, for a host's address or a group. Up from the
// first packet on, down when none came for a while. What is no transport stream makes nobody the sender.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "ingest/rtp_order.h"
#include "ingest/sink.h"
#include "ingest/source.h"
#include "ingest/ts_phase.h"

namespace fanlight::packager {

struct UdpCounts {
  std::uint64_t not_rtp = 0;    // Datagrams that should have been.
  std::uint64_t not_ts = 0;     // Likewise.
  std::uint64_t strangers = 0;  // From others than who is being listened to.
  std::uint64_t late = 0;       // RTP that came when others had its turn, or twice; left out.
};

class UdpDoor {
 public:
  // Of a family, for datagrams; -1 and errno.
  using MakeSocket = int (*)(int family);
  [[nodiscard]] static int make_socket(int family);

  UdpDoor(std::size_t number, const UdpSource& source, MakeSocket how = make_socket)
      : number_(number), source_(source), make_socket_(how) {}
  ~UdpDoor();
  UdpDoor(const UdpDoor&) = delete;
  UdpDoor& operator=(const UdpDoor&) = delete;

  // Errors: somebody else has the port, no such address here, no way to join the group.
  [[nodiscard]] Result<Done> open();
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  // Takes what there is to be read, if anything.
  void handle_event(Instant now, IngestSink& sink);
  void handle_timeout(Instant now, IngestSink& sink);
  [[nodiscard]] const UdpCounts& counts() const noexcept { return counts_; }
  // Something waits for what was sent before it: handle_timeout() is wanted within RtpOrder::kWait.
  [[nodiscard]] bool is_holding() const noexcept { return order_.is_holding(); }

 private:
  // Whoever sent last has the port until it was silent for so long: two encoders in turns are no stream.
  static constexpr Micros kSilence = seconds(2);
  static constexpr int kDatagramsAtOnce = 64;

  // One kind of socket for both families, or, where the kernel has but one, of that.
  [[nodiscard]] Result<Done> make();
  [[nodiscard]] Result<Done> join();
  void take(Instant now, const Endpoint& sender, ByteSpan datagram, IngestSink& sink);
  // It is of a transport stream, or goes on with the one that is heard.
  [[nodiscard]] bool goes_on(ByteSpan content);
  void hand_over(IngestSink& sink);

  std::size_t number_;
  UdpSource source_;
  MakeSocket make_socket_;
  int descriptor_ = -1;
  bool is_v4_only_ = false;  // The kernel has no IPv6.
  bool is_up_ = false;
  Instant last_{};
  std::optional<Endpoint> sender_{};
  std::optional<TsPhase> phase_{};  // Behind the last datagram; of bare MPEG-TS that is up.
  RtpOrder order_;
  UdpCounts counts_;
};

}  // namespace fanlight::packager
