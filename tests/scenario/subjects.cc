// The engines as a script sees them: words in, words out.
#include <array>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "engine/srt/receiver.h"
#include "engine/srt/sender.h"
#include "runner.h"
#include "wire/srt_ack.h"
#include "wire/srt_nak.h"

namespace fanlight::scenario {
namespace {

using wire::ControlType;

std::uint32_t number(const std::string& text) { return static_cast<std::uint32_t>(std::stoul(text)); }

// "101-103" or "101".
wire::SeqRange parse_range(const std::string& text) {
  const auto dash = text.find('-');
  const SeqNo first{number(text.substr(0, dash))};
  return {first, dash == std::string::npos ? first : SeqNo{number(text.substr(dash + 1))}};
}
std::string text_of(wire::SeqRange range) {
  const std::string first = std::to_string(range.first.raw);
  return range.first == range.last ? first : first + "-" + std::to_string(range.last.raw);
}

std::string describe(ByteSpan datagram) {
  const auto header = wire::parse_control_header(datagram);
  const ByteSpan content = datagram.subspan(wire::kHeaderBytes);
  switch (header->type) {
    case ControlType::kAck: {
      const auto ack = wire::parse_ack(content);
      const std::string what = ack->rtt ? "> ack " : "> light_ack ";
      return what + std::to_string(ack->first_missing.raw);
    }
    case ControlType::kNak: {
      std::string words;
      wire::LossReportReader reader(content);
      while (const auto range = reader.next()) words += (words.empty() ? "> nak " : ",") + text_of(*range);
      return words;
    }
    case ControlType::kAckAck:
      return "> ackack " + std::to_string(header->info);
    case ControlType::kDropRequest:
      return "> dropreq " + text_of(wire::parse_drop_request(*header, content)->range);
    case ControlType::kKeepAlive:
      return "> keepalive";
    default:
      return "> something else";
  }
}

const char* describe(PeerEvent event) {
  switch (event) {
    case PeerEvent::kShutdown:
      return "! closed shutdown";
    case PeerEvent::kIdle:
      return "! closed idle";
    case PeerEvent::kConnectTimeout:
      return "! closed connect_timeout";
    case PeerEvent::kConnected:
    case PeerEvent::kRejected:
      break;  // Of callers.
  }
  return "! something else";
}

// Header and content of a control packet as a peer would send it, spelled in words.
struct Datagram {
  std::array<std::byte, 1472> bytes{};
  std::size_t size = 0;
  [[nodiscard]] wire::ControlHeader header() const { return *wire::parse_control_header(std::span(bytes).first(size)); }
  [[nodiscard]] ByteSpan content() const { return std::span(bytes).first(size).subspan(wire::kHeaderBytes); }
};

Datagram make_control(const std::string& what, std::istringstream& words) {
  Datagram one;
  std::string argument;
  words >> argument;
  if (what == "ackack") {
    one.size = wire::write_bare_control(one.bytes, {ControlType::kAckAck, 0, number(argument), {}, {}});
  } else if (what == "keepalive") {
    one.size = wire::write_bare_control(one.bytes, {ControlType::kKeepAlive, 0, 0, {}, {}});
  } else if (what == "shutdown") {
    one.size = wire::write_bare_control(one.bytes, {ControlType::kShutdown, 0, 0, {}, {}});
  } else if (what == "dropreq") {
    one.size = wire::write_drop_request(one.bytes, {0, parse_range(argument)}, {}, {});
  } else if (what == "light_ack") {
    one.size = wire::write_ack(one.bytes, {.first_missing = {number(argument)}, .rtt = {}, .rates = {}}, 0, {}, {});
  } else if (what == "ack") {  // ack 110 number 3 rtt 20000 var 5000 window 8192
    wire::AckRtt rtt{srt::kRttUnknown, srt::kRttVarianceUnknown, 8192};
    std::uint32_t ack_number = 1;
    for (std::string key, value; words >> key >> value;) {
      if (key == "number") ack_number = number(value);
      if (key == "rtt") rtt.rtt = micros(number(value));
      if (key == "var") rtt.variance = micros(number(value));
      if (key == "window") rtt.window_packets = number(value);
    }
    const wire::Ack ack{{number(argument)}, rtt, {}};
    one.size = wire::write_ack(one.bytes, ack, ack_number, {}, {});
  } else if (what == "nak") {
    wire::LossReportWriter writer(one.bytes, {}, {});
    std::istringstream ranges(argument);
    for (std::string range; std::getline(ranges, range, ',');)
      if (!writer.add(parse_range(range))) throw std::runtime_error("too many ranges");
    one.size = writer.written();
  } else {
    throw std::runtime_error("nobody says \"" + what + "\"");
  }
  return one;
}

class ReceiverSubject final : public Subject {
 public:
  explicit ReceiverSubject(const Script& script)
      : receiver_({.opened = {},
                   .first_seq = {script.first_seq},
                   .first_pos = kFirst,
                   .latency = script.latency,
                   .window_packets = script.window_packets}) {}

