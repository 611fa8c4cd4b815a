#include "http/h2_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "http/body.h"
#include "http/field_text.h"
#include "http/request_fields.h"
#include "http/request_head.h"
#include "http/response_head.h"

namespace fanlight::packager {
namespace {

constexpr std::uint64_t kResetsBurst = 100, kResetsPerSecond = 20;  // Of streams: by the peer, and as many by us.
constexpr std::size_t kAcksUnsentMax = 64;                          // Answers to PING and SETTINGS.
constexpr std::size_t kFramesUnsentMax = 256;   // That nghttp2 keeps: 32 heads, acknowledgements, resets, few others.
constexpr std::size_t kHeardAtOnce = 2 * 1024;  // Between two looks at what is owed.
constexpr std::size_t kContinuationsMax = 8;
constexpr std::size_t kFrameHeadBytes = 9;
constexpr Micros kEndMax = seconds(5);  // Of a request, behind its head: as long as a head may take.

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv field_of(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

bool ends_stream(const nghttp2_frame& frame) { return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0; }

struct Digits {
  std::array<char, 20> text;
  std::size_t size = 0;
  explicit Digits(std::uint64_t value) {
    size = static_cast<std::size_t>(std::to_chars(text.data(), text.data() + text.size(), value).ptr - text.data());
  }
  [[nodiscard]] std::string_view view() const { return {text.data(), size}; }
};

}  // namespace

struct H2Session::Callbacks {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    self(user).streams_.try_emplace(frame->hd.stream_id);
    self(user).reads_head_ = true;
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    const bool is_taken = self(user).take_field(frame->hd.stream_id, view(name, name_size), view(value, value_size));
    return is_taken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // Resets the stream.
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& it = self(user);
    if (frame->hd.type == NGHTTP2_SETTINGS) it.has_settings_ = true;
    if (frame->hd.type == NGHTTP2_DATA) it.hear_body(*frame);
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) it.hear_head(*frame);
    if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) && ends_stream(*frame))
      it.hear_end(frame->hd.stream_id, false);
    return 0;
  }

  static int on_body(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t*, std::size_t, void* user) {
    self(user).hear_end(id, true);
    return 0;
  }

  static int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& it = self(user);
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) it.has_erred_ = true;
    if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR) it.note_reset();
    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) || !ends_stream(*frame)) return 0;
    if (Stream* stream = it.find(frame->hd.stream_id)) stream->is_through = true;
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    self(user).close(id);
    return 0;
  }

  static ssize_t read_data(nghttp2_session*, std::int32_t id, std::uint8_t*, std::size_t size_max, std::uint32_t* flags,
                           nghttp2_data_source*, void* user) {
    Stream* stream = self(user).find(id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return self(user).offer(*stream, size_max, *flags);
  }

  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source*, void* user) {
    H2Session& it = self(user);
    Stream* stream = it.find(frame->hd.stream_id);
    if (stream == nullptr || frame->data.padlen != 0) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (it.out_->size() >= it.bytes_max_) return NGHTTP2_ERR_WOULDBLOCK;
    it.out_->push_text(view(head, kFrameHeadBytes), it.pace_.due(it.now_, 0, {}));
    it.take(*stream, size);
    return 0;
  }
};

H2Session::H2Session(const Pace& pace) : pace_(pace), resets_left_(kResetsBurst) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_body);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::on_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Callbacks::send_data);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_stream_reset_rate_limit(option, kResetsBurst, kResetsPerSecond);
  nghttp2_option_set_max_outbound_ack(option, kAcksUnsentMax);
  nghttp2_option_set_max_continuations(option, kContinuationsMax);
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_server_new2(&session, callbacks, this, option) == 0);
  session_.reset(session);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  const std::array<nghttp2_settings_entry, 3> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kH2StreamsMax},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kRequestHeadBytesMax},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},  // RFC 9218's instead.
  }};
  CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
}

H2Session::~H2Session() = default;

