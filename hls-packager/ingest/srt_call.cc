#include "ingest/srt_call.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "wire/reject.h"

namespace fanlight::packager {
namespace {

constexpr int kConnectPatienceMs = 3000;
constexpr int kReasonsOnTheWire = 1000;
constexpr Micros kReadOutMargin = millis(100);
constexpr std::size_t kMessageBytesMax = 1456;  // SRTO_PAYLOADSIZE at most.

template <class Value>
bool set(SRTSOCKET socket, SRT_SOCKOPT option, const Value& value) {
  return srt_setsockflag(socket, option, &value, static_cast<int>(sizeof value)) != SRT_ERROR;
}

bool set(SRTSOCKET socket, SRT_SOCKOPT option, const std::string& text) {
  return text.empty() || srt_setsockflag(socket, option, text.data(), static_cast<int>(text.size())) != SRT_ERROR;
}

}  // namespace

SrtCall::Addresses SrtCall::look_up(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  wanted.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (error != 0) return {.why = "the name " + host + " is not known: " + gai_strerror(error)};
  Addresses addresses;
  for (const addrinfo* one = found; one != nullptr && addresses.all.size() < kAddressesMax; one = one->ai_next) {
    const auto* bytes = reinterpret_cast<const std::byte*>(one->ai_addr);
    Address address(bytes, bytes + one->ai_addrlen);
    if (std::ranges::find(addresses.all, address) == addresses.all.end()) addresses.all.push_back(std::move(address));
  }
  freeaddrinfo(found);
  return addresses;
}

void SrtCall::handle_timeout(Instant now, IngestSink& sink) {
  if (over_at_) return read_out(now, sink);
  if (lookup_) {
    if (lookup_->is_there.load(std::memory_order_acquire))
      call(std::move(std::exchange(lookup_, nullptr)->addresses), now, sink);
    return;
  }
  if (call_at_ && now >= *call_at_) ask_for_address(now, sink);
}

void SrtCall::ask_for_address(Instant now, IngestSink& sink) {
  call_at_.reset();
  lookup_ = std::make_shared<Answer>();
  try {
    std::thread([answer = lookup_, how = look_up_, host = url_.host, port = url_.port] {
      answer->addresses = how(host, port);
      answer->is_there.store(true, std::memory_order_release);
    }).detach();
  } catch (const std::system_error& error) {
    lookup_.reset();
    fail(std::string("no thread to look its name up: ") + error.what(), now, sink);
  }
}

void SrtCall::call(Addresses addresses, Instant now, IngestSink& sink) {
  if (addresses.all.empty()) return fail(addresses.why, now, sink);
  std::ranges::stable_partition(addresses.all, [&](const Address& one) { return one == answered_; });
  std::ranges::reverse(addresses.all);
  untried_ = std::move(addresses.all);
  call_next(now, sink);
}

void SrtCall::call_next(Instant now, IngestSink& sink) {
  called_ = std::move(untried_.back());
  untried_.pop_back();
  // A copy of the right type: the bytes have no alignment to speak of.
  sockaddr_storage to{};
  std::memcpy(&to, called_.data(), called_.size());
  socket_ = srt_create_socket();
  const int events = SRT_EPOLL_IN | SRT_EPOLL_OUT | SRT_EPOLL_ERR;
  if (socket_ == SRT_INVALID_SOCK || !set_up(to.ss_family) ||
      srt_epoll_add_usock(epoll_, socket_, &events) == SRT_ERROR)
    return fail(srt_getlasterror_str(), now, sink);
  if (srt_connect(socket_, reinterpret_cast<sockaddr*>(&to), static_cast<int>(called_.size())) == SRT_ERROR)
    call_elsewhere(srt_getlasterror_str(), now, sink);
}

void SrtCall::call_elsewhere(std::string_view why, Instant now, IngestSink& sink) {
  if (untried_.empty()) return fail(why, now, sink);
  hang_up();
  call_next(now, sink);
}

bool SrtCall::set_up(int family) const {
  const bool no = false;
  const auto latency = static_cast<int>(url_.latency.count / 1000);
  const int key_bytes = url_.key_bytes;
  return set(socket_, SRTO_RCVSYN, no) && set(socket_, SRTO_SNDSYN, no) &&
         set(socket_, SRTO_CONNTIMEO, kConnectPatienceMs) && set(socket_, SRTO_RCVLATENCY, latency) &&
         set(socket_, SRTO_STREAMID, url_.stream_id) && set(socket_, SRTO_PASSPHRASE, url_.passphrase) &&
         (url_.passphrase.empty() || set(socket_, SRTO_PBKEYLEN, key_bytes)) &&
         (family != AF_INET6 || set(socket_, SRTO_IPV6ONLY, 1));
}

void SrtCall::handle_event(Instant now, IngestSink& sink) {
  const SRT_SOCKSTATUS state = srt_getsockstate(socket_);
  if (state == SRTS_CONNECTING) return;
  if (state != SRTS_CONNECTED && is_up_) return read_out(now, sink);
  // Who turns us away is the relay, and is so at each of its addresses.
  if (state != SRTS_CONNECTED && is_turned_away()) return fail(why_it_ended(), now, sink);
  if (state != SRTS_CONNECTED) return call_elsewhere(why_it_ended(), now, sink);
  if (!is_up_) {
    is_up_ = true;
    answered_ = called_;
    const int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;  // It can always be written to.
    srt_epoll_update_usock(epoll_, socket_, &events);
    sink.handle_up(number_);
  }
  for (int i = 0; i < kMessagesAtOnce && receive_one(sink); ++i) {
  }  // Nothing more there, or over: then the next event says so.
}

// What came before the end is not given up with it: libsrt hands it over when its time comes, as before.
void SrtCall::read_out(Instant now, IngestSink& sink) {
  if (!over_at_) {
    srt_epoll_remove_usock(epoll_, socket_);  // It would tell of the end again and again.
    int latency_ms = 0, size = sizeof latency_ms;
    srt_getsockflag(socket_, SRTO_RCVLATENCY, &latency_ms, &size);
    over_at_ = now + millis(latency_ms) + kReadOutMargin;
  }
  while (receive_one(sink)) {
  }
  int held = 0, size = sizeof held;
  const bool holds_more = srt_getsockflag(socket_, SRTO_RCVDATA, &held, &size) != SRT_ERROR && held > 0;
  if (!holds_more || now >= *over_at_) fail(why_it_ended(), now, sink);
}

bool SrtCall::receive_one(IngestSink& sink) {
  std::array<char, kMessageBytesMax> message;
  const int bytes = srt_recvmsg(socket_, message.data(), static_cast<int>(message.size()));
  if (bytes <= 0) return false;
  back_off_.reset();  // Not before: a relay that takes calls and ends them is not called ever again at once.
  sink.handle_bytes(number_, std::as_bytes(std::span(message)).first(static_cast<std::size_t>(bytes)));
  return true;
}

bool SrtCall::is_turned_away() const {
  const int reason = srt_getrejectreason(socket_);
  return reason != SRT_REJ_TIMEOUT && reason != SRT_REJ_UNKNOWN;
}

std::string SrtCall::why_it_ended() const {
  if (is_up_) return "the relay ended the session, or is gone";
  const int reason = srt_getrejectreason(socket_);
  if (reason == SRT_REJ_TIMEOUT) return "nobody answers at " + url_.host + ":" + std::to_string(url_.port);
  if (reason == SRT_REJ_UNKNOWN) return "the call failed";
  // libsrt's own reasons are counted from 0, on the wire from 1000.
  const auto code = static_cast<wire::Reject>(reason < kReasonsOnTheWire ? reason + kReasonsOnTheWire : reason);
  return "turned away: " + std::to_string(static_cast<int>(code)) + " " + std::string{wire::describe(code)};
}

void SrtCall::fail(std::string_view why, Instant now, IngestSink& sink) {
  const std::string text{why};  // It may be the library's, and the next call changes it.
  hang_up();
  const Micros wait = back_off_.next(static_cast<std::uint32_t>(now.us) + static_cast<std::uint32_t>(number_) * 379);
  call_at_ = now + wait;
  sink.handle_down(number_, text, wait);
}

void SrtCall::hang_up() noexcept {
  if (socket_ == SRT_INVALID_SOCK) return;
  srt_epoll_remove_usock(epoll_, socket_);
  srt_close(std::exchange(socket_, SRT_INVALID_SOCK));
  is_up_ = false;
  over_at_.reset();
}

}  // namespace fanlight::packager