  void hear(Instant now, std::string_view text) override {
    std::istringstream words{std::string(text)};
    std::string what;
    words >> what;
    if (what == "data") {
      std::string range;
      words >> range;
      const wire::SeqRange run = parse_range(range);
      for (SeqNo seq = run.first;; seq = {(seq.raw + 1) & kSeqMask}) {
        hear_data(now, seq);
        if (seq == run.last) return;
      }
    }
    const Datagram one = make_control(what, words);
    note(receiver_.handle_control(now, one.header(), one.content()));
  }
  std::vector<std::string> speak(Instant now) override {
    const std::uint64_t given_up = receiver_.stats().given_up;
    receiver_.handle_timeout(now);
    if (const std::uint64_t count = receiver_.stats().given_up - given_up; count > 0)
      said_.push_back("! dropped " + std::to_string(count) + " too_late");
    std::array<std::byte, 1472> scratch;
    while (const std::size_t bytes = receiver_.poll_control(now, {}, scratch))
      said_.push_back(describe(std::span(scratch).first(bytes)));
    if (const auto event = receiver_.poll_event()) {
      said_.emplace_back(describe(*event));
      is_over_ = true;
    }
    return std::exchange(said_, {});
  }
  [[nodiscard]] Instant next_deadline() const override {
    return is_over_ ? Instant::never() : receiver_.next_deadline().at;
  }

 private:
  static constexpr PacketPos kFirst{1'000'000};
  void hear_data(Instant now, SeqNo seq) {
    const std::uint64_t splices = receiver_.stats().splices;
    note(receiver_.handle_data(now, {.seq = seq}, 1316).verdict);
    if (receiver_.stats().splices > splices) said_.emplace_back("! splice");
  }
  // What is taken needs no words.
  void note(Verdict verdict) {
    if (verdict == Verdict::kAccepted || verdict == Verdict::kControl) return;
    said_.push_back("! " + std::string(name_of(verdict)));
  }
  srt::Receiver receiver_;
  std::vector<std::string> said_;
  bool is_over_ = false;
};

// Plays the stream as well: "< send 10" puts the next ten packets on their way, "< skip 500" leaves 500 out.
class SenderSubject final : public Subject {
 public:
  explicit SenderSubject(const Script& script)
      : sender_({.opened = {},
                 .first_seq = {script.first_seq},
                 .first_pos = kFirst,
                 .latency = script.latency,
                 .window_packets = script.window_packets}) {}

  void hear(Instant now, std::string_view text) override {
    std::istringstream words{std::string(text)};
    std::string what;
    words >> what;
    if (what == "send" || what == "skip") {
      std::int64_t count = 0;
      words >> count;
      return what == "send" ? send(now, count) : skip(count);
    }
    const Datagram one = make_control(what, words);
    const PacketPos window_end = sender_.window_end();
    const Verdict verdict = sender_.handle_control(now, one.header(), one.content(), edge_, pool_);
    if (verdict != Verdict::kControl) said_.push_back("! " + std::string(name_of(verdict)));
    if (sender_.window_end() < edge_.next && window_end >= edge_.next) said_.emplace_back("! window closed");
  }
  std::vector<std::string> speak(Instant now) override {
    sender_.handle_timeout(now, edge_);
    while (const auto pos = sender_.poll_repair(pool_))
      if (sender_.covers(*pos)) repair(now, *pos);
    std::array<std::byte, 1472> scratch;
    while (const std::size_t bytes = sender_.poll_control(now, {}, scratch))
      said_.push_back(describe(std::span(scratch).first(bytes)));
    if (const auto event = sender_.poll_event()) {
      said_.emplace_back(describe(*event));
      is_over_ = true;
    }
    return std::exchange(said_, {});
  }
  [[nodiscard]] Instant next_deadline() const override {
    return is_over_ ? Instant::never() : sender_.next_deadline().at;
  }

 private:
  static constexpr PacketPos kFirst{0};
  void send(Instant now, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) sent_at_.push_back(now);
    edge_ = {.next = edge_.next + count, .last_fresh = now};
  }
  void skip(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) sent_at_.push_back({});
    sender_.apply_skip(edge_.next, edge_.next + count, pool_);
    edge_.next = edge_.next + count;
  }
  // As stream/repair.cc: what is older than a second and what it plays with is refused.
  void repair(Instant now, PacketPos pos) {
    const std::string name = std::to_string(sender_.seq_of(pos).raw);
    const Instant sent = sent_at_[static_cast<std::size_t>(pos.value)];
    if (now - sent > std::max(sender_.latency(), seconds(1))) return sender_.apply_too_old(pos);
    const srt::Sender::Repair judgement = sender_.judge_repair(now, sent, repaired_ago(now, pos));
    if (judgement == srt::Sender::Repair::kSend) {
      sender_.apply_repaired();
      repaired_at_[pos] = now;
      said_.push_back("> repair " + name);
    } else {
      said_.push_back((judgement == srt::Sender::Repair::kStale ? "! stale " : "! repeated ") + name);
    }
  }
  std::optional<Micros> repaired_ago(Instant now, PacketPos pos) const {
    const auto at = repaired_at_.find(pos);
    return at != repaired_at_.end() ? std::optional(now - at->second) : std::nullopt;
  }
  srt::RangePool pool_{64};
  std::map<PacketPos, Instant> repaired_at_;
  srt::Sender sender_;
  StreamEdge edge_{.next = kFirst};
  std::vector<Instant> sent_at_;
  std::vector<std::string> said_;
  bool is_over_ = false;
};

}  // namespace

std::unique_ptr<Subject> make_receiver(const Script& script) { return std::make_unique<ReceiverSubject>(script); }
std::unique_ptr<Subject> make_sender(const Script& script) { return std::make_unique<SenderSubject>(script); }

}  // namespace fanlight::scenario