H2Session::Stream* H2Session::find(std::int64_t stream) noexcept {
  const auto found = streams_.find(static_cast<std::int32_t>(stream));
  return found == streams_.end() ? nullptr : &found->second;
}

H2Session::Stream* H2Session::find(std::uint64_t stream, Step step) noexcept {
  Stream* found = find(static_cast<std::int64_t>(stream));
  return found != nullptr && found->step == step ? found : nullptr;
}

// A peer that breaks the rules of a stream has us reset it, and begins another: as cheap for it as resetting it itself.
void H2Session::note_reset() noexcept {
  const auto passed = static_cast<std::uint64_t>(std::max<std::int64_t>((now_ - resets_at_).count, 0));
  if (const std::uint64_t earned = passed * kResetsPerSecond / 1'000'000; earned > 0) {
    resets_left_ = std::min(kResetsBurst, resets_left_ + earned);
    resets_at_ = now_;
  }
  if (resets_left_ == 0) has_spent_resets_ = true;
  resets_left_ -= resets_left_ > 0 ? 1 : 0;
}

// Resets are counted when they are sent, and what waits for room to be sent has to end somewhere as well.
bool H2Session::is_provoked() const noexcept {
  return has_spent_resets_ || nghttp2_session_get_outbound_queue_size(session_.get()) > kFramesUnsentMax;
}

bool H2Session::handle_bytes(Instant now, ByteSpan bytes) {
  now_ = now;
  while (!is_provoked() || has_erred_) {
    if (bytes.empty()) return true;
    const ByteSpan some = bytes.first(std::min(bytes.size(), kHeardAtOnce));
    if (nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(some.data()), some.size()) < 0) {
      has_erred_ = true;
      return false;
    }
    bytes = bytes.subspan(some.size());
  }
  has_erred_ = true;
  (void)nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
  return false;
}

// An empty body is none, and so are trailers behind it: what is asked is known when the stream ends, or has bytes. Of a
// method that is refused anyway nothing more is waited for.
void H2Session::hear_head(const nghttp2_frame& frame) {
  reads_head_ = false;
  Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr) return;
  stream->step = Step::kOpen;
  stream->due = now_ + kEndMax;
  if (!method_of(stream->method)) hear_end(frame.hd.stream_id, false);
}

void H2Session::hear_end(std::int32_t id, bool has_body) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->step != Step::kOpen) return;
  stream->has_body = has_body;
  stream->due = Instant::never();
  stream->step = Step::kReady;
  ready_.push_back(id);
}

// What still comes of a body that was refused is of no interest (RFC 9113 §8.1). Not before it comes: curl 7.88 does
// not see an answer with a reset right behind it.
void H2Session::hear_body(const nghttp2_frame& frame) {
  const Stream* stream = find(frame.hd.stream_id);
  if (stream != nullptr && stream->is_through && !ends_stream(frame))
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
}

bool H2Session::has_streams() const noexcept {
  return std::ranges::any_of(streams_, [](const auto& one) { return !one.second.is_through; });
}

bool H2Session::take_field(std::int32_t id, std::string_view name, std::string_view value) {
  Stream* stream = find(id);
  if (stream == nullptr || stream->step != Step::kHead) return stream != nullptr;
  stream->head_bytes += name.size() + value.size() + 32;  // As RFC 9113 §6.5.2 counts.
  if (stream->head_bytes > kRequestHeadBytesMax) return false;
  if (name == ":method") stream->method = value;
  if (name == ":path") stream->target = value;
  if (name == "accept-encoding") stream->accepts_gzip |= accepts_gzip(value);
  if (name == "range" && stream->range.empty()) stream->range = value;
  if (name == "if-range") stream->range = kNoRange;
  if (name == "if-none-match" && stream->if_none_match.empty()) stream->if_none_match = value;
  return true;
}

