// The least that has to be done to answer those who wait: threads that count what asks, and on a word write the same
// answer to each that asked. What release_bench measures the packager's server against.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fanlight::packager {

class BareRelease {
 public:
  // Serves from here on, by threads that run where the caller may; `answer` is the whole of it, its head included.
  BareRelease(std::size_t threads, std::string answer);
  ~BareRelease();
  BareRelease(const BareRelease&) = delete;
  BareRelease& operator=(const BareRelease&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::size_t waiting() const;
  void release();

 private:
  class Loop;
  std::string answer_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace fanlight::packager
