// RTP's engines as a script sees them. Packets are 10 ms of a clock of 90 kHz apart, whatever moment they come at.
//
//   engine rtp_receiver                     its source is 1, it may be asked for what is missing
//   < data 100-103 [of 2]                   packets with these numbers, of another source maybe
//   < again 101                             a retransmission (RFC 4588) of that one
//   < bye [of 2]
//   > nack 101-102
//   ! late 101                              it fills its gap
//   ! splice                                another source, or other numbers, follow
//   engine rtp_sender
//   < send 10                               so many packets go, if it is not paused
//   < report | bye | nack 5-7 | unreachable
//   > report
//   > probe                                 one packet goes, to see whether somebody is there
//   ! paused unreachable
//   ! flows
//   ! again 5                               it is to be sent again
#include <array>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "engine/rtp/receiver.h"
#include "engine/rtp/sender.h"
#include "runner.h"
#include "wire/rtp_feedback.h"

namespace fanlight::scenario {
namespace {

constexpr std::uint32_t kOurs = 77;    // Of the engine.
constexpr std::uint32_t kTheirs = 88;  // Of who receives.
constexpr std::uint32_t kTicksPerPacket = 900;
constexpr std::size_t kDatagramBytes = 1328;

struct Numbers {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};

// "101-103" or "101".
Numbers parse_numbers(const std::string& text) {
  const auto dash = text.find('-');
  const auto number = [](const std::string& digits) { return static_cast<std::uint16_t>(std::stoul(digits)); };
  const std::uint16_t first = number(text.substr(0, dash));
  return {first, dash == std::string::npos ? first : number(text.substr(dash + 1))};
}

std::string text_of(const wire::Nack& nack) {
  std::vector<Numbers> runs;
  const auto add = [&](std::uint16_t number) {
    const bool goes_on = !runs.empty() && static_cast<std::uint16_t>(runs.back().last + 1) == number;
    goes_on ? void(runs.back().last = number) : runs.push_back({number, number});
  };
  for (std::size_t i = 0; i < nack.size(); ++i) {
    add(nack.at(i).first);
    for (std::uint16_t bit = 0; bit < 16; ++bit)
      if ((nack.at(i).following >> bit & 1) != 0) add(static_cast<std::uint16_t>(nack.at(i).first + bit + 1));
  }
  std::string text;
  for (const Numbers& run : runs)
    text += (text.empty() ? "" : ",") + std::to_string(run.first) +
            (run.first == run.last ? "" : "-" + std::to_string(run.last));
  return text;
}

std::string describe(ByteSpan datagram) {
  wire::RtcpReader reader(datagram);
  std::string words = "> report";
  while (const auto packet = reader.next())
    if (const auto nack = wire::parse_nack(*packet)) words = "> nack " + text_of(*nack);
  return words;
}

class RtpReceiverSubject final : public Subject {
 public:
  explicit RtpReceiverSubject(const Script& script)
      : receiver_({.first_pos = kFirst,
                   .latency = script.latency,
                   .own_ssrc = kOurs,
                   .nack = true,
                   .is_sender_named = true}) {}

  void hear(Instant now, std::string_view text) override {
    std::istringstream words{std::string(text)};
    std::string what, numbers, of;
    std::uint32_t source = 1;
    words >> what;
    if (what == "data" || what == "again") words >> numbers;
    if (words >> of && of == "of") words >> source;
    if (what == "bye") return hear_bye(now, source);
    if (what != "data" && what != "again") throw std::runtime_error("nobody says \"" + what + "\"");
    const Numbers range = parse_numbers(numbers);
    for (std::uint16_t number = range.first;; ++number) {
      what == "data" ? hear_data(now, number, source) : hear_again(now, number);
      if (number == range.last) return;
    }
  }
  std::vector<std::string> speak(Instant now) override {
    const std::uint64_t given_up = receiver_.stats().given_up;
    receiver_.handle_timeout(now);
    if (const std::uint64_t count = receiver_.stats().given_up - given_up; count > 0)
      said_.push_back("! dropped " + std::to_string(count) + " too_late");
    std::array<std::byte, 1472> scratch;
    while (const std::size_t bytes = receiver_.poll_control(now, {}, scratch))
      said_.push_back(describe(std::span(scratch).first(bytes)));
    return std::exchange(said_, {});
  }
  [[nodiscard]] Instant next_deadline() const override { return receiver_.next_deadline().at; }

 private:
  static constexpr PacketPos kFirst{1'000'000};

