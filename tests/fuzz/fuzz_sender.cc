// Operations in any order on a sender: repairs name only what was sent, its numbers stay dense over skips, its window
// is bounded, and it never asks to be woken for a moment that is past.
#include <cstdint>

#include "base/check.h"
#include "engine/srt/sender.h"
#include "wire/srt_nak.h"

namespace fanlight::srt {
namespace {

class World {
 public:
  explicit World(SeqNo first_seq)
      : sender_({.opened = now_, .first_seq = first_seq, .first_pos = {1000}, .window_packets = 8192}),
        next_seq_(first_seq) {}

  void operate(std::uint8_t what, std::uint16_t how) {
    switch (what % 8) {
      case 0:
        return send(how % 512);
      case 1:
        return ack(how, 16);
      case 2:
        return ack(how, 4);
      case 3:
        return nak(what, how);
      case 4:
        return skip(how % 512);
      case 5:
        return control(static_cast<wire::ControlType>(how % 10), how);
      case 6:
        return repair(how);
      default:
        return pass(micros(how * 16));
    }
  }

 private:
  void send(std::uint32_t count) {
    CHECK(sender_.seq_of(edge_.next) == next_seq_);
    edge_.next = edge_.next + count;
    edge_.last_fresh = now_;
    next_seq_ = {(next_seq_.raw + count) & kSeqMask};
  }
  SeqNo back(std::uint16_t how) const { return {(next_seq_.raw - how % 1024 + 8) & kSeqMask}; }
  void ack(std::uint16_t how, std::size_t content_bytes) {
    std::array<std::byte, 64> out;
    const wire::Ack ack{back(how), wire::AckRtt{micros(how), micros(how / 4), how * 7u}, {}};
    (void)wire::write_ack(out, ack, how, {}, {});
    const PacketPos before = sender_.acked();
    (void)sender_.handle_control(now_, {.type = wire::ControlType::kAck, .info = how},
                                 std::span(out).subspan(16, content_bytes), edge_, pool_);
    CHECK(sender_.acked() >= before && sender_.acked() <= edge_.next);
    CHECK(sender_.window_packets() <= 65'536);
  }
  void nak(std::uint8_t what, std::uint16_t how) {
    std::array<std::byte, 64> out;
    wire::LossReportWriter writer(out, {}, {});
    CHECK(writer.add({back(how), {(back(how).raw + what) & kSeqMask}}));
    (void)sender_.handle_control(now_, {.type = wire::ControlType::kNak},
                                 std::span(out).subspan(16, writer.written() - 16), edge_, pool_);
  }
  void skip(std::uint32_t count) {
    const std::int64_t flight = edge_.next - sender_.acked();
    sender_.apply_skip(edge_.next, edge_.next + count, pool_);
    edge_.next = edge_.next + count;
    CHECK(edge_.next - sender_.acked() == flight);
    CHECK(sender_.seq_of(edge_.next) == next_seq_);
  }
  void control(wire::ControlType type, std::uint32_t info) {
    (void)sender_.handle_control(now_, {.type = type, .info = info}, {}, edge_, pool_);
  }
  void repair(std::uint16_t how) {
    while (const auto pos = sender_.poll_repair(pool_)) {
      CHECK(*pos < edge_.next);
      if (!sender_.covers(*pos)) continue;
      if (sender_.judge_repair(now_, now_ - micros(how), micros(how / 2)) == Sender::Repair::kSend)
        how % 2 == 0 ? sender_.apply_repaired() : sender_.apply_too_old(*pos);
    }
  }
  void pass(Micros span) {
    now_ = now_ + span;
    sender_.handle_timeout(now_, edge_);
    std::array<std::byte, 1472> scratch;
    for (int polls = 0; sender_.poll_control(now_, {}, scratch) != 0; ++polls) CHECK(polls < 4);
    if (sender_.poll_event()) gone_ = true;
    if (!gone_) CHECK(sender_.next_deadline().at > now_);
  }

  Instant now_{1'000'000'000};
  RangePool pool_{4};  // Runs dry.
  Sender sender_;
  SeqNo next_seq_;
  StreamEdge edge_{.next = {1000}, .last_fresh = now_};
  bool gone_ = false;
};

}  // namespace
}  // namespace fanlight::srt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanlight;
  if (size == 0) return 0;
  srt::World world(data[0] % 2 == 0 ? SeqNo{2000} : SeqNo{0x7FFF'FFF0});
  for (std::size_t at = 1; at + 3 <= size; at += 3)
    world.operate(data[at], static_cast<std::uint16_t>(data[at + 1] | data[at + 2] << 8));
  return 0;
}
