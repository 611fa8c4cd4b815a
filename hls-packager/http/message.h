// Requests and responses as they are whatever carries them: HTTP/1.1 or HTTP/2, plain or under TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "cmaf/shared_bytes.h"

namespace fanlight::packager {

enum class HttpMethod : std::uint8_t { kGet, kHead, kOptions };

// Views are good until the handler returns.
struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string_view path{};   // As sent, from '/' up to '?'.
  std::string_view query{};  // Behind the '?'.
  bool accepts_gzip = false;
  std::string_view range{};          // The field's value; empty: none.
  std::string_view if_none_match{};  // Likewise.
  Instant arrived{};                 // On the server's clock.
};

// One request on one connection. Never reused within a process's life.
struct HttpRequestId {
  std::uint64_t connection = 0;
  std::uint64_t stream = 0;
  friend auto operator<=>(const HttpRequestId&, const HttpRequestId&) = default;
};

// Bytes of a body that are not copied: whoever sends them holds them until they are on their way.
struct HttpBody {
  std::vector<SharedBytes> pieces{};
  // Of the pieces one behind the other; a range of them, for 206.
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Content-Length, Date and what belongs to a connection are the carrier's business.
struct HttpResponse {
  std::uint16_t status = 200;
  std::vector<std::pair<std::string_view, std::string>> fields{};  // Names in lower case, of static life.
  HttpBody body{};  // What a GET gets; of a HEAD's the length alone is sent.
  // For so long who is given it may take it, and then say nothing: players of long segments come back late.
  Micros patience{};
};

// What a server asks of whoever knows the answers. All on the server's thread.
class HttpHandler {
 public:
  // Is answered now or later, once, through HttpReplies; or its connection goes first.
  virtual void handle(HttpRequestId id, const HttpRequest& request) = 0;
  // Nobody waits for the answer to `id` any more.
  virtual void handle_gone(HttpRequestId id) = 0;
  // HttpReplies::wake() was called.
  virtual void handle_mail(Instant now) = 0;
  virtual void handle_timeout(Instant now) = 0;
  // Nothing more will be asked: whoever waits is answered now.
  virtual void handle_stop(Instant now) = 0;
  [[nodiscard]] virtual Instant next_deadline() const = 0;

 protected:
  ~HttpHandler() = default;
};

class HttpReplies {
 public:
  virtual void respond(HttpRequestId id, HttpResponse&& response) = 0;
  // A body whose length is not known yet: its head, then bytes as they come, then the end.
  virtual void begin(HttpRequestId id, HttpResponse&& head) = 0;
  virtual void append(HttpRequestId id, SharedBytes bytes) = 0;
  virtual void end(HttpRequestId id) = 0;
  // Of any thread: handle_mail() is called soon.
  virtual void wake() = 0;

 protected:
  ~HttpReplies() = default;
};

}  // namespace fanlight::packager
