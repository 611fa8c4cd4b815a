// An HTTP server on one thread: a loop over epoll or io_uring, whose connections are handed from the kernel to the
// handler and back. Several may listen at the same addresses, each on a thread of its own; they share who is let in,
// and no more.
//
// What a client may take is bounded: connections in all and from one address, bytes of a head and of what waits behind
// it, time to send a head, to be idle, to take an answer. What is sent is not copied, so a slow client holds on to
// parts that others are sent as well, and for no longer than `limits.pace` says.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/admission.h"
#include "http/connection.h"
#include "http/message.h"
#include "http/poller.h"
#include "http/server_counts.h"
#include "http/sockets.h"
#include "http/tls_context.h"

namespace fanlight::packager {

class Server final : public HttpReplies {
 public:
  struct Options {
    std::vector<std::string> listen{};      // See parse_listen_address().
    std::vector<std::string> listen_tls{};  // Likewise; needs `tls`.
    std::shared_ptr<TlsContext> tls{};      // May be shared with other servers.
    std::shared_ptr<Admission> admission = std::make_shared<Admission>(Admission::Limits{});
    Poller::Kind poller = Poller::Kind::kEpoll;
    bool joins = false;              // Servers of this process that listen there already.
    Micros stop_grace = seconds(3);  // For answers that are under way when it is to stop.
    ConnectionLimits limits{};
  };
  // Listens from now on; accepts when it runs.
  static Result<std::unique_ptr<Server>> open(const Options& options);

  // Until stop() and what follows from that. The handler is called on this thread.
  Result<Done> run(HttpHandler& handler);
  // Of any thread.
  void stop() noexcept;

  // Of Options::listen, then of Options::listen_tls.
  [[nodiscard]] const std::vector<Endpoint>& addresses() const noexcept { return addresses_; }
  [[nodiscard]] const ServerCounts& counts() const noexcept { return counts_; }

  // HttpReplies. Whose asker is gone is not answered.
  void respond(HttpRequestId id, HttpResponse&& response) override;
  void begin(HttpRequestId id, HttpResponse&& head) override;
  void append(HttpRequestId id, SharedBytes bytes) override;
  void end(HttpRequestId id) override;
  void wake() override;

 private:
  struct Listener {
    Descriptor socket;
    bool has_tls = false;
    bool is_paused = false;
    Instant paused_until{};
  };

  explicit Server(const Options& options) : options_(options) {}
  Result<Done> start();
  Result<Done> listen(const std::string& text, bool has_tls);
  void turn();
  [[nodiscard]] int wait_ms() const;
  void read_clocks();
  void take_news(const Poller::News& news);
  void hear_bell();
  void accept_some(Listener& listener);
  void admit(Accepted accepted, bool has_tls);
  void pause(Listener& listener);
  void resume_listeners();
  void drive_listed();
  void receive_listed(std::size_t count);
  void drive(Connection& connection);
  void submit_sends();
  void sweep();
  void close(Connection& connection);
  void begin_stop();
  [[nodiscard]] bool has_stopped();
  [[nodiscard]] Connection* find(std::uint64_t id) noexcept;
  void list(Connection& connection);

  Options options_;
  std::unique_ptr<Poller> poller_;
  Descriptor bell_;
  std::vector<Listener> listeners_;
  std::vector<Endpoint> addresses_;
  ServerCounts counts_;
  std::unique_ptr<ConnectionContext> context_;  // While it runs.
  std::vector<std::byte> received_;
  std::vector<std::byte> batch_received_;  // A slice for each of a batch.

  // By slot, which is the lower part of a connection's id.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Instant> deadlines_;  // Apart, so that looking at all of them touches little memory.
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_serial_ = 1;

  std::vector<std::uint64_t> listed_;  // To be driven.
  Instant next_sweep_{};
  Instant stops_at_ = Instant::never();
  std::int64_t date_second_ = -1;
  std::atomic<bool> has_mail_ = false;
  std::atomic<bool> is_to_stop_ = false;
};

}  // namespace fanlight::packager
