// HTTP/2 on one connection, without its socket: bytes in, requests out; answers in, frames out. nghttp2 speaks the
// protocol and holds its limits; bodies stay where they are until their frames are queued.
//
// Frames are made while there is room in the connection's queue, so what a slow peer has us keep is bounded by that,
// and all frames leave through this one queue: what nghttp2 hands over by callback could otherwise overtake what it
// returned.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "http/message.h"
#include "http/out_queue.h"
#include "http/pace.h"
#include "http/server_counts.h"

namespace fanlight::packager {

inline constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr std::uint32_t kH2StreamsMax = 32;

class H2Session {
 public:
  explicit H2Session(const Pace& pace = {});
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;
  ~H2Session();

  // False: the connection is of no use any more. What there is to be said about it may still be sent.
  [[nodiscard]] bool handle_bytes(Instant now, ByteSpan bytes);
  // The next request; its views are good until the next call of any of these. What has to be refused is answered here.
  [[nodiscard]] bool poll_request(ServerCounts& counts, std::uint64_t& stream, HttpRequest& request);
  // One whose asker does not wait any more.
  [[nodiscard]] bool poll_gone(std::uint64_t& stream);

  // For `stream`; false when nobody waits for that.
  bool respond(Instant now, std::uint64_t stream, HttpResponse&& response);
  void begin(Instant now, std::uint64_t stream, HttpResponse&& head);
  void append(Instant now, std::uint64_t stream, SharedBytes&& bytes);
  bool end(std::uint64_t stream);
  void set_date(std::string_view date) noexcept { date_ = date; }

  // Frames into `out`, until it has `bytes_max` or there is nothing more to say. False when nghttp2 gave up.
  [[nodiscard]] bool fill(Instant now, std::size_t bytes_max, OutQueue& out);

  // No further streams; over when those that are open are answered.
  void finish();

  [[nodiscard]] bool is_over() const noexcept;
  // Such as are not answered: whose peer alone is not through with them is not waited for.
  [[nodiscard]] bool has_streams() const noexcept;
  // A head has begun to come, or the client has not yet introduced itself.
  [[nodiscard]] bool is_reading_head() const noexcept { return !has_settings_ || reads_head_; }
  [[nodiscard]] bool has_erred() const noexcept { return has_erred_; }
  // When the first of the answers has to have been made into frames, so far as it is there, and the first of the
  // requests has to have ended.
  [[nodiscard]] Instant due() const noexcept;
  // Resets the streams for which that has not come true; answers how many.
  std::uint64_t reset_overdue(Instant now);
  // Those whose answers are owed.
  [[nodiscard]] std::vector<std::uint64_t> waiting() const;

 private:
  enum class Step : std::uint8_t { kHead, kOpen, kReady, kWaiting, kStreaming, kAnswered };
  struct Chunk {
    SharedBytes bytes;
    Instant due;
  };
  struct Stream {
    Step step = Step::kHead;
    bool has_body = false;
    bool is_head = false;  // The method.
    bool has_ended = false;
    bool is_through = false;  // All is sent.
    std::string method{};
    std::string target{};
    std::string range{};
    std::string if_none_match{};
    bool accepts_gzip = false;
    std::size_t head_bytes = 0;
    HttpBody body{};  // Of respond(): what is left of it.
    std::size_t piece = 0;
    std::deque<Chunk> chunks{};  // Of append().
    std::size_t chunk_at = 0;    // In the first one.
    Micros patience{};
    Instant due = Instant::never();  // Of the request's end, then of the body, or the first chunk.
  };
  struct Callbacks;  // nghttp2's.
  struct Free {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  [[nodiscard]] Stream* find(std::int64_t stream) noexcept;
  [[nodiscard]] Stream* find(std::uint64_t stream, Step step) noexcept;
  void submit(std::uint64_t id, Stream& stream, const HttpResponse& response, bool says_length, bool has_data);
  void forget_texts(std::uint64_t id) noexcept;
  void refuse(std::uint64_t id, Stream& stream, std::uint16_t status);
  [[nodiscard]] bool take_field(std::int32_t id, std::string_view name, std::string_view value);
  [[nodiscard]] ssize_t offer(Stream& stream, std::size_t size_max, std::uint32_t& flags) const noexcept;
  void hear_head(const nghttp2_frame& frame);
  void hear_body(const nghttp2_frame& frame);
  void hear_end(std::int32_t id, bool has_body);
  void note_reset() noexcept;
  [[nodiscard]] bool is_provoked() const noexcept;
  void take(Stream& stream, std::size_t size);
  void close(std::int32_t id);

  std::unique_ptr<nghttp2_session, Free> session_;
  std::map<std::int32_t, Stream> streams_;
  std::deque<std::int32_t> ready_;
  std::deque<std::int32_t> gone_;
  std::uint64_t asked_ = 0;  // The stream whose texts the request handed over last is made of.
  std::string_view date_{};
  Pace pace_;
  Instant now_{};              // While nghttp2 calls back.
  OutQueue* out_ = nullptr;    // Likewise.
  std::size_t bytes_max_ = 0;  // Of `out_`.
  std::uint64_t resets_left_;  // Of streams, by us: what a peer makes us say is limited as what it says.
  Instant resets_at_{};        // When there were as many.
  bool has_spent_resets_ = false;
  bool has_settings_ = false;
  bool reads_head_ = false;
  bool has_erred_ = false;
  bool is_finishing_ = false;
};

}  // namespace fanlight::packager
