#include "wire/srt_key_message.h"

#include <algorithm>

#include "base/check.h"

namespace fanlight::wire {
namespace {

constexpr std::uint8_t kVersionAndType = 0x12;
constexpr std::uint16_t kSign = 0x2029;
constexpr std::uint8_t kSrtEncapsulation = 2;
constexpr std::size_t kSaltOffset = 16;
constexpr std::size_t kWrappedOffset = kSaltOffset + kSaltBytes;
constexpr std::size_t kWrapOverhead = 8;  // RFC 3394 §2.2.1

using KeyMessageReader = FixedReader<kWrappedOffset>;

std::size_t wrapped_bytes(KeyFlag keys, std::size_t key_bytes) {
  return (keys == KeyFlag::kBoth ? 2 : 1) * key_bytes + kWrapOverhead;
}

bool is_key_length(std::size_t bytes) { return bytes == 16 || bytes == 24 || bytes == 32; }

std::uint8_t auth_of(Cipher cipher) { return cipher == Cipher::kAesGcm ? 1 : 0; }

bool is_cipher(std::uint8_t cipher, std::uint8_t auth) {
  return (cipher == static_cast<std::uint8_t>(Cipher::kAesCtr) && auth == 0) ||
         (cipher == static_cast<std::uint8_t>(Cipher::kAesGcm) && auth == 1);
}

bool has_fixed_fields(const KeyMessageReader& reader) {
  return reader.u8<0>() == kVersionAndType && reader.u16<1>() == kSign && reader.u8<10>() == kSrtEncapsulation &&
         reader.u8<14>() * 4u == kSaltBytes && is_cipher(reader.u8<8>(), reader.u8<9>());
}

}  // namespace

std::optional<KeyMessage> parse_key_message(ByteSpan content) noexcept {
  const auto reader = KeyMessageReader::over(content);
  if (!reader || !has_fixed_fields(*reader)) return std::nullopt;
  KeyMessage message{.keys = static_cast<KeyFlag>(reader->u8<3>() & 3),
                     .cipher = static_cast<Cipher>(reader->u8<8>()),
                     .key_bytes = reader->u8<15>() * 4u,
                     .salt = {},
                     .wrapped = content.subspan(kWrappedOffset)};
  if (message.keys == KeyFlag::kClear || !is_key_length(message.key_bytes)) return std::nullopt;
  if (message.wrapped.size() != wrapped_bytes(message.keys, message.key_bytes)) return std::nullopt;
  std::ranges::copy(content.subspan(kSaltOffset, kSaltBytes), message.salt.begin());
  return message;
}

std::size_t write_key_message(MutableByteSpan out, const KeyMessage& message) noexcept {
  DCHECK(message.wrapped.size() == wrapped_bytes(message.keys, message.key_bytes));
  ByteWriter writer(out);
  writer.u8(kVersionAndType);
  writer.u16(kSign);
  writer.u8(static_cast<std::uint8_t>(message.keys));
  writer.u32(0);  // KEKI
  writer.u8(static_cast<std::uint8_t>(message.cipher));
  writer.u8(auth_of(message.cipher));
  writer.u8(kSrtEncapsulation);
  writer.zeros(3);
  writer.u8(kSaltBytes / 4);
  writer.u8(static_cast<std::uint8_t>(message.key_bytes / 4));
  writer.bytes(message.salt);
  writer.bytes(message.wrapped);
  return writer.written();
}

std::size_t write_key_packet(MutableByteSpan out, std::uint16_t subtype, ByteSpan message, WireTime time,
                             SocketId destination) noexcept {
  const std::size_t size = kHeaderBytes + message.size();
  if (out.size() < size) return 0;
  write_control_header(out.first<kHeaderBytes>(),
                       {.type = ControlType::kUser, .subtype = subtype, .time = time, .destination = destination});
  std::ranges::copy(message, out.subspan(kHeaderBytes).begin());
  return size;
}

}  // namespace fanlight::wire
