// HTTP/1.1 on one connection, without its socket: bytes in, requests out; answers in, bytes out.
//
// One request is answered at a time: those behind it wait in the input, which holds at most one head and what came with
// it. So what a client may make us keep is bounded without counting requests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "http/message.h"
#include "http/out_queue.h"
#include "http/pace.h"
#include "http/request_head.h"
#include "http/response_head.h"
#include "http/server_counts.h"

namespace fanlight::packager {

class H1Session {
 public:
  // What answers are written with.
  struct Pen {
    Instant now;
    std::string_view date;
    std::string& scratch;
    OutQueue& out;
    Pace pace{};
  };

  void handle_bytes(ByteSpan bytes);
  [[nodiscard]] bool wants_bytes() const noexcept { return !is_closing_ && !is_full(); }

  // The next request, when it is its turn. What has to be refused is answered here, and is the last. The views are good
  // until the next call of any of these.
  [[nodiscard]] bool poll_request(const Pen& pen, ServerCounts& counts, HttpRequest& request);
  [[nodiscard]] std::uint64_t stream() const noexcept { return stream_; }

  // For `stream`; false when nobody waits for that.
  bool respond(const Pen& pen, std::uint64_t stream, HttpResponse&& response);
  bool begin(const Pen& pen, std::uint64_t stream, HttpResponse&& head);
  bool append(const Pen& pen, std::uint64_t stream, SharedBytes&& bytes);
  bool end(const Pen& pen, std::uint64_t stream);

  // The request that is being answered is the last one; without one, nothing more is taken.
  void finish() noexcept;

  [[nodiscard]] bool is_answering() const noexcept { return step_ != Step::kReading; }
  [[nodiscard]] bool is_reading_head() const noexcept { return !is_answering() && !input_.empty(); }
  // When all is sent, the connection is to be closed.
  [[nodiscard]] bool is_closing() const noexcept { return is_closing_ && !is_answering(); }
  [[nodiscard]] bool was_refused() const noexcept { return was_refused_; }
  // Behind it nobody's request is read: HTTP/2 by prior knowledge begins so.
  [[nodiscard]] std::string_view input() const noexcept { return input_; }
  [[nodiscard]] bool is_first() const noexcept { return stream_ == 0; }
  // Nothing more is taken until what is there was asked.
  [[nodiscard]] bool is_full() const noexcept { return input_.size() >= kRequestHeadBytesMax; }

 private:
  enum class Step : std::uint8_t { kReading, kWaiting, kStreaming };

  void refuse(const Pen& pen, ServerCounts& counts, std::uint16_t status);
  void drop_taken_head();
  void pass_over_line();
  void complete() noexcept;
  [[nodiscard]] bool is_for(std::uint64_t stream, Step step) const noexcept {
    return stream == stream_ && step_ == step;
  }

  std::string input_;
  HeadEnd head_end_;
  std::size_t taken_ = 0;  // Bytes of the input that the request being answered has.
  std::uint64_t stream_ = 0;
  Micros patience_{};  // Of what is being streamed.
  Step step_ = Step::kReading;
  bool keeps_alive_ = true;
  bool is_http_1_0_ = false;
  bool is_head_ = false;  // The method: no body.
  bool is_chunked_ = false;
  bool is_closing_ = false;
  bool was_refused_ = false;
  bool has_passed_over_line_ = false;  // In front of the head that comes.
};

}  // namespace fanlight::packager
