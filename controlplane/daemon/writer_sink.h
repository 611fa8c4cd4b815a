// spdlog's lines, handed over to who writes them (log_writer.h).
#pragma once

#include <spdlog/sinks/base_sink.h>

#include "daemon/log_writer.h"

namespace fanlight::control {

// `Mutex`: spdlog's null_mutex where one thread speaks.
template <class Mutex>
class WriterSink final : public spdlog::sinks::base_sink<Mutex> {
 public:
  explicit WriterSink(LogWriter& writer) : writer_(writer) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    this->formatter_->format(message, line);
    writer_.add({line.data(), line.size()});
  }
  void flush_() override {}

  LogWriter& writer_;
};

}  // namespace fanlight::control
