// What every request comes to: the page and the answers about the packager itself are given here, everything else is
// the origin's.
#pragma once

#include <functional>
#include <utility>

#include "http/message.h"
#include "origin/origin.h"
#include "page/assets.h"
#include "service/stream_board.h"
#include "service/told_texts.h"

namespace fanlight::packager {

class Front final : public HttpHandler {
 public:
  struct Shows {
    bool metrics = true;
  };
  // `page`: empty where none was built.
  Front(Origin& origin, Shows shows, ToldTexts& texts, HttpReplies& replies, const StreamBoard& board,
        const Assets& page)
      : origin_(origin), shows_(shows), texts_(texts), replies_(replies), board_(board), page_(page) {}

  // What else a wake may be for.
  void on_mail(std::function<void()> then) { on_mail_ = std::move(then); }

  void handle(HttpRequestId id, const HttpRequest& request) override;
  void handle_gone(HttpRequestId id) override { origin_.handle_gone(id); }
  void handle_mail(Instant now) override {
    if (on_mail_) on_mail_();
    origin_.handle_mail(now);
  }
  void handle_timeout(Instant now) override { origin_.handle_timeout(now); }
  void handle_stop(Instant now) override { origin_.handle_stop(now); }
  [[nodiscard]] Instant next_deadline() const override { return origin_.next_deadline(); }

 private:
  Origin& origin_;
  Shows shows_;
  ToldTexts& texts_;
  HttpReplies& replies_;
  const StreamBoard& board_;
  const Assets& page_;
  std::function<void()> on_mail_;
};

}  // namespace fanlight::packager
