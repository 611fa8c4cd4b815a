#include "http/certificate.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

namespace fanlight::packager {
namespace {

constexpr std::time_t kRenewSeconds = 30 * 86'400;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

bool add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  const bool is_added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return is_added;
}

Certificate certificate_of(EVP_PKEY* key, long seconds) {
  Certificate certificate(X509_new(), X509_free);
  std::uint64_t serial = 0;
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1)
    return {nullptr, X509_free};
  X509* raw = certificate.get();
  X509_NAME* name = X509_get_subject_name(raw);
  const auto* host = reinterpret_cast<const unsigned char*>("localhost");
  const bool is_made = X509_set_version(raw, X509_VERSION_3) == 1 &&
                       ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw), serial >> 1 | 1) == 1 &&
                       X509_gmtime_adj(X509_getm_notBefore(raw), -3'600) != nullptr &&
                       X509_gmtime_adj(X509_getm_notAfter(raw), seconds) != nullptr &&
                       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0) == 1 &&
                       X509_set_issuer_name(raw, name) == 1 && X509_set_pubkey(raw, key) == 1 &&
                       add_extension(raw, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
                       add_extension(raw, NID_basic_constraints, "critical,CA:FALSE") &&
                       add_extension(raw, NID_ext_key_usage, "serverAuth") && X509_sign(raw, key, EVP_sha256()) > 0;
  if (!is_made) certificate.reset();
  return certificate;
}

// New, so that nobody's file is written over and nobody else has it open.
template <class Write>
Result<Done> write_file(const std::string& path, Write&& write) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error{errno == EEXIST ? ErrorCode::kInUse : ErrorCode::kNoRights,
                 "cannot write " + path + ": " + std::strerror(errno) +
                     "; name certificate and key of your own, or "
                     "a folder that we may write to"};
  const File file(fdopen(fd, "wb"), std::fclose);
  if (!file || !write(file.get()) || std::fflush(file.get()) != 0) {
    unlink(path.c_str());
    return Error{ErrorCode::kFailed, "cannot write " + path + ": is the disk full?"};
  }
  return Done{};
}

}  // namespace

Result<Done> write_self_signed_certificate(const std::string& certificate_file, const std::string& key_file,
                                           long seconds) {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate certificate = key ? certificate_of(key.get(), seconds) : Certificate{nullptr, X509_free};
  if (!certificate) return Error{ErrorCode::kFailed, "OpenSSL could not make a certificate for localhost"};
  const auto write_key = [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  };
  const auto write_certificate = [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()) == 1; };
  if (certificate_file == key_file)
    return write_file(key_file, [&](std::FILE* file) { return write_key(file) && write_certificate(file); });
  if (Result<Done> done = write_file(key_file, write_key); !done) return done;
  Result<Done> done = write_file(certificate_file, write_certificate);
  if (!done) unlink(key_file.c_str());  // Half of a pair would be in the next one's way.
  return done;
}

bool is_self_signed_to_renew(const std::string& certificate_file) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(certificate_file.c_str(), "rb"), BIO_free);
  const Certificate certificate(file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  ERR_clear_error();
  if (!certificate || X509_self_signed(certificate.get(), 0) != 1) return false;
  std::time_t until = std::time(nullptr) + kRenewSeconds;
  return X509_cmp_time(X509_get0_notAfter(certificate.get()), &until) < 0;
}

}  // namespace fanlight::packager
