// The addresses of one host name, looked up by the system's resolver on its own thread: one lookup at a time, kept for
// half a minute, and in use beyond that while a fresh one is under way or fails.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <vector>

namespace fanlight::control {

class AddressBook : public std::enable_shared_from_this<AddressBook> {
 public:
  using Clock = std::chrono::steady_clock;
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  AddressBook(boost::asio::io_context& loop, std::string host, std::uint16_t port);

  // Empty when there are none by the deadline; fault() says why.
  [[nodiscard]] boost::asio::awaitable<Endpoints> addresses(Clock::time_point deadline);
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  void look_up();

  boost::asio::io_context& loop_;
  const std::string host_;
  const std::uint16_t port_;
  boost::asio::ip::tcp::resolver resolver_;
  bool is_looking_ = false;
  bool is_literal_ = false;
  Endpoints known_;
  Clock::time_point fresh_until_{};
  std::string fault_;
  std::list<boost::asio::steady_timer*> waiting_;
};

}  // namespace fanlight::control
