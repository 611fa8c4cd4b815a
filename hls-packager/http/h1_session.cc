#include "http/h1_session.h"

#include <utility>

#include "http/body.h"

namespace fanlight::packager {
namespace {

constexpr std::size_t kKeptInputBytes = 2 * 1024;  // Of an idle connection.

void push_static(OutQueue& out, std::string_view text, Instant due) {
  out.push({}, std::as_bytes(std::span(text)), due);
}

}  // namespace

void H1Session::handle_bytes(ByteSpan bytes) {
  if (is_closing_) return;
  input_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void H1Session::drop_taken_head() {
  if (taken_ == 0) return;
  input_.erase(0, std::exchange(taken_, 0));
  if (input_.empty() && input_.capacity() > kKeptInputBytes) input_.shrink_to_fit();
}

// One empty line in front of a request, which some send behind the body of the one before. RFC 9112 §2.2
void H1Session::pass_over_line() {
  if (has_passed_over_line_ || !input_.starts_with("\r\n")) return;
  has_passed_over_line_ = true;
  input_.erase(0, 2);
  head_end_.reset();
}

bool H1Session::poll_request(const Pen& pen, ServerCounts& counts, HttpRequest& request) {
  if (step_ != Step::kReading || is_closing_) return false;
  drop_taken_head();
  pass_over_line();
  if (input_.empty()) return false;
  const std::string_view window = std::string_view(input_).substr(0, kRequestHeadBytesMax);
  const HeadEnd::Found found = head_end_.look(window);
  if (found == HeadEnd::Found::kNotYet) {
    if (input_.size() >= kRequestHeadBytesMax) refuse(pen, counts, 431);
    return false;
  }
  RequestHead head;
  std::uint16_t refusal = 400;
  if (found == HeadEnd::Found::kEnd) refusal = parse_request_head(window.substr(0, head_end_.size()), head);
  if (refusal != 0) {
    refuse(pen, counts, refusal);
    return false;
  }
  taken_ = head_end_.size();
  head_end_.reset();
  has_passed_over_line_ = false;
  ++stream_;
  step_ = Step::kWaiting;
  keeps_alive_ = head.keeps_alive;
  is_http_1_0_ = head.is_http_1_0;
  is_head_ = head.request.method == HttpMethod::kHead;
  request = head.request;
  request.arrived = pen.now;
  counts.requests.add();
  return true;
}

void H1Session::refuse(const Pen& pen, ServerCounts& counts, std::uint16_t status) {
  counts.heads_malformed.add();
  HttpResponse response{.status = status};
  if (status == 405) response.fields.emplace_back("allow", kAllowedMethods);
  write_response_head(response, {.length = 0, .keeps_alive = false}, pen.date, pen.scratch);
  pen.out.push_text(pen.scratch, pen.pace.due(pen.now, 0, {}));
  was_refused_ = is_closing_ = true;
  input_ = {};
}

bool H1Session::respond(const Pen& pen, std::uint64_t stream, HttpResponse&& response) {
  if (!is_for(stream, Step::kWaiting)) return false;
  keeps_alive_ = keeps_alive_ && !is_closing_;
  write_response_head(response,
                      {.length = response.body.size, .keeps_alive = keeps_alive_, .is_http_1_0 = is_http_1_0_},
                      pen.date, pen.scratch);
  const Instant due = pen.pace.due(pen.now, response.body.size, response.patience);
  pen.out.push_text(pen.scratch, due);
  if (!is_head_ && may_have_body(response.status)) push_body(std::move(response.body), due, pen.out);
  complete();
  return true;
}

bool H1Session::begin(const Pen& pen, std::uint64_t stream, HttpResponse&& head) {
  if (!is_for(stream, Step::kWaiting)) return false;
  is_chunked_ = !is_http_1_0_ && may_have_body(head.status);
  keeps_alive_ = keeps_alive_ && !is_closing_ && (is_chunked_ || is_head_);
  write_response_head(head, {.is_chunked = is_chunked_, .keeps_alive = keeps_alive_, .is_http_1_0 = is_http_1_0_},
                      pen.date, pen.scratch);
  patience_ = head.patience;
  pen.out.push_text(pen.scratch, pen.pace.due(pen.now, 0, patience_));
  step_ = Step::kStreaming;
  return true;
}

bool H1Session::append(const Pen& pen, std::uint64_t stream, SharedBytes&& bytes) {
  if (!is_for(stream, Step::kStreaming)) return false;
  if (is_head_ || bytes.size() == 0) return true;  // An empty chunk would be the last.
  const Instant due = pen.pace.due(pen.now, bytes.size(), patience_);
  if (is_chunked_) {
    write_chunk_head(bytes.size(), pen.scratch);
    pen.out.push_text(pen.scratch, due);
  }
  pen.out.push(std::move(bytes), due);
  if (is_chunked_) push_static(pen.out, kChunkEnd, due);
  return true;
}

bool H1Session::end(const Pen& pen, std::uint64_t stream) {
  if (!is_for(stream, Step::kStreaming)) return false;
  if (is_chunked_ && !is_head_) push_static(pen.out, kLastChunk, pen.pace.due(pen.now, 0, patience_));
  complete();
  return true;
}

void H1Session::complete() noexcept {
  step_ = Step::kReading;
  if (!keeps_alive_) is_closing_ = true;
}

void H1Session::finish() noexcept { is_closing_ = true; }

}  // namespace fanlight::packager
