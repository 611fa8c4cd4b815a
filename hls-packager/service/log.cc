#include "service/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <utility>

namespace fanlight::packager {
namespace {

constexpr const char* kWho = "fanlight-packager";

class WriterSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit WriterSink(control::LogWriter& writer) : writer_(writer) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    writer_.add({line.data(), line.size()});
  }
  void flush_() override {}

  control::LogWriter& writer_;
};

void write_to(spdlog::sink_ptr sink) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(kWho, std::move(sink)));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
}

}  // namespace

BackgroundLog::BackgroundLog() : writer_(STDERR_FILENO, kWho) { write_to(std::make_shared<WriterSink>(writer_)); }
// Nobody speaks any more.
BackgroundLog::~BackgroundLog() { write_to(std::make_shared<spdlog::sinks::null_sink_mt>()); }

}  // namespace fanlight::packager
