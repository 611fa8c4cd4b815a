#include "http/tls_context.h"

#include <openssl/err.h>
#include <sys/stat.h>

#include <array>
#include <string_view>
#include <utility>

namespace fanlight::packager {
namespace {

constexpr std::string_view kProtocols = "\x02h2\x08http/1.1";  // Our order, not the client's.
// What costs least comes first: AES with instructions of the CPU. All are such as HTTP/2 allows (RFC 9113 §9.2.2).
constexpr const char* kSuites13 = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr const char* kSuites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                    void*) {
  unsigned char* chosen = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(kProtocols.data());
  const int found = SSL_select_next_proto(&chosen, out_size, ours, kProtocols.size(), in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Nobody is asked: OpenSSL would, at the terminal, and everybody would wait for that.
int have_no_passphrase(char*, int, int, void*) { return -1; }

Error tls_error(const std::string& what) {
  std::array<char, 160> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  ERR_clear_error();
  return {ErrorCode::kInvalid, what + " (OpenSSL: " + reason.data() + ")"};
}

// Of a pipe everybody would wait for who writes to it. What is not there, or not for us, OpenSSL says.
Result<Done> look_at(const std::string& file) {
  struct stat about {};
  if (stat(file.c_str(), &about) != 0 || S_ISREG(about.st_mode)) return Done{};
  return Error{ErrorCode::kInvalid, file + " is no regular file but " +
                                        (S_ISDIR(about.st_mode)    ? "a folder"
                                         : S_ISFIFO(about.st_mode) ? "a pipe"
                                                                   : "a device or socket") +
                                        ": certificate and key are read from PEM files; name such a one"};
}

void set_up(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Buffers of idle connections go back; what is written again after a block may have moved.
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // Tickets do without memory of ours.
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context, have_no_passphrase);
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::open(std::string certificate_file, std::string key_file) {
  std::shared_ptr<TlsContext> context(new TlsContext(std::move(certificate_file), std::move(key_file)));
  if (Result<Done> loaded = context->reload(); !loaded) return loaded.error();
  return context;
}

Result<Done> TlsContext::reload() {
  for (const std::string& file : {certificate_file_, key_file_})
    if (Result<Done> looked = look_at(file); !looked) return looked;
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> fresh(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!fresh) return tls_error("TLS cannot be set up");
  set_up(fresh.get());
  if (SSL_CTX_set_ciphersuites(fresh.get(), kSuites13) != 1 || SSL_CTX_set_cipher_list(fresh.get(), kSuites12) != 1 ||
      SSL_CTX_set1_groups_list(fresh.get(), "X25519:P-256:P-384") != 1)
    return tls_error("TLS cannot be set up");
  if (SSL_CTX_use_certificate_chain_file(fresh.get(), certificate_file_.c_str()) != 1)
    return tls_error("cannot take the certificate from " + certificate_file_ +
                     ": wanted is a PEM file, readable for us");
  if (SSL_CTX_use_PrivateKey_file(fresh.get(), key_file_.c_str(), SSL_FILETYPE_PEM) != 1)
    return tls_error("cannot take the certificate's key from " + key_file_ + ": wanted is the key of " +
                     certificate_file_ + ", in PEM, readable for us, without a passphrase");
  // Of two kinds (EC and RSA) it takes both, and has a key without a certificate.
  if (SSL_CTX_check_private_key(fresh.get()) != 1)
    return tls_error("the key in " + key_file_ + " is not that of the certificate in " + certificate_file_);
  current_.store(std::move(fresh));
  return Done{};
}

}  // namespace fanlight::packager
