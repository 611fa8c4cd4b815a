#include "crypto/packet_cipher.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <vector>

#include "wire/test_bytes.h"

namespace fanlight::crypto {
namespace {

wire::Salt salt_of(std::string_view hex) {
  wire::Salt salt;
  const Bytes bytes = from_hex(hex);
  std::copy_n(bytes.begin(), salt.size(), salt.begin());
  return salt;
}

constexpr std::string_view kPassphrase = "passphrase12345";
constexpr std::string_view kEvenHex = "000102030405060708090a0b0c0d0e0f";
constexpr std::string_view kOddHex = "101112131415161718191a1b1c1d1e1f";
const wire::Salt kSalt = salt_of("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");

// OpenSSL's counter mode over the same counter block (srt-wire §4.4).
Bytes as_openssl_has_it(const Key& key, SeqNo seq, const Bytes& text) {
  std::array<unsigned char, 16> block{};
  std::memcpy(block.data(), kSalt.data(), 14);
  for (unsigned i = 0; i < 4; ++i) block[10 + i] ^= static_cast<unsigned char>(seq.raw >> (24 - 8 * i));
  const EVP_CIPHER* cipher = key.size() == 16   ? EVP_aes_128_ctr()
                             : key.size() == 24 ? EVP_aes_192_ctr()
                                                : EVP_aes_256_ctr();
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  Bytes out(text.size());
  int size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.bytes().data());
  EXPECT_EQ(EVP_EncryptInit_ex(context, cipher, nullptr, bytes, block.data()), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                              reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size())),
            1);
  EVP_CIPHER_CTX_free(context);
  return out;
}

TEST(PacketCipherTest, TheCounterVector) {
  PacketCipher cipher(Key(from_hex(kEvenHex)), kSalt);
  Bytes payload(32);
  ASSERT_TRUE(cipher.apply({0x12345678}, payload, payload));
  EXPECT_EQ(payload, from_hex("28a2d48ed7423465be994c5176f1df080425f50fe5c2a2ef2bd0d24c6ebe0a33"));
}

TEST(PacketCipherTest, ASecondApplicationGivesTheTextBackInAnyOrderAndLength) {
  for (const std::size_t key_bytes : {16u, 24u, 32u}) {
    PacketCipher cipher(derive_kek(kPassphrase, kSalt, key_bytes), kSalt);
    for (const std::size_t size : {0u, 1u, 15u, 16u, 1316u, 1456u}) {
      const Bytes text(size, std::byte{0x47});
      Bytes first(size), second(size);
      ASSERT_TRUE(cipher.apply({7}, text, first));
      ASSERT_TRUE(cipher.apply({8}, text, second));
      EXPECT_TRUE(size == 0 || first != second);
      ASSERT_TRUE(cipher.apply({7}, first, first));
      EXPECT_EQ(first, text);
    }
  }
}

TEST(PacketCipherTest, MovesWithItsKey) {
  PacketCipher cipher(Key(from_hex(kOddHex)), kSalt);
  cipher = PacketCipher(Key(from_hex(kEvenHex)), kSalt);
  PacketCipher moved = std::move(cipher);
  Bytes payload(16);
  ASSERT_TRUE(moved.apply({0x12345678}, payload, payload));
  EXPECT_EQ(payload, from_hex("28a2d48ed7423465be994c5176f1df08"));
}

TEST(CipherBatchTest, EachPacketIsAsOpenSslHasItWhateverKeysAreBesideIt) {
  std::vector<Key> keys;
  std::vector<PacketCipher> ciphers;
  for (std::size_t i = 0; i < 7; ++i) {
    wire::Salt salt = kSalt;
    salt[15] = static_cast<std::byte>(i);
    keys.push_back(derive_kek(kPassphrase, salt, std::array{16u, 16u, 24u, 32u, 32u, 16u, 24u}[i]));
    ciphers.emplace_back(keys.back(), kSalt);
  }
  CipherBatch batch;
  for (const std::size_t packets : {std::size_t{1}, std::size_t{5}, CipherBatch::kMax}) {
    std::vector<Bytes> texts, outs;
    for (std::size_t i = 0; i < packets; ++i) {
      texts.emplace_back(1 + (i * 211 + packets) % 1456, std::byte(i));
      outs.emplace_back(texts.back().size() + 1, std::byte{0xEE});
    }
    for (std::size_t i = 0; i < packets; ++i)
      batch.add(ciphers[i % 7].schedule(), {static_cast<std::uint32_t>(0x7FFF'FFFF - i)}, texts[i], outs[i].data());
    EXPECT_EQ(batch.size(), packets);
    ASSERT_TRUE(batch.run());
    EXPECT_EQ(batch.size(), 0u);
    for (std::size_t i = 0; i < packets; ++i) {
      EXPECT_EQ(outs[i].back(), std::byte{0xEE}) << "nothing behind the packet is touched";
      outs[i].pop_back();
      EXPECT_EQ(outs[i], as_openssl_has_it(keys[i % 7], {static_cast<std::uint32_t>(0x7FFF'FFFF - i)}, texts[i])) << i;
    }
  }
}

}  // namespace
}  // namespace fanlight::crypto
