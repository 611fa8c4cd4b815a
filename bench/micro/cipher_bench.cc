// AES for every viewer: one payload, many keys.
#include <benchmark/benchmark.h>

#include <vector>

#include "opening.h"

namespace fanlight::bench {
namespace {

constexpr std::size_t kPayloadBytes = 1316;
constexpr std::size_t kBuffers = 1024;

void seal_with_own_key(benchmark::State& state, std::string_view cipher) {
  std::vector<std::unique_ptr<crypto::SessionCiphers>> viewers(static_cast<std::size_t>(state.range(0)));
  for (auto& viewer : viewers) viewer = random_ciphers(cipher);
  const std::vector<std::byte> payload(kPayloadBytes);
  std::vector<std::byte> out(kBuffers * 2048);
  std::size_t i = 0;
  for (auto _ : state) {
    crypto::PacketCipher* one = viewers[i % viewers.size()]->slot(wire::KeyFlag::kEven);
    const MutableByteSpan to = std::span(out).subspan(i % kBuffers * 2048, kPayloadBytes);
    if (!one->apply({static_cast<std::uint32_t>(i)}, payload, to)) state.SkipWithError("the cipher failed");
    ++i;
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPayloadBytes));
}
BENCHMARK_CAPTURE(seal_with_own_key, aes128, std::string_view("aes128"))->Arg(1)->Arg(1000)->Arg(5000);
BENCHMARK_CAPTURE(seal_with_own_key, aes256, std::string_view("aes256"))->Arg(1000);

}  // namespace
}  // namespace fanlight::bench
