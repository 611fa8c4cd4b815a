// One connection: what carries its bytes, and the HTTP it speaks. It reads, hands requests to who answers, and sends
// what there is, until the kernel blocks or there is nothing more to do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/time.h"
#include "http/admission.h"
#include "http/h1_session.h"
#include "http/h2_session.h"
#include "http/message.h"
#include "http/out_queue.h"
#include "http/pace.h"
#include "http/poller.h"
#include "http/server_counts.h"
#include "http/sockets.h"
#include "http/tls_stream.h"

namespace fanlight::packager {

struct ConnectionLimits {
  Micros head_max = seconds(5);   // From a head's first byte to its last; on a new connection from its start.
  Micros idle_max = seconds(30);  // Between requests; longer behind an answer that has more patience.
  Pace pace{};                    // From an answer, or a piece of one, until the kernel has taken it.
  Micros stall_max = seconds(5);  // Without the kernel taking a byte of what there is.
  std::size_t unsent_bytes_max = 64 * 1024;        // With more than that to send, no further request is taken.
  std::uint32_t requests_per_address_max = 2'000;  // That are not answered yet.
  std::string allow_origin = "*";                  // Whose pages may read that there are more.
};

// What connections of a server share.
struct ConnectionContext {
  const ConnectionLimits& limits;
  HttpHandler& handler;
  ServerCounts& counts;
  MutableByteSpan received;  // For what arrives.
  Instant now{};
  std::string date{};
  std::string scratch{};         // For heads.
  SocketBatch* batch = nullptr;  // Empty: each connection calls the kernel for itself.
};

class Connection {
 public:
  // Then it is others' turn: what is asked may be cheap to ask and dear to answer.
  static constexpr unsigned kRequestsAtOnce = 8;

  // `household`: outlives it. `tls` empty: none.
  Connection(std::uint64_t id, Descriptor socket, Household& household, std::shared_ptr<SSL_CTX> tls, Instant now)
      : id_(id), socket_(std::move(socket)), household_(household), since_(now), progress_(now) {
    if (tls) tls_ = std::make_unique<TlsStream>(std::move(tls), socket_);
  }

  // The kernel tells changes alone. `is_last`: behind what is to be read the peer says nothing more. `is_gone`: nor
  // does it hear anything.
  void handle_readable(bool is_last, bool is_gone) noexcept {
    is_readable_ = true;
    is_hung_up_ = is_hung_up_ || is_last;
    is_gone_ = is_gone_ || is_gone;
  }
  void handle_writable() noexcept {
    is_writable_ = true;
    is_readable_ = is_readable_ || is_shaking_hands();  // Which is done by reading, and may have waited for room.
  }
  // With a batch, of connections without TLS: before drive(), what came of reading; after it, of sending, and it is to
  // be driven again.
  [[nodiscard]] bool wants_receive() const noexcept;
  void handle_received(ConnectionContext& context, int result, MutableByteSpan room);
  [[nodiscard]] bool is_sending() const noexcept { return is_sending_; }
  void handle_sent(ConnectionContext& context, int result);
  // Reads, asks and sends as far as it goes, or far enough for now. False: the connection is over.
  [[nodiscard]] bool drive(ConnectionContext& context);
  // There was more to do.
  [[nodiscard]] bool wants_drive() const noexcept { return wants_drive_; }
  // Whatever it waited for, its deadline has come. False: the connection is over.
  [[nodiscard]] bool handle_timeout(const ConnectionLimits& limits, Instant now, ServerCounts& counts);
  [[nodiscard]] Instant deadline(const ConnectionLimits& limits) const noexcept;
  // No further requests; over when what is being answered is sent.
  void finish() { h2_ ? h2_->finish() : h1_.finish(); }
  // It is over: tells the handler of those whose answers are owed.
  void handle_end(ConnectionContext& context);

  // Of HttpReplies; drive() sends.
  void respond(ConnectionContext& context, std::uint64_t stream, HttpResponse&& response);
  void begin(ConnectionContext& context, std::uint64_t stream, HttpResponse&& head);
  void append(ConnectionContext& context, std::uint64_t stream, SharedBytes&& bytes);
  void end(ConnectionContext& context, std::uint64_t stream);

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] const Descriptor& socket() const noexcept { return socket_; }
  [[nodiscard]] Household& household() const noexcept { return household_; }
  [[nodiscard]] bool is_shaking_hands() const noexcept { return tls_ && !has_handshake_; }
  bool is_listed = false;  // In the server's list of those to be driven.

 private:
  enum class Phase : std::uint8_t { kHead, kBusy, kIdle, kLingering };

  [[nodiscard]] bool wants_bytes() const noexcept;
  void note_handshake(ConnectionContext& context);
  void hear(ConnectionContext& context, ByteSpan bytes);
  void become_h2(ConnectionContext& context, std::string_view heard);
  void hand_over(ConnectionContext& context, std::uint64_t stream, const HttpRequest& request);
  void tell_gone(ConnectionContext& context, std::uint64_t stream);
  [[nodiscard]] bool ask_h2(ConnectionContext& context);
  [[nodiscard]] bool receive_some(ConnectionContext& context);
  void take_in(ConnectionContext& context, IoResult got, MutableByteSpan room);
  [[nodiscard]] bool ask(ConnectionContext& context);
  [[nodiscard]] bool flush(ConnectionContext& context);
  void note_sent(ConnectionContext& context, std::size_t bytes);
  void discard_received(ConnectionContext& context) noexcept;
  [[nodiscard]] bool is_over() noexcept;
  [[nodiscard]] Phase phase() const noexcept;
  void note_phase(Instant now) noexcept;
  [[nodiscard]] H1Session::Pen pen(ConnectionContext& context) noexcept;

  std::uint64_t id_;
  Descriptor socket_;
  Household& household_;
  std::unique_ptr<TlsStream> tls_{};
  H1Session h1_;
  std::unique_ptr<H2Session> h2_{};  // Once HTTP/2 is spoken: instead of h1_.
  OutQueue out_;
  Instant since_;     // When its phase began.
  Instant progress_;  // When the kernel last took something, or there was something to take at last.
  Phase phase_ = Phase::kHead;
  Micros patience_{};         // The most that an answer had.
  std::uint64_t stream_ = 0;  // That `since_` is of, over HTTP/1.1.
  unsigned asks_left_ = 0;    // This turn.
  bool is_readable_ = false;
  bool is_writable_ = true;
  bool is_hung_up_ = false;     // The peer says nothing more; there may be something to read.
  bool is_gone_ = false;        // Nor does it hear us.
  bool has_ended_ = false;      // There is not.
  bool has_failed_ = false;     // The socket is of no use.
  bool has_handshake_ = false;  // TLS's is over.
  bool is_lingering_ = false;   // We say nothing more, and what comes is thrown away.
  bool is_sending_ = false;     // The batch has what it is to send.
  bool wants_drive_ = false;
};

}  // namespace fanlight::packager
