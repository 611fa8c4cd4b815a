#include "wire/srt_key_message.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace fanlight::wire {
namespace {

const Bytes kEven = from_hex(
    "12202901 00000000 02000200 00000404 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
    "2bb3c3b3408c3b90b2a302cc418a548b6a1a16173edd6d73");

Bytes with(Bytes bytes, std::size_t at, int value) {
  bytes[at] = std::byte(value);
  return bytes;
}

TEST(KeyMessageTest, ReadsTheVector) {
  const auto message = parse_key_message(kEven);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->keys, KeyFlag::kEven);
  EXPECT_EQ(message->cipher, Cipher::kAesCtr);
  EXPECT_EQ(message->key_bytes, 16u);
  EXPECT_EQ(copy(message->salt), copy(ByteSpan(kEven).subspan(16, 16)));
  EXPECT_EQ(copy(message->wrapped), copy(ByteSpan(kEven).subspan(32)));
}

TEST(KeyMessageTest, WritesEveryLengthItReads) {
  for (const std::size_t key_bytes : {16u, 24u, 32u})
    for (const KeyFlag keys : {KeyFlag::kEven, KeyFlag::kOdd, KeyFlag::kBoth})
      for (const Cipher cipher : {Cipher::kAesCtr, Cipher::kAesGcm}) {
        const Bytes wrapped((keys == KeyFlag::kBoth ? 2 : 1) * key_bytes + 8, std::byte{0x5A});
        Bytes out(kKeyMessageBytesMax);
        const std::size_t size = write_key_message(
            out, {.keys = keys, .cipher = cipher, .key_bytes = key_bytes, .salt = {}, .wrapped = wrapped});
        ASSERT_EQ(size, 32 + wrapped.size());
        const auto message = parse_key_message(ByteSpan(out).first(size));
        ASSERT_TRUE(message);
        EXPECT_EQ(message->keys, keys);
        EXPECT_EQ(message->cipher, cipher);
        EXPECT_EQ(message->key_bytes, key_bytes);
        EXPECT_EQ(copy(message->wrapped), wrapped);
        EXPECT_EQ(write_key_message(MutableByteSpan(out).first(size - 1), *message), 0u);
      }
}

TEST(KeyMessageTest, WritesTheVectorBack) {
  Bytes out(kEven.size());
  ASSERT_EQ(write_key_message(out, *parse_key_message(kEven)), kEven.size());
  EXPECT_EQ(out, kEven);
}

TEST(KeyMessageTest, LengthsMatchToTheByte) {
  Bytes longer = kEven;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse_key_message(longer));
  for (std::size_t size = 0; size < kEven.size(); ++size)
    EXPECT_FALSE(parse_key_message(ByteSpan(kEven).first(size))) << size;
}

TEST(KeyMessageTest, EveryFixedFieldIsChecked) {
  EXPECT_FALSE(parse_key_message(with(kEven, 0, 0x22))) << "version";
  EXPECT_FALSE(parse_key_message(with(kEven, 0, 0x11))) << "type";
  EXPECT_FALSE(parse_key_message(with(kEven, 1, 0x21))) << "sign";
  EXPECT_FALSE(parse_key_message(with(kEven, 2, 0x28))) << "sign";
  EXPECT_FALSE(parse_key_message(with(kEven, 3, 0))) << "KF 0";
  EXPECT_FALSE(parse_key_message(with(kEven, 3, 3))) << "both keys in the room of one";
  EXPECT_FALSE(parse_key_message(with(kEven, 8, 0))) << "cipher";
  EXPECT_FALSE(parse_key_message(with(kEven, 8, 4))) << "GCM without authentication";
  EXPECT_FALSE(parse_key_message(with(kEven, 9, 1))) << "CTR with authentication";
  EXPECT_FALSE(parse_key_message(with(kEven, 10, 1))) << "encapsulation";
  EXPECT_FALSE(parse_key_message(with(kEven, 14, 2))) << "salt length";
  EXPECT_FALSE(parse_key_message(with(kEven, 15, 6))) << "key length against the wrapped bytes";
}

TEST(KeyMessageTest, KeyLengthsBetweenAreRefusedEvenWhenTheBytesAreThere) {
  for (const std::size_t words : {0u, 1u, 5u, 7u, 9u, 255u}) {
    Bytes message = with(kEven, 15, static_cast<int>(words));
    message.resize(32 + 4 * words + 8);
    EXPECT_FALSE(parse_key_message(message)) << words;
  }
}

TEST(KeyPacketTest, CarriesTheMessageUnchangedBehindAUserHeader) {
  Bytes out(kHeaderBytes + kEven.size());
  ASSERT_EQ(write_key_packet(out, kUserKeyRequest, kEven, {0x01020304}, SocketId{0x2121B801}), out.size());
  EXPECT_EQ(copy(ByteSpan(out).first(kHeaderBytes)), from_hex("ffff0003 00000000 01020304 2121b801"));
  EXPECT_EQ(copy(ByteSpan(out).subspan(kHeaderBytes)), kEven);
  EXPECT_EQ(write_key_packet(MutableByteSpan(out).first(out.size() - 1), kUserKeyRequest, kEven, {}, {}), 0u);
}

}  // namespace
}  // namespace fanlight::wire
