// nghttp2's other end: what a browser would say, and what it hears.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace fanlight::packager {

class TestH2Client {
 public:
  struct Heard {
    std::map<std::string, std::string> fields{};
    std::string body{};
    bool has_ended = false;
    std::int64_t closed_with = -1;  // The error code.
  };

  explicit TestH2Client(std::uint32_t window = 65'535) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
          self(user).heard_[frame->hd.stream_id].fields[text(name, name_size)] = text(value, value_size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes, std::size_t size, void* user) {
          self(user).heard_[id].body += text(bytes, size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
              (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            self(user).heard_[frame->hd.stream_id].has_ended = true;
          if (frame->hd.type == NGHTTP2_GOAWAY) self(user).goaway_ = frame->goaway.error_code;
          const bool is_ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
          if (frame->hd.type == NGHTTP2_PING && is_ack) self(user).pongs_.push_back(text(frame->ping.opaque_data, 8));
          if (frame->hd.type == NGHTTP2_SETTINGS && is_ack) ++self(user).settings_taken_;
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
          self(user).heard_[id].closed_with = code;
          return 0;
        });
    CHECK(nghttp2_session_client_new(&session_, callbacks, this) == 0);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }
  ~TestH2Client() { nghttp2_session_del(session_); }
  TestH2Client(const TestH2Client&) = delete;
  TestH2Client& operator=(const TestH2Client&) = delete;

  std::int32_t ask(const std::string& method, const std::string& path,
                   const std::vector<std::pair<std::string, std::string>>& more = {}, bool has_body = false) {
    std::vector<std::pair<std::string, std::string>> fields = {
        {":method", method}, {":scheme", "http"}, {":authority", "test"}, {":path", path}};
    fields.insert(fields.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> raw;
    for (auto& [name, value] : fields)
      raw.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                     name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    nghttp2_data_provider endless{};
    endless.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t size, std::uint32_t*,
                               nghttp2_data_source*, void*) { return static_cast<ssize_t>(size); };
    return nghttp2_submit_request(session_, nullptr, raw.data(), raw.size(), has_body ? &endless : nullptr, nullptr);
  }
  std::int32_t get(const std::string& path) { return ask("GET", path); }
  void cancel(std::int32_t id) { nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL); }
  void ping(std::string_view eight_bytes = "12345678") {
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, reinterpret_cast<const std::uint8_t*>(eight_bytes.data()));
  }
  // That say nothing new.
  void settings() { nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0); }

  // What it has to say now.
  std::string say() {
    std::string all;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = nghttp2_session_mem_send(session_, &bytes); size > 0;
         size = nghttp2_session_mem_send(session_, &bytes))
      all += text(bytes, static_cast<std::size_t>(size));
    return all;
  }
  bool hear(std::string_view bytes) {
    return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) >= 0;
  }
  Heard& heard(std::int32_t id) { return heard_[id]; }
  [[nodiscard]] std::int64_t goaway() const { return goaway_; }                   // The error code; -1: none was heard.
  [[nodiscard]] const std::vector<std::string>& pongs() const { return pongs_; }  // What answers to PING carried.
  [[nodiscard]] int settings_taken() const { return settings_taken_; }            // So many were acknowledged.
  nghttp2_session* session() { return session_; }

 private:
  static TestH2Client& self(void* user) { return *static_cast<TestH2Client*>(user); }
  static std::string text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Heard> heard_;
  std::int64_t goaway_ = -1;
  std::vector<std::string> pongs_;
  int settings_taken_ = 0;
};

}  // namespace fanlight::packager
