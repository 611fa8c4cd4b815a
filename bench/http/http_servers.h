// What is measured: servers that answer every request with the same body, on the calling thread, until told to stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "cmaf/shared_bytes.h"

namespace fanlight::packager {

// Of every answer, where a server does not make its own.
std::string head_of(std::size_t body_bytes);

struct ServerUnderTest {
  // Listens, puts its port into `port`, serves until `stop`; answers how many requests were answered.
  std::uint64_t (*serve)(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop);
  const char* name;
  bool needs_uring = false;
};

// The least there is: an epoll loop that looks for the end of a head, and one sendmsg.
std::uint64_t serve_bare(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop);
// Likewise over io_uring.
std::uint64_t serve_uring(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop);
// Over epoll, and over io_uring.
std::uint64_t serve_ours(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop);
std::uint64_t serve_ours_uring(const SharedBytes& body, std::atomic<std::uint16_t>& port,
                               const std::atomic<bool>& stop);
// Boost.Beast on Asio, with a body that is not copied.
std::uint64_t serve_beast(const SharedBytes& body, std::atomic<std::uint16_t>& port, const std::atomic<bool>& stop);

}  // namespace fanlight::packager
