// What TLS connections begin with: certificate, key, and what is offered. The files can be read again while connections
// run; those keep what they began with.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"

namespace fanlight::packager {

class TlsContext {
 public:
  // PEM files: the certificate with its chain, and its key.
  static Result<std::shared_ptr<TlsContext>> open(std::string certificate_file, std::string key_file);

  // For connections from now on. When it fails, all stays as it was. Of any thread.
  Result<Done> reload();
  [[nodiscard]] std::shared_ptr<SSL_CTX> current() const noexcept { return current_.load(); }

 private:
  TlsContext(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

  std::string certificate_file_;
  std::string key_file_;
  std::atomic<std::shared_ptr<SSL_CTX>> current_;
};

}  // namespace fanlight::packager
