// TLS on one socket. Handshakes happen while it is read from. Encryption is the one copy that a body goes through: what
// lies in one piece is encrypted from where it lies, smaller pieces are put together to whole records first.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "http/out_queue.h"
#include "http/sockets.h"

namespace fanlight::packager {

class TlsStream {
 public:
  TlsStream(std::shared_ptr<SSL_CTX> context, const Descriptor& socket);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  [[nodiscard]] IoResult receive(MutableByteSpan to) noexcept;
  // After kBlocked, what was not consumed is given again, with whatever came behind it.
  [[nodiscard]] IoResult send(OutQueue& out) noexcept;
  // Tells the peer that nothing more comes.
  void end_sending() noexcept;

  [[nodiscard]] bool is_open() const noexcept { return SSL_is_init_finished(ssl_.get()) != 0; }
  // Once it is open: what was agreed on.
  [[nodiscard]] bool speaks_h2() const noexcept;

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  [[nodiscard]] IoResult failed(int returned, std::size_t done) noexcept;

  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool is_usable_ = true;
};

}  // namespace fanlight::packager
