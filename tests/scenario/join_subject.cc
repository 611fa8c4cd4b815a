// A viewer that joins a stream of 20 packets a second, and gets its past eight times as fast.
//
//   < joins 400ms behind the picture    the stream has run for two seconds; PAT, PMT and picture came then
//   < nak 503                           as a viewer says it
//   > data 503 time 19                  its number, and the milliseconds it carries
//   > repair 503 time 19
//   ! live
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "runner.h"
#include "stream/stream_fixture.h"
#include "wire/srt_nak.h"
#include "wire/test_ts.h"

namespace fanlight::scenario {
namespace {

constexpr Micros kInterval = millis(50);
constexpr Micros kBefore = seconds(2);

class JoinerSubject final : public Subject, StreamFixture {
 public:
  explicit JoinerSubject(const Script& script) : begun_(now), script_(script) {}

  void hear(Instant at, std::string_view text) override {
    pass(at);
    std::istringstream words{std::string(text)};
    std::string what, argument;
    words >> what >> argument;
    if (what == "joins") return begin(millis(std::stol(argument)));
    if (what != "nak") throw std::runtime_error("nobody says \"" + what + "\"");
    std::array<std::byte, 64> out;
    wire::LossReportWriter writer(out, {}, {});
    const SeqNo seq{static_cast<std::uint32_t>(std::stoul(argument))};
    if (!writer.add({seq, seq})) throw std::runtime_error("too many ranges");
    Viewer& viewer = *viewers.back();
    const Verdict verdict = viewer.sender.handle_control(now, {.type = wire::ControlType::kNak},
                                                         std::span(out).subspan(16, writer.written() - 16),
                                                         stream.edge_for(viewer), slabs.ranges);
    if (verdict != Verdict::kControl) said_.push_back("! " + std::string(name_of(verdict)));
    const std::uint64_t repeated = counters.read(Counter::kNakRepeated);
    repair.serve(now, stream, viewer, stream.history().next());
    if (counters.read(Counter::kNakRepeated) > repeated) said_.push_back("! repeated " + argument);
  }

  std::vector<std::string> speak(Instant at) override {
    pass(at);
    for (; next_packet_ <= now; next_packet_ = next_packet_ + kInterval) publish_next(filler_packet());
    for (const Departed& one : serve()) note(one.header);
    const bool is_live = !viewers.empty() && viewers.back()->place == Place::kLive;
    if (is_live && !was_live_) said_.emplace_back("! live");
    was_live_ = is_live;
    return std::exchange(said_, {});
  }

  [[nodiscard]] Instant next_deadline() const override {
    auto& self = const_cast<JoinerSubject&>(*this);  // Asking a list for its first changes nothing.
    const Instant due = std::min(CatchUp::deadline(now, self.stream), next_packet_);
    return Instant{} + (std::max(due, now + micros(1)) - begun_);
  }

 private:
  void pass(Instant at) { now = begun_ + (at - Instant{}); }
  void begin(Micros behind) {
    const Instant joined = now;
    for (now = joined - kBefore; now < joined; now = now + kInterval) {
      const bool is_picture = now == joined - behind;
      publish_next(is_picture ? ts_datagram({pat_packet(), pmt_packet(), idr_packet()}) : filler_packet());
      (void)serve();
    }
    now = next_packet_ = joined;
    (void)join(script_.window_packets, {script_.first_seq});
  }
  void publish_next(const Bytes& payload) {
    if (publish(published_++, payload) != Verdict::kAccepted) throw std::runtime_error("the history refuses a packet");
  }
  void note(const wire::DataHeader& header) {
    const auto ms = std::lround(static_cast<double>(header.time.raw) / 1000);
    said_.push_back((header.retransmitted ? "> repair " : "> data ") + std::to_string(header.seq.raw) + " time " +
                    std::to_string(ms));
  }

  const Instant begun_;
  const Script& script_;
  Instant next_packet_ = Instant::never();
  std::int64_t published_ = 0;
  std::vector<std::string> said_;
  bool was_live_ = false;
};

}  // namespace

std::unique_ptr<Subject> make_joiner(const Script& script) { return std::make_unique<JoinerSubject>(script); }

}  // namespace fanlight::scenario
