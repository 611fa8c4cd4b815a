// Which figures of a report were measured on this host, and which are taken for granted.
#include "capacity/formatted.h"
#include "capacity/report.h"

namespace fanlight::control {
std::vector<std::string> measured_here(const CapacityReport& report) {
  std::vector<std::string> figures = {
      formatted("the worker's time for a packet and for an ACK, %zu times over", report.passes)};
  if (report.bounds.receive_buffer_bytes > 0) figures.emplace_back("the socket buffers that the kernel grants");
  if (report.bounds.line_bits > 0) figures.push_back("the speed that " + report.line + " tells");
  return figures;
}

std::vector<std::string> assumed_here(const CapacityReport& report) {
  const Bounds& bounds = report.bounds;
  std::vector<std::string> figures = {
      formatted("libsrt's ACKs: %g a second at most, and one each %g packets", assumed::kAcksPerSecondMax,
                assumed::kPacketsPerLightAck),
      formatted("%g ms of delay are borne", static_cast<double>(bounds.delay_max.count) / 1e3)};
  if (bounds.workers > 1) figures.push_back(formatted("a further worker counts %g", assumed::kFurtherWorker));
  if (bounds.receive_buffer_bytes > 0)
    figures.push_back(formatted("ACKs of %g ms wait in the receive buffer", assumed::kAwaySeconds * 1e3));
  if (bounds.send_buffer_bytes > 0)
    figures.push_back(
        formatted("a packet leaves the send buffer %g ms after it was sent", assumed::kSentSeconds * 1e3));
  figures.emplace_back(report.port == "sockets" ? "the network takes packets as loopback does"
                                                : "the device's rings cost what rings in memory cost");
  return figures;
}

}  // namespace fanlight::control