  void hear_data(Instant now, std::uint16_t number, std::uint32_t source) {
    const std::uint64_t splices = receiver_.stats().splices;
    receiver_.credit(kDatagramBytes);
    note(number,
         receiver_.handle_data(now, {.seq = number, .timestamp = number * kTicksPerPacket, .ssrc = source}).verdict);
    if (receiver_.stats().splices > splices) said_.emplace_back("! splice");
  }
  void hear_again(Instant now, std::uint16_t number) {
    const wire::RtpHeader header{.seq = next_again_++, .timestamp = number * kTicksPerPacket, .ssrc = kTheirs};
    note(number, receiver_.handle_retransmission(now, header, number).verdict);
  }
  void hear_bye(Instant now, std::uint32_t source) {
    std::array<std::byte, 128> bytes;
    const std::size_t report = wire::write_sender_report(bytes, {.ssrc = source});
    const std::size_t bye = wire::write_bye(std::span(bytes).subspan(report), source);
    if (receiver_.handle_control(now, std::span(bytes).first(report + bye)) != Verdict::kControl)
      said_.emplace_back("! foreign_source");
  }
  // What is taken in its order needs no words.
  void note(std::uint16_t number, Verdict verdict) {
    if (verdict == Verdict::kAccepted) return;
    const std::string name = verdict == Verdict::kAcceptedLate ? "late" : std::string(name_of(verdict));
    said_.push_back("! " + name + " " + std::to_string(number));
  }

  rtp::Receiver receiver_;
  std::uint16_t next_again_ = 0;
  std::vector<std::string> said_;
};

class RtpSenderSubject final : public Subject {
 public:
  explicit RtpSenderSubject(const Script&) : sender_({.opened = {}, .ssrc = kOurs, .nack = true}) {}

  void hear(Instant now, std::string_view text) override {
    std::istringstream words{std::string(text)};
    std::string what, argument;
    words >> what >> argument;
    if (what == "send") return send(std::stoul(argument));
    if (what == "unreachable") return sender_.handle_unreachable(now);
    std::array<std::byte, 256> bytes;
    std::size_t size = wire::write_receiver_report(bytes, kTheirs, {.ssrc = kOurs});
    if (what == "bye") {
      size += wire::write_bye(std::span(bytes).subspan(size), kTheirs);
    } else if (what == "nack") {
      const Numbers range = parse_numbers(argument);
      wire::NackWriter writer(MutableByteSpan{bytes}.subspan(size), kTheirs, kOurs);
      for (std::uint16_t number = range.first; number <= range.last; ++number)
        if (!writer.add(number)) throw std::runtime_error("too many numbers");
      size += writer.finish();
    } else if (what != "report") {
      throw std::runtime_error("nobody says \"" + what + "\"");
    }
    if (sender_.handle_control(now, std::span(bytes).first(size)) != Verdict::kControl)
      said_.emplace_back("! foreign_source");
  }
  std::vector<std::string> speak(Instant now) override {
    sender_.handle_timeout(now);
    if (sender_.is_probe_due(now)) {
      sender_.note_probe(now);
      said_.emplace_back("> probe");
    }
    note_pause();
    while (const auto number = sender_.poll_repair()) said_.push_back("! again " + std::to_string(*number));
    std::array<std::byte, 256> scratch;
    while (sender_.poll_control(now, {}, scratch) > 0) said_.emplace_back("> report");
    return std::exchange(said_, {});
  }
  [[nodiscard]] Instant next_deadline() const override { return sender_.next_deadline().at; }

 private:
  void send(std::uint64_t count) {
    if (!sender_.is_paused()) packets_ += static_cast<std::uint32_t>(count);
    sender_.handle_progress({.packets = packets_, .bytes = static_cast<std::uint32_t>(packets_ * kDatagramBytes)});
  }
  void note_pause() {
    static constexpr std::array kWords{"! flows", "! paused unreachable", "! paused unresolved", "! paused left",
                                       "! paused silent"};
    if (sender_.pause() != told_) said_.emplace_back(kWords.at(static_cast<std::size_t>(sender_.pause())));
    told_ = sender_.pause();
  }

  rtp::Sender sender_;
  rtp::Sender::Pause told_ = rtp::Sender::Pause::kNone;
  std::uint32_t packets_ = 0;
  std::vector<std::string> said_;
};

}  // namespace

std::unique_ptr<Subject> make_rtp_receiver(const Script& script) {
  return std::make_unique<RtpReceiverSubject>(script);
}
std::unique_ptr<Subject> make_rtp_sender(const Script& script) { return std::make_unique<RtpSenderSubject>(script); }

}  // namespace fanlight::scenario
