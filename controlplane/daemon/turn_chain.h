// Long work in short turns: between two turns everybody else of the loop has theirs, however often the work is asked
// for. Two chains at once would take two turns in a row, and each further ring of the bell one more.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <utility>

namespace fanlight::control {

class TurnChain {
 public:
  // `turn` does a bounded piece and answers whether there is more. The chain must outlive the loop's last handler.
  TurnChain(boost::asio::io_context& loop, std::function<bool()> turn) : loop_(loop), turn_(std::move(turn)) {}
  TurnChain(const TurnChain&) = delete;
  TurnChain& operator=(const TurnChain&) = delete;

  // Takes the first turn now. While a chain runs there is nothing to do: its next turn sees what is new.
  void start() {
    if (!is_running_) run();
  }

 private:
  void run() {
    is_running_ = turn_();
    if (is_running_) boost::asio::post(loop_, [this] { run(); });
  }

  boost::asio::io_context& loop_;
  std::function<bool()> turn_;
  bool is_running_ = false;
};

}  // namespace fanlight::control
