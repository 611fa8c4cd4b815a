#include "crypto/aes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

#include "base/check.h"

namespace fanlight::crypto {
namespace {

constexpr int kKekRounds = 2048;
constexpr std::size_t kKekSaltBytes = 8;
constexpr std::size_t kWrapOverhead = 8;  // RFC 3394 §2.2.1
constexpr std::size_t kWrappedBytesMax = 2 * 32 + kWrapOverhead;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// A scratch for key bytes that does not outlive its use.
struct Scratch {
  std::array<std::byte, kWrappedBytesMax> bytes;
  ~Scratch() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

unsigned char* raw(MutableByteSpan bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* raw(ByteSpan bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

bool is_key_length(std::size_t bytes) { return bytes == 16 || bytes == 24 || bytes == 32; }

const EVP_CIPHER* wrap_cipher(std::size_t key_bytes) {
  if (key_bytes == 16) return EVP_aes_128_wrap();
  return key_bytes == 24 ? EVP_aes_192_wrap() : EVP_aes_256_wrap();
}

enum class Direction : int { kUnwrap = 0, kWrap = 1 };

// RFC 3394 with its default IV, either way. Answers the size of the result, 0 on failure.
std::size_t run_wrap(Direction direction, const Key& kek, ByteSpan in, MutableByteSpan out) {
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!context) return 0;
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  int size = 0;
  const bool is_done = EVP_CipherInit_ex(context.get(), wrap_cipher(kek.size()), nullptr, raw(kek.bytes()), nullptr,
                                         static_cast<int>(direction)) == 1 &&
                       EVP_CipherUpdate(context.get(), raw(out), &size, raw(in), static_cast<int>(in.size())) == 1;
  return is_done && size > 0 ? static_cast<std::size_t>(size) : 0;
}

}  // namespace

Key::Key(ByteSpan bytes) : bytes_(bytes) { CHECK(is_key_length(bytes.size())); }

Key derive_kek(std::string_view passphrase, const wire::Salt& salt, std::size_t key_bytes) {
  CHECK(is_key_length(key_bytes));
  Scratch kek;
  const MutableByteSpan out = MutableByteSpan(kek.bytes).first(key_bytes);
  CHECK(PKCS5_PBKDF2_HMAC_SHA1(passphrase.data(), static_cast<int>(passphrase.size()),
                               raw(ByteSpan(salt).last(kKekSaltBytes)), kKekSaltBytes, kKekRounds,
                               static_cast<int>(key_bytes), raw(out)) == 1);
  return Key(out);
}

std::optional<StreamKeys> unwrap_keys(const Key& kek, const wire::KeyMessage& message) {
  const std::size_t key_count = message.keys == wire::KeyFlag::kBoth ? 2 : 1;
  const std::size_t keys_bytes = key_count * message.key_bytes;
  if (message.wrapped.size() != keys_bytes + kWrapOverhead) return std::nullopt;
  Scratch scratch;
  const MutableByteSpan keys = scratch.bytes;
  if (run_wrap(Direction::kUnwrap, kek, message.wrapped, keys) != keys_bytes) return std::nullopt;

  StreamKeys found;
  if (message.keys != wire::KeyFlag::kOdd) found.even.emplace(keys.first(message.key_bytes));
  if (message.keys != wire::KeyFlag::kEven) found.odd.emplace(keys.first(keys_bytes).last(message.key_bytes));
  return found;
}

std::size_t wrap_keys(const Key& kek, ByteSpan keys, MutableByteSpan out) {
  CHECK(out.size() >= keys.size() + kWrapOverhead);
  return run_wrap(Direction::kWrap, kek, keys, out);
}

bool fill_random(MutableByteSpan out) { return RAND_bytes(raw(out), static_cast<int>(out.size())) == 1; }

}  // namespace fanlight::crypto
