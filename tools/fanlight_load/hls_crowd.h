// Viewers on sockets: one thread, epoll told once about each connection and then reporting changes alone, so an answer
// is one recv and the next request one send.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <queue>
#include <vector>

#include "base/result.h"
#include "fanlight_load/hls_report.h"
#include "fanlight_load/hls_viewer.h"

namespace fanlight::load {

class HlsCrowd {
 public:
  // Refuses when so many connections may not be open.
  [[nodiscard]] static Result<std::unique_ptr<HlsCrowd>> open(const HlsSettings& settings);
  ~HlsCrowd();
  HlsCrowd(const HlsCrowd&) = delete;
  HlsCrowd& operator=(const HlsCrowd&) = delete;

  void run(const std::atomic<bool>& stop, bool shows_progress);
  [[nodiscard]] std::unique_ptr<HlsLoadReport> report() const;

 private:
  enum class Stage { kRamp, kRunning, kDone };
  // A connection, and what is asked on it.
  struct Line final : HlsAnswerSink {
    HlsCrowd* crowd = nullptr;
    std::uint32_t viewer = 0;
    std::uint32_t number = 0;  // Of the viewer's.
    int socket = -1;
    bool is_asking = false;
    bool has_served = false;  // An answer came by this connection.
    bool closes = false;      // Behind the answer that is coming.
    Instant asked_at{};
    std::string unsent;  // Of the request.
    std::string request;
    HlsAnswers answers;
    void take_head(const HlsAnswerHead& head) override;
    void take_body(ByteSpan bytes) override;
    void take_end() override;
  };
  struct Due {
    Instant at;
    std::uint32_t viewer;
    friend bool operator>(const Due& a, const Due& b) { return a.at > b.at; }
  };

  explicit HlsCrowd(const HlsSettings& settings);
  void step();
  void begin_running();
  void finish();
  void start_viewers();
  void pump(std::uint32_t viewer);
  void pump_due();
  void ask(Line& line, const std::string& target);
  bool connect(Line& line);
  void flush(Line& line);
  void take_events(int timeout_ms);
  void read(Line& line, bool has_hung_up);
  void take_closed(Line& line);
  void lose(Line& line, HlsFault why, std::string_view what);
  void close(Line& line);
  void look_for_silent_ones();
  void note_progress();
  [[nodiscard]] int patience_ms() const;
  [[nodiscard]] std::size_t count_up() const;

  const HlsSettings settings_;
  HlsShow show_;
  std::deque<HlsViewer> viewers_;
  std::deque<Line> lines_;
  std::vector<std::byte> buffer_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  int poll_ = -1;
  Stage stage_ = Stage::kRamp;
  Instant now_{};
  Instant woken_at_{};
  Instant begun_{};
  Instant stage_at_{};
  Instant next_look_{};
  Instant next_count_{};
  Instant all_started_ = Instant::never();
  std::uint64_t answers_ = 0;
  std::uint64_t answers_before_ = 0;
  std::uint64_t bytes_before_ = 0;
  double cpu_before_ = 0;
  HlsLoadReport report_;
};

}  // namespace fanlight::load
