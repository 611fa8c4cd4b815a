#include "net/checksum.h"

#if defined(__x86_64__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstring>

namespace fanlight::net {
namespace {

// Sanitizers do not get along with functions chosen at load time.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define FANLIGHT_FOR_WIDE_VECTORS __attribute__((target_clones("avx2", "default")))
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

std::uint64_t sum_by_blocks(const std::byte* at, std::size_t bytes) {
  const std::size_t blocks = bytes / 8;
  const std::size_t rest = bytes % 8;
  std::uint64_t last = 0;
  if (rest > 0) std::memcpy(&last, at + blocks * 8, rest);
  return sum_of_blocks(at, blocks) + (last & 0xFFFF'FFFF) + (last >> 32);
}

#ifdef __x86_64__
#define FANLIGHT_AVX512 __attribute__((target("avx512bw")))

// Adds neighbouring words, by a multiplication with one. That takes them for signed: 0x8000 is taken off each before.
FANLIGHT_AVX512 inline __m512i add_words(__m512i sum, __m512i words) {
  const __m512i shifted = _mm512_xor_si512(words, _mm512_set1_epi16(static_cast<short>(0x8000)));
  return _mm512_add_epi32(sum, _mm512_madd_epi16(shifted, _mm512_set1_epi16(1)));
}

// Encrypted copies are summed whole, each one; this takes half the time of the loop above. Its lanes hold 2 MiB.
FANLIGHT_AVX512 std::uint64_t sum_by_vectors(const std::byte* at, std::size_t bytes) {
  constexpr std::size_t kVector = 64;
  const std::size_t vectors = bytes / kVector;
  const __mmask64 rest = ~(~std::uint64_t{0} << bytes % kVector);
  __m512i even = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  for (std::size_t i = 0; i + 1 < vectors; i += 2) {
    even = add_words(even, _mm512_loadu_si512(at + i * kVector));
    odd = add_words(odd, _mm512_loadu_si512(at + (i + 1) * kVector));
  }
  if (vectors % 2 != 0) even = add_words(even, _mm512_loadu_si512(at + (vectors - 1) * kVector));
  odd = add_words(odd, _mm512_maskz_loadu_epi8(rest, at + vectors * kVector));
  const std::int64_t taken_off = static_cast<std::int64_t>((vectors + 1) * (kVector / 2) * 0x8000);
  return static_cast<std::uint64_t>(_mm512_reduce_add_epi32(_mm512_add_epi32(even, odd)) + taken_off);
}

const bool has_avx512 = __builtin_cpu_supports("avx512bw");
#endif

}  // namespace

std::uint64_t sum_of(ByteSpan bytes) noexcept {
#ifdef __x86_64__
  if (has_avx512) return sum_by_vectors(bytes.data(), bytes.size());
#endif
  return sum_by_blocks(bytes.data(), bytes.size());
}

std::uint64_t pseudo_sum(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol) noexcept {
  const std::size_t skip = source.is_v4() ? 12 : 0;
  return sum_of(std::as_bytes(std::span{source.bytes}).subspan(skip)) +
         sum_of(std::as_bytes(std::span{destination.bytes}).subspan(skip)) + sum_of_field(protocol);
}

}  // namespace fanlight::net
