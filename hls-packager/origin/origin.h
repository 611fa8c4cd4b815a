// What an HTTP request for a live stream is answered, when, and who waits.
//
// Requests, snapshots and time in, responses out: no socket, clock or log. One for each server's thread; they share
// what is published. Whoever waits is in the list of what is waited for, and one publication releases one list. A crowd
// is answered a batch at a time, and next_deadline() is now until all are: the server reads and accepts in between.
//
// Invariant: a request is answered once, or its connection goes first.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/message.h"
#include "origin/origin_counters.h"
#include "origin/published.h"
#include "origin/served_streams.h"
#include "origin/waits.h"

namespace fanlight::packager {

struct OriginConfig {
  std::string allow_origin = "*";     // Whose pages may read the answers.
  std::size_t waiters_max = 100'000;  // No more than kWaiterBytesMax each.
  Micros start_budget = seconds(10);  // How long the first of a stream is waited for.
};

class Origin final : public HttpHandler {
 public:
  Origin(const OriginConfig& config, Published& published, HttpReplies& replies);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  void handle(HttpRequestId id, const HttpRequest& request) override;
  void handle_gone(HttpRequestId id) override;
  void handle_mail(Instant now) override;
  void handle_timeout(Instant now) override;
  // Whoever waits is told to ask somebody else, or later; what is being sent goes on to its end.
  void handle_stop(Instant now) override;
  [[nodiscard]] Instant next_deadline() const override;

  [[nodiscard]] const std::string& allow_origin() const { return config_.allow_origin; }
  // Read by any thread.
  [[nodiscard]] const OriginCounters& counters() const { return counters_; }

 private:
  void take_news();
  void release(ServedRendition& rendition);
  void release(ServedRendition& rendition, WaitList list);
  void answer_due();
  void answer_due(Waiter& waiter);
  void expire();

  void serve(HttpRequestId id, const Ask& ask, std::string_view if_none_match);
  void wait(HttpRequestId id, const Ask& ask, const Wait& wait);
  void begin(HttpRequestId id, const Ask& ask);
  void go_on(HttpRequestId id);
  void end(HttpRequestId id);
  void respond(HttpRequestId id, const Ask& ask, HttpResponse&& response);

  OriginConfig config_;
  Published& published_;
  HttpReplies& replies_;
  std::uint64_t version_ = 0;
  Instant now_{};
  ServedStreams streams_;
  bool has_stopped_ = false;
  WaiterList due_;  // In the order in which they are answered.
  Waits waits_;     // After the lists that its waiters leave.
  OriginCounters counters_;
};

}  // namespace fanlight::packager
