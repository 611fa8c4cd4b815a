#include "hooks/address_book.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace fanlight::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::seconds kFresh{30};
constexpr std::chrono::seconds kFailureHolds{1};

}  // namespace

AddressBook::AddressBook(asio::io_context& loop, std::string host, std::uint16_t port)
    : loop_(loop), host_(std::move(host)), port_(port), resolver_(loop) {
  error_code error;
  const asio::ip::address literal = asio::ip::make_address(host_, error);
  is_literal_ = !error;
  if (is_literal_) known_.emplace_back(literal, port_);
}

asio::awaitable<AddressBook::Endpoints> AddressBook::addresses(Clock::time_point deadline) {
  if (is_literal_) co_return known_;
  if (Clock::now() >= fresh_until_ && !is_looking_) look_up();
  if (!known_.empty() || !is_looking_) co_return known_;
  asio::steady_timer patience(loop_, deadline);
  const auto place = waiting_.insert(waiting_.end(), &patience);
  const auto [woken] = co_await patience.async_wait(asio::as_tuple(asio::use_awaitable));
  waiting_.erase(place);
  if (!woken) fault_ = "the name " + host_ + " was not resolved in time";
  co_return known_;
}

void AddressBook::look_up() {
  is_looking_ = true;
  resolver_.async_resolve(
      host_, std::to_string(port_), [self = shared_from_this()](const error_code& error, const auto& found) {
        self->is_looking_ = false;
        self->fresh_until_ = Clock::now() + (error ? std::chrono::seconds(kFailureHolds) : kFresh);
        self->fault_ = error ? "the name " + self->host_ + " cannot be resolved: " + error.message() : "";
        if (!error) self->known_.clear();
        for (const auto& one : found) self->known_.push_back(one.endpoint());
        for (asio::steady_timer* timer : self->waiting_) timer->cancel();
      });
}

}  // namespace fanlight::control
