// Operations in any order on a receiver: the ACK never goes back nor beyond what came, NAKs name only what could have
// been sent, the books balance, and it never asks to be woken for a moment that is past.
#include <cstdint>

#include "base/check.h"
#include "engine/srt/receiver.h"
#include "wire/srt_ack.h"
#include "wire/srt_nak.h"

namespace fanlight::srt {
namespace {

class World {
 public:
  explicit World(SeqNo first_seq)
      : first_seq_(first_seq), receiver_({.opened = now_, .first_seq = first_seq, .first_pos = {1000}}) {}

  void operate(std::uint8_t what, std::uint16_t how) {
    switch (what % 8) {
      case 0:
      case 1:
        return hear(static_cast<std::int16_t>(how));
      case 2:
        return hear_run(how % 512);
      case 3:
        return control(wire::ControlType::kAckAck, how % 64);
      case 4:
        return control(static_cast<wire::ControlType>(how % 10), how);
      case 5:
        return drop(what, how);
      case 6:
        return pass(micros(how));
      default:
        return pass(millis(how % 1024));
    }
  }

 private:
  // `step` beyond the newest number, which itself may jump: a splice moves it.
  void hear(std::int32_t step) {
    const SeqNo seq{(newest_ + static_cast<std::uint32_t>(step)) & kSeqMask};
    const auto placement = receiver_.handle_data(now_, {.seq = seq}, 1316);
    if (placement.verdict == Verdict::kAccepted) newest_ = seq.raw;
  }
  void hear_run(std::int32_t count) {
    for (std::int32_t i = 0; i < count; ++i) hear(1 + i % 3);
  }
  void control(wire::ControlType type, std::uint32_t info) {
    (void)receiver_.handle_control(now_, {.type = type, .info = info}, {});
  }
  void drop(std::uint8_t what, std::uint16_t how) {
    const SeqNo first{(newest_ - how % 300 + 10) & kSeqMask};
    const SeqNo last{(first.raw + what) & kSeqMask};
    std::array<std::byte, 24> out;
    (void)wire::write_drop_request(out, {0, {first, last}}, {}, {});
    const PacketPos before = receiver_.first_missing();
    (void)receiver_.handle_control(now_, *wire::parse_control_header(out), std::span(out).subspan(16));
    CHECK(receiver_.first_missing() >= before);
    const auto ahead = static_cast<std::int32_t>((last.raw - newest_) << 1) >> 1;
    const auto gap = static_cast<std::int32_t>((first.raw - newest_) << 1) >> 1;
    if (gap <= 1 && ahead > 0) newest_ = last.raw;
  }
  void pass(Micros span) {
    now_ = now_ + span;
    receiver_.handle_timeout(now_);
    std::array<std::byte, 1472> scratch;
    for (int polls = 0; const std::size_t bytes = receiver_.poll_control(now_, {}, scratch); ++polls) {
      CHECK(polls < 8);
      check_said(std::span(scratch).first(bytes));
    }
    if (receiver_.poll_event()) gone_ = true;
    if (!gone_) CHECK(receiver_.next_deadline().at > now_);
    const Receiver::Stats& stats = receiver_.stats();
    CHECK(stats.lost >= stats.repaired);
    CHECK(receiver_.missing_packets() >= 0 && receiver_.free_window() >= 2);
    CHECK(stats.lost == stats.repaired + stats.given_up + static_cast<std::uint64_t>(receiver_.missing_packets()));
  }
  void check_said(ByteSpan said) {
    const auto header = wire::parse_control_header(said);
    const ByteSpan content = said.subspan(16);
    if (header->type == wire::ControlType::kAck) {
      const PacketPos pos = unwrap(wire::parse_ack(content)->first_missing, {}, acked_);
      CHECK(!has_acked_ || pos >= acked_);
      CHECK(is_sent(wire::parse_ack(content)->first_missing, 1));
      acked_ = pos;
      has_acked_ = true;
    }
    if (header->type == wire::ControlType::kNak) {
      CHECK(wire::is_well_formed_loss_report(content));
      wire::LossReportReader reader(content);
      while (const auto range = reader.next()) CHECK(is_sent(range->last, 0));
    }
  }
  // At most `more` beyond the newest number.
  bool is_sent(SeqNo seq, std::int64_t more) const {
    return unwrap(seq, {}, {newest_}).value <= std::int64_t{newest_} + more;
  }

  SeqNo first_seq_;
  Instant now_{1'000'000'000};
  Receiver receiver_;
  std::uint32_t newest_ = (first_seq_.raw - 1) & kSeqMask;
  PacketPos acked_{first_seq_.raw};
  bool has_acked_ = false;
  bool gone_ = false;
};

}  // namespace
}  // namespace fanlight::srt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanlight;
  if (size == 0) return 0;
  srt::World world(data[0] % 2 == 0 ? SeqNo{5} : SeqNo{0x7FFF'FFF0});
  for (std::size_t at = 1; at + 3 <= size; at += 3)
    world.operate(data[at], static_cast<std::uint16_t>(data[at + 1] | data[at + 2] << 8));
  return 0;
}
