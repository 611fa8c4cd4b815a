// One call to a relay over libsrt, made again and again: looked up, connecting, up, waiting to call again. Nothing here
// blocks but a close: a name is looked up by a thread of its own, and whoever does not wait for the answer any more
// leaves it to that thread. A name's addresses are tried in turn, in each call, that which answered last first.
#pragma once

#include <srt/srt.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "ingest/back_off.h"
#include "ingest/sink.h"
#include "ingest/source.h"

namespace fanlight::packager {

class SrtCall {
 public:
  using Address = std::vector<std::byte>;  // A sockaddr of its family.
  struct Addresses {
    std::vector<Address> all{};
    std::string why{};  // There are none.
  };
  // May take as long as it likes.
  using LookUp = Addresses (*)(const std::string& host, std::uint16_t port);
  [[nodiscard]] static Addresses look_up(const std::string& host, std::uint16_t port);

  // `epoll`: libsrt's, where the call's socket is watched while there is one.
  SrtCall(std::size_t number, SrtUrl url, int epoll, LookUp how = look_up)
      : number_(number), url_(std::move(url)), epoll_(epoll), look_up_(how) {}
  ~SrtCall() { hang_up(); }
  SrtCall(const SrtCall&) = delete;
  SrtCall& operator=(const SrtCall&) = delete;

  [[nodiscard]] bool is_called() const noexcept { return socket_ != SRT_INVALID_SOCK; }
  // Takes what there is to be read or said of the socket, if anything; is_called().
  void handle_event(Instant now, IngestSink& sink);
  void handle_timeout(Instant now, IngestSink& sink);

 private:
  struct Answer {
    Addresses addresses{};  // Once it is there.
    std::atomic<bool> is_there = false;
  };
  static constexpr int kMessagesAtOnce = 64;
  static constexpr std::size_t kAddressesMax = 8;

  void ask_for_address(Instant now, IngestSink& sink);
  void read_out(Instant now, IngestSink& sink);
  // False: there is nothing more for now.
  [[nodiscard]] bool receive_one(IngestSink& sink);
  void call(Addresses addresses, Instant now, IngestSink& sink);
  void call_next(Instant now, IngestSink& sink);
  // At its next address, or there is none.
  void call_elsewhere(std::string_view why, Instant now, IngestSink& sink);
  [[nodiscard]] bool set_up(int family) const;
  void fail(std::string_view why, Instant now, IngestSink& sink);
  [[nodiscard]] bool is_turned_away() const;
  [[nodiscard]] std::string why_it_ended() const;
  void hang_up() noexcept;

  std::size_t number_;
  SrtUrl url_;
  int epoll_;
  SRTSOCKET socket_ = SRT_INVALID_SOCK;
  bool is_up_ = false;
  std::optional<Instant> over_at_{};  // The session has ended: until when what is left of it is waited for.
  BackOff back_off_;
  std::optional<Instant> call_at_{Instant{}};  // Empty: on its way, or up.
  LookUp look_up_;
  std::shared_ptr<Answer> lookup_{};  // While it is waited for.
  std::vector<Address> untried_{};    // Of this call, the next last.
  Address called_{}, answered_{};     // Now; the last that took a call.
};

}  // namespace fanlight::packager
