#include "ingest/srt_call.h"

#include <netdb.h>

#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "wire/reject.h"

namespace fanlight::packager {
namespace {

constexpr int kConnectPatienceMs = 3000;
constexpr int kReasonsOnTheWire = 1000;
constexpr std::size_t kMessageBytesMax = 1456;  // SRTO_PAYLOADSIZE at most.

template <class Value>
bool set(SRTSOCKET socket, SRT_SOCKOPT option, const Value& value) {
  return srt_setsockflag(socket, option, &value, static_cast<int>(sizeof value)) != SRT_ERROR;
}

bool set(SRTSOCKET socket, SRT_SOCKOPT option, const std::string& text) {
  return text.empty() || srt_setsockflag(socket, option, text.data(), static_cast<int>(text.size())) != SRT_ERROR;
}

}  // namespace

SrtCall::Address SrtCall::look_up(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  wanted.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (error != 0) return {.why = "the name " + host + " is not known: " + gai_strerror(error)};
  Address address;
  const auto* bytes = reinterpret_cast<const std::byte*>(found->ai_addr);
  address.bytes.assign(bytes, bytes + found->ai_addrlen);
  freeaddrinfo(found);
  return address;
}

void SrtCall::handle_timeout(Instant now, IngestSink& sink) {
  if (lookup_.valid()) {
    if (lookup_.wait_for(std::chrono::seconds{0}) == std::future_status::ready) call(lookup_.get(), now, sink);
    return;
  }
  if (!call_at_ || now < *call_at_) return;
  call_at_.reset();
  lookup_ = std::async(std::launch::async, look_up, url_.host, url_.port);
}

void SrtCall::call(const Address& address, Instant now, IngestSink& sink) {
  if (address.bytes.empty()) return fail(address.why, now, sink);
  // A copy of the right type: the bytes have no alignment to speak of.
  sockaddr_storage to{};
  std::memcpy(&to, address.bytes.data(), address.bytes.size());
  socket_ = srt_create_socket();
  const int events = SRT_EPOLL_IN | SRT_EPOLL_OUT | SRT_EPOLL_ERR;
  if (socket_ == SRT_INVALID_SOCK || !set_up(to.ss_family) ||
      srt_epoll_add_usock(epoll_, socket_, &events) == SRT_ERROR)
    return fail(srt_getlasterror_str(), now, sink);
  if (srt_connect(socket_, reinterpret_cast<sockaddr*>(&to), static_cast<int>(address.bytes.size())) == SRT_ERROR)
    fail(srt_getlasterror_str(), now, sink);
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
  if (state != SRTS_CONNECTED) return fail(why_it_ended(), now, sink);
  if (!is_up_) {
    is_up_ = true;
    const int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;  // It can always be written to.
    srt_epoll_update_usock(epoll_, socket_, &events);
    back_off_.reset();
    sink.handle_up(number_);
  }
  std::array<char, kMessageBytesMax> message{};
  for (int i = 0; i < kMessagesAtOnce; ++i) {
    const int bytes = srt_recvmsg(socket_, message.data(), static_cast<int>(message.size()));
    if (bytes <= 0) return;  // Nothing there, or over: then the next event says so.
    sink.handle_bytes(number_, std::as_bytes(std::span(message)).first(static_cast<std::size_t>(bytes)));
  }
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
}

}  // namespace fanlight::packager
