// What comes to a feed under SRTP: packets of a sender that has the key, in any order and after any leap, changed ones,
// recorded ones, and plain bytes. Nothing is taken twice, nothing that was changed is taken, what is refused is left as
// it was, and what the sender says next is taken all the same.
//
// An operation is two bytes, what and how much, and may be followed by bytes of its own.
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/check.h"
#include "crypto/srtp_reader.h"
#include "crypto/test_srtp.h"
#include "wire/rtp_header.h"

using namespace fanlight;

namespace {

constexpr std::uint32_t kSsrcs = 4;  // Fewer than places: none is forgotten.

class Feed {
 public:
  explicit Feed(crypto::SrtpSuite suite) : master_(crypto::some_master(suite)), sender_(master_), reader_(master_) {}

  // The sender goes on by `step` and says something, which reaches us changed at `change`, if that is within it.
  void hear_sender(std::uint32_t ssrc, std::int64_t step, std::size_t change) {
    next_[ssrc] = static_cast<std::uint64_t>(std::max<std::int64_t>(static_cast<std::int64_t>(next_[ssrc]) + step, 0));
    const std::uint64_t index = next_[ssrc];
    Bytes packet = crypto::protect(sender_, clear(index, ssrc), index);
    if (change < packet.size()) packet[change] ^= std::byte{1};
    if (hear(packet) != Verdict::kAccepted) return;
    CHECK(change >= packet.size());
    CHECK(came_.insert({ssrc, index}).second);
  }
  // Whoever is heard is heard on, whatever came between.
  void hear_next(std::uint32_t ssrc) {
    const auto newest =
        std::ranges::find_if(came_.rbegin(), came_.rend(), [&](const auto& one) { return one.first == ssrc; });
    if (newest == came_.rend()) return;
    const std::uint64_t index = newest->second + 1;
    CHECK(hear(crypto::protect(sender_, clear(index, ssrc), index)) == Verdict::kAccepted);
    came_.insert({ssrc, index});
  }
  void hear_plain(ByteSpan bytes) {
    (void)hear(copy(bytes));
    Bytes datagram = copy(bytes);
    const auto control = reader_.read_control(datagram);
    CHECK(control.verdict != Verdict::kControl);
  }
  void hear_control(std::uint32_t ssrc, std::uint32_t index, std::size_t change) {
    Bytes report = from_hex("80c90001 00000000");
    store_be32(report.data() + 4, ssrc);
    const Bytes said = crypto::protect_control(sender_, report, index % crypto::kSrtcpIndexEnd);
    Bytes datagram = said;
    if (change < datagram.size()) datagram[change] ^= std::byte{1};
    const auto control = reader_.read_control(datagram);
    if (control.verdict != Verdict::kControl) return;
    CHECK(change >= datagram.size() && control.bytes == report.size());
    CHECK(std::ranges::equal(ByteSpan(datagram).first(control.bytes), report));
    datagram = said;
    CHECK(reader_.read_control(datagram).verdict == Verdict::kReplayed);
  }
  void say_control() {
    Bytes report = from_hex("80c90001 000000ff");
    report.resize(64);
    const std::size_t bytes = reader_.write_control(report, 8);
    CHECK(bytes > 8 && sender_.unprotect_control(std::span(report).first(bytes)) == 8);
  }
  void wait(Micros span) { now_ = now_ + span; }

 private:
  static Bytes clear(std::uint64_t index, std::uint32_t ssrc) {
    Bytes packet(12 + 20, std::byte(index));
    wire::write_rtp_header(std::span(packet).first<12>(), {.seq = static_cast<std::uint16_t>(index), .ssrc = ssrc});
    return packet;
  }
  Verdict hear(Bytes packet) {
    const auto front = wire::parse_rtp_front(packet);
    if (!front) return Verdict::kMalformed;
    const Bytes before = packet;
    const Verdict verdict = reader_.read(now_, {packet, front->payload_offset, front->header.seq, front->header.ssrc});
    if (verdict != Verdict::kAccepted) CHECK(packet == before);
    return verdict;
  }

  Instant now_{1'000'000};
  crypto::SrtpMaster master_;
  crypto::SrtpKeys sender_;
  crypto::SrtpReader reader_;
  std::array<std::uint64_t, kSsrcs> next_{};
  std::set<std::pair<std::uint32_t, std::uint64_t>> came_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteSpan rest(reinterpret_cast<const std::byte*>(data), size);
  if (rest.empty()) return 0;
  Feed feed(static_cast<crypto::SrtpSuite>(static_cast<std::uint8_t>(rest[0]) % crypto::kSrtpSuites.size()));
  rest = rest.subspan(1);
  while (rest.size() >= 2) {
    const auto what = static_cast<std::uint8_t>(rest[0]);
    const auto amount = static_cast<std::uint8_t>(rest[1]);
    rest = rest.subspan(2);
    const std::uint32_t ssrc = what >> 4 & (kSsrcs - 1);
    const std::size_t never = SIZE_MAX;
    if (what % 8 == 0) feed.hear_sender(ssrc, static_cast<std::int8_t>(amount), never);
    if (what % 8 == 1) feed.hear_sender(ssrc, std::int64_t{amount} * 1'024 - 32'768, never);
    if (what % 8 == 2) feed.hear_sender(ssrc, std::int64_t{1} << amount % 36, never);
    if (what % 8 == 3) feed.hear_sender(ssrc, 1, amount);
    if (what % 8 == 4) {
      const std::size_t bytes = std::min<std::size_t>(amount, rest.size());
      feed.hear_plain(rest.first(bytes));
      rest = rest.subspan(bytes);
    }
    if (what % 8 == 5) feed.hear_control(ssrc, std::uint32_t{1} << amount % 32, amount < 128 ? never : amount - 128u);
    if (what % 8 == 6) feed.hear_next(ssrc);
    if (what % 8 == 7) {
      feed.say_control();
      feed.wait(millis(amount));
    }
  }
  return 0;
}
