// How long an event loop was away: in a handler that took its time, or without a CPU. Timers that expire meanwhile say
// nothing about whom they were set for. It looks every 20 ms, and only while somebody wants to know.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

namespace fanlight::control {

class LoopWatch : public std::enable_shared_from_this<LoopWatch> {
 public:
  using Clock = std::chrono::steady_clock;
  explicit LoopWatch(boost::asio::io_context& loop) : timer_(loop) {}

  // As long as there is one, it looks.
  class Guard {
   public:
    explicit Guard(LoopWatch& watch) : watch_(watch.shared_from_this()) { watch_->begin(); }
    ~Guard() { watch_->end(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    const std::shared_ptr<LoopWatch> watch_;
  };
  // Added up; only differences under one guard mean something.
  [[nodiscard]] Clock::duration absent() const;

 private:
  void begin();
  void end();
  void look();
  [[nodiscard]] Clock::duration overdue() const;

  boost::asio::steady_timer timer_;
  std::size_t guards_ = 0;
  Clock::duration absent_{};
};

}  // namespace fanlight::control
