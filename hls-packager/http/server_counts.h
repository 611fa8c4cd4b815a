// What a server counts: written by its thread, read by any.
#pragma once

#include <atomic>
#include <cstdint>

namespace fanlight::packager {

class HttpCount {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.store(value() + n, std::memory_order_relaxed); }
  void sub(std::uint64_t n = 1) noexcept { value_.store(value() - n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

struct ServerCounts {
  HttpCount connections;           // Now.
  HttpCount connections_accepted;  // Since the start, as all below.
  HttpCount connections_h2;
  HttpCount refused_by_cap;          // Too many connections in all.
  HttpCount refused_by_address_cap;  // Too many from one address.
  HttpCount refused_requests;        // Too many under way from one address: 429.
  HttpCount accepts_failed;          // No file descriptors or memory were left: accepting pauses.
  HttpCount tls_handshakes;
  HttpCount tls_failed;  // Handshakes that did not come to an end.
  HttpCount requests;
  HttpCount heads_malformed;  // Refused, whatever the status.
  HttpCount h2_errors;        // Connections ended because they broke the protocol, floods included.
  HttpCount timeouts_head;
  HttpCount timeouts_idle;
  HttpCount timeouts_slow;    // A response was not sent in time.
  HttpCount timeouts_stall;   // Nothing was taken for too long.
  HttpCount timeouts_stream;  // Streams of HTTP/2 that were reset: their requests did not end, or their answers were
                              // not taken, in time.
  HttpCount bytes_sent;
};

}  // namespace fanlight::packager