// Of a request that was handed over: many wait for long, and a head may have 16 KiB.
void H2Session::forget_texts(std::uint64_t id) noexcept {
  Stream* stream = find(static_cast<std::int64_t>(id));
  if (stream == nullptr) return;
  for (std::string* text : {&stream->method, &stream->target, &stream->range, &stream->if_none_match})
    std::string().swap(*text);
}

bool H2Session::poll_request(ServerCounts& counts, std::uint64_t& stream, HttpRequest& request) {
  forget_texts(std::exchange(asked_, 0));
  while (!ready_.empty()) {
    const std::int32_t id = ready_.front();
    ready_.pop_front();
    stream = static_cast<std::uint64_t>(id);
    Stream* one = find(stream, Step::kReady);
    if (one == nullptr) continue;  // Taken back before it was asked.
    one->step = Step::kWaiting;
    const std::optional<HttpMethod> method = method_of(one->method);
    std::uint16_t refusal = method ? 0 : 405;
    if (refusal == 0 && one->has_body) refusal = 413;
    request = {.method = method.value_or(HttpMethod::kGet)};
    if (refusal == 0 && (!is_target(one->target) || !split_target(one->target, request))) refusal = 400;
    if (refusal != 0) {
      counts.heads_malformed.add();
      refuse(stream, *one, refusal);
      continue;
    }
    one->is_head = request.method == HttpMethod::kHead;
    request.accepts_gzip = one->accepts_gzip;
    request.range = one->range;
    request.if_none_match = one->if_none_match;
    request.arrived = now_;
    counts.requests.add();
    asked_ = stream;
    return true;
  }
  return false;
}

bool H2Session::poll_gone(std::uint64_t& stream) {
  if (gone_.empty()) return false;
  stream = static_cast<std::uint64_t>(gone_.front());
  gone_.pop_front();
  return true;
}

void H2Session::refuse(std::uint64_t id, Stream& stream, std::uint16_t status) {
  HttpResponse response{.status = status};
  if (status == 405) response.fields.emplace_back("allow", kAllowedMethods);
  submit(id, stream, response, true, false);
}

void H2Session::submit(std::uint64_t id, Stream& stream, const HttpResponse& response, bool says_length,
                       bool has_data) {
  const Digits status(response.status), length(response.body.size);
  std::vector<nghttp2_nv> fields;
  fields.reserve(response.fields.size() + 3);
  fields.push_back(field_of(":status", status.view()));
  fields.push_back(field_of("date", date_));
  if (says_length && may_have_body(response.status)) fields.push_back(field_of("content-length", length.view()));
  for (const auto& [name, value] : response.fields)
    if (is_field_value(value)) fields.push_back(field_of(name, value));
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::read_data;
  stream.step = says_length ? Step::kAnswered : Step::kStreaming;
  (void)nghttp2_submit_response(session_.get(), static_cast<std::int32_t>(id), fields.data(), fields.size(),
                                has_data ? &provider : nullptr);
}

bool H2Session::respond(Instant now, std::uint64_t id, HttpResponse&& response) {
  Stream* stream = find(id, Step::kWaiting);
  if (stream == nullptr) return false;
  const bool has_data = !stream->is_head && may_have_body(response.status) && response.body.size > 0;
  submit(id, *stream, response, true, has_data);
  if (!has_data) return true;
  stream->due = pace_.due(now, response.body.size, response.patience);
  stream->body = std::move(response.body);
  return true;
}

void H2Session::begin(Instant, std::uint64_t id, HttpResponse&& head) {
  Stream* stream = find(id, Step::kWaiting);
  if (stream == nullptr) return;
  const bool has_data = !stream->is_head && may_have_body(head.status);
  submit(id, *stream, head, false, has_data);
  stream->patience = head.patience;
  if (!has_data) stream->is_head = true;
}

