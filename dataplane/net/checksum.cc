#include "net/checksum.h"

#include <cstring>

namespace fanlight::net {
namespace {

// Encrypted copies are summed whole, each one. Sanitizers do not get along with functions chosen at load time.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define FANLIGHT_FOR_WIDE_VECTORS __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define FANLIGHT_FOR_WIDE_VECTORS
#endif

// Halves are added apart, so no carry is lost and no iteration waits for the one before.
FANLIGHT_FOR_WIDE_VECTORS std::uint64_t sum_of_blocks(const std::byte* at, std::size_t blocks) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  for (std::size_t i = 0; i < blocks; ++i) {
    std::uint64_t block;
    std::memcpy(&block, at + i * sizeof block, sizeof block);
    low += block & 0xFFFF'FFFF;
    high += block >> 32;
  }
  return low + high;
}

}  // namespace

std::uint64_t sum_of(ByteSpan bytes) noexcept {
  const std::size_t blocks = bytes.size() / 8;
  const std::uint64_t sum = sum_of_blocks(bytes.data(), blocks);
  const ByteSpan rest = bytes.subspan(blocks * 8);
  std::uint64_t last = 0;
  if (!rest.empty()) std::memcpy(&last, rest.data(), rest.size());
  return sum + (last & 0xFFFF'FFFF) + (last >> 32);
}

std::uint64_t pseudo_sum(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol) noexcept {
  const std::size_t skip = source.is_v4() ? 12 : 0;
  return sum_of(std::as_bytes(std::span{source.bytes}).subspan(skip)) +
         sum_of(std::as_bytes(std::span{destination.bytes}).subspan(skip)) + sum_of_field(protocol);
}

}  // namespace fanlight::net
