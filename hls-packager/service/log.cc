#include "service/log.h"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <utility>

#include "daemon/writer_sink.h"

namespace fanlight::packager {
namespace {

constexpr const char* kWho = "fanlight-packager";

void write_to(spdlog::sink_ptr sink) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(kWho, std::move(sink)));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
}

}  // namespace

BackgroundLog::BackgroundLog() : writer_(STDERR_FILENO, kWho) {
  write_to(std::make_shared<control::WriterSink<std::mutex>>(writer_));
}
// Nobody speaks any more.
BackgroundLog::~BackgroundLog() { write_to(std::make_shared<spdlog::sinks::null_sink_mt>()); }

}  // namespace fanlight::packager