void H2Session::append(Instant now, std::uint64_t id, SharedBytes&& bytes) {
  Stream* stream = find(id, Step::kStreaming);
  if (stream == nullptr || stream->is_head || bytes.size() == 0) return;
  const Instant due = pace_.due(now, bytes.size(), stream->patience);
  if (stream->chunks.empty()) stream->due = due;
  stream->chunks.push_back({std::move(bytes), due});
  (void)nghttp2_session_resume_data(session_.get(), static_cast<std::int32_t>(id));
}

bool H2Session::end(std::uint64_t id) {
  Stream* stream = find(id, Step::kStreaming);
  if (stream == nullptr) return false;
  stream->step = Step::kAnswered;
  stream->has_ended = true;
  if (!stream->is_head) (void)nghttp2_session_resume_data(session_.get(), static_cast<std::int32_t>(id));
  return true;
}

// How much of what there is goes into the next frame: the bytes themselves are queued when its head is.
ssize_t H2Session::offer(Stream& stream, std::size_t size_max, std::uint32_t& flags) const noexcept {
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream.body.size > 0) {
    const std::size_t size = std::min<std::size_t>(size_max, static_cast<std::size_t>(stream.body.size));
    if (size == stream.body.size) flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }
  if (stream.chunks.empty() && !stream.has_ended) return NGHTTP2_ERR_DEFERRED;
  const std::size_t rest = stream.chunks.empty() ? 0 : stream.chunks.front().bytes.size() - stream.chunk_at;
  const std::size_t size = std::min(size_max, rest);
  if (stream.has_ended && size == rest && stream.chunks.size() <= 1) flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

void H2Session::take(Stream& stream, std::size_t size) {
  const Instant due = pace_.due(now_, 0, {});  // What is queued is little: all of it is on time, or all is late.
  if (stream.body.size > 0) {
    take_from_body(stream.body, stream.piece, size, due, *out_);
  } else if (size > 0) {
    SharedBytes& chunk = stream.chunks.front().bytes;
    out_->push(chunk, chunk.span().subspan(stream.chunk_at, size), due);
    stream.chunk_at += size;
    if (stream.chunk_at == chunk.size()) {
      stream.chunks.pop_front();
      stream.chunk_at = 0;
      if (!stream.chunks.empty()) stream.due = stream.chunks.front().due;
    }
  }
  if (stream.body.size == 0 && stream.chunks.empty()) stream.due = Instant::never();
}

bool H2Session::fill(Instant now, std::size_t bytes_max, OutQueue& out) {
  now_ = now;
  out_ = &out;
  bytes_max_ = bytes_max;
  while (out.size() < bytes_max) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size <= 0) return size == 0;
    out.push_text(view(bytes, static_cast<std::size_t>(size)), pace_.due(now, 0, {}));
  }
  return true;
}

void H2Session::close(std::int32_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  if (found->second.step == Step::kHead) reads_head_ = false;
  if (found->second.step == Step::kWaiting || found->second.step == Step::kStreaming) gone_.push_back(id);
  streams_.erase(found);
}

void H2Session::finish() {
  is_finishing_ = true;
  (void)nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR, nullptr, 0);
}

bool H2Session::is_over() const noexcept {
  if (nghttp2_session_want_write(session_.get()) != 0) return false;
  return nghttp2_session_want_read(session_.get()) == 0 || (is_finishing_ && !has_streams());
}

Instant H2Session::due() const noexcept {
  Instant first = Instant::never();
  for (const auto& [id, stream] : streams_) first = std::min(first, stream.due);
  return first;
}

std::uint64_t H2Session::reset_overdue(Instant now) {
  std::uint64_t count = 0;
  for (auto& [id, stream] : streams_) {
    if (stream.due > now) continue;
    stream.due = Instant::never();
    (void)nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    ++count;
  }
  return count;
}

std::vector<std::uint64_t> H2Session::waiting() const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, stream] : streams_)
    if (stream.step == Step::kWaiting || stream.step == Step::kStreaming) ids.push_back(static_cast<std::uint64_t>(id));
  return ids;
}

}  // namespace fanlight::packager
