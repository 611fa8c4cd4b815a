#include "daemon/log.h"

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "daemon/writer_sink.h"

namespace fanlight::control {
namespace {

void write_to(spdlog::sink_ptr sink) {
  spdlog::default_logger()->sinks() = {std::move(sink)};
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
}

}  // namespace

void open_log(LogLevel level) {
  spdlog::set_default_logger(spdlog::stderr_logger_st("fanlightd"));
  write_to(std::make_shared<spdlog::sinks::stderr_sink_st>());
  spdlog::flush_on(spdlog::level::trace);
  set_log_level(level);
}

void set_log_level(LogLevel level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  spdlog::set_level(kLevels[static_cast<std::size_t>(level)]);
}

BackgroundLog::BackgroundLog() : writer_(STDERR_FILENO, "fanlightd") {
  write_to(std::make_shared<WriterSink<spdlog::details::null_mutex>>(writer_));
}
// Nobody speaks any more but an error at the end, for which there is the direct way.
BackgroundLog::~BackgroundLog() { write_to(std::make_shared<spdlog::sinks::stderr_sink_st>()); }

}  // namespace fanlight::control
