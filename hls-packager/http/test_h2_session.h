// An HTTP/2 session and a client that speaks with it, without a socket.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "http/h2_session.h"
#include "http/test_h2_client.h"
#include "http/test_heap.h"

namespace fanlight::packager {

inline constexpr std::size_t kUnsentMax = 64 * 1024;

inline HttpResponse answer(std::string_view body) {
  HttpResponse response;
  response.fields.emplace_back("content-type", "text/plain");
  response.body = {.pieces = {SharedBytes::copy_of(body)}, .offset = 0, .size = body.size()};
  return response;
}

class H2SessionTest : public testing::Test {
 protected:
  H2SessionTest() { session_.set_date("now"); }
  // The client's words to the session.
  bool hear() {
    const std::string said = client_.say();
    return session_.handle_bytes({1}, std::as_bytes(std::span(said)));
  }
  // The session's to the client, `bytes_max` a time; answers how many bytes were waiting at most.
  std::size_t say(std::size_t bytes_max = kUnsentMax) {
    std::size_t most = 0;
    OutQueue out;
    while (session_.fill({2}, bytes_max, out) && !out.is_empty()) {
      most = std::max(most, out.size());
      std::string text(out.size(), '\0');
      (void)out.copy(std::as_writable_bytes(std::span(text)));
      out.consume(text.size());
      EXPECT_TRUE(client_.hear(text));
      EXPECT_TRUE(hear());  // Window updates.
    }
    return most;
  }
  std::string poll() {
    HttpRequest request;
    if (!session_.poll_request(counts_, stream_, request)) return {};
    return std::string(request.path) + "?" + std::string(request.query);
  }
  std::int32_t ask(const std::string& method, const std::string& path) {
    const std::int32_t id = client_.ask(method, path);
    EXPECT_TRUE(hear());
    return id;
  }

  TestH2Client client_;
  H2Session session_;
  ServerCounts counts_;
  std::uint64_t stream_ = 0;
};

}  // namespace fanlight::packager
