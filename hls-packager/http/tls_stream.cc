#include "http/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "base/check.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;  // The most that one holds (RFC 8446 §5.1).

// OpenSSL's own way to a socket raises SIGPIPE.
int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(fd_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(fd_of(bio), to, static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long bio_ctrl(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    CHECK(fresh != nullptr);
    BIO_meth_set_write(fresh, bio_write);
    BIO_meth_set_read(fresh, bio_read);
    BIO_meth_set_ctrl(fresh, bio_ctrl);
    return fresh;
  }();
  return method;
}

// What is to be in the next record. The same bytes in front whenever it is asked again, and never fewer of them: that
// is what a write after a block has to bring.
ByteSpan record_of(const OutQueue& out, MutableByteSpan room) noexcept {
  if (const ByteSpan front = out.front(); front.size() >= kRecordBytes) return front.first(kRecordBytes);
  return room.first(out.copy(room));
}

}  // namespace

TlsStream::TlsStream(std::shared_ptr<SSL_CTX> context, const Descriptor& socket)
    : context_(std::move(context)), ssl_(SSL_new(context_.get())) {
  BIO* bio = BIO_new(socket_method());
  CHECK(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket.get())));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

TlsStream::~TlsStream() { end_sending(); }

void TlsStream::end_sending() noexcept {
  if (!is_usable_ || !is_open()) return;
  ERR_clear_error();
  (void)SSL_shutdown(ssl_.get());
  is_usable_ = false;
}

bool TlsStream::speaks_h2() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

IoResult TlsStream::failed(int returned, std::size_t done) noexcept {
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::kBlocked, done};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::kEnd, done};
    default:
      is_usable_ = false;
      return {IoStatus::kFailed, done};
  }
}

IoResult TlsStream::receive(MutableByteSpan to) noexcept {
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), to.data(), static_cast<int>(to.size()));
  if (got > 0) return {IoStatus::kDone, static_cast<std::size_t>(got)};
  return failed(got, 0);
}

IoResult TlsStream::send(OutQueue& out) noexcept {
  std::array<std::byte, kRecordBytes> room;
  std::size_t sent = 0;
  while (!out.is_empty()) {
    ERR_clear_error();
    const ByteSpan record = record_of(out, room);
    const int now = SSL_write(ssl_.get(), record.data(), static_cast<int>(record.size()));
    if (now <= 0) return failed(now, sent);
    sent += static_cast<std::size_t>(now);
    out.consume(static_cast<std::size_t>(now));
  }
  return {IoStatus::kDone, sent};
}

}  // namespace fanlight::packager
